"""Killed at each step of a takeover, on either side: the other has the exchange in the end, and never two at once."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
import redis
from _pytest.mark import ParameterSet

from perseus import keys
from perseus.control.command import Kind
from tests.control.conftest import KEYED, Commander, eventually
from tests.ingest.running import BINANCE_ID, SHORT, Start, wait_active
from tests.standby import killed
from tests.standby.scene import HOLDER, IDLE, payload, until_active

SECONDS = 30
REVOKES = ("before it revokes", "after it has revoked")


def steps(of: Iterable[str], *every_day: str) -> list[ParameterSet]:
    """All of them, of which only these are walked every day."""
    return [pytest.param(step, marks=() if step in every_day else pytest.mark.long) for step in of]


def module(side: str, step: str, command: tuple[str, ...]) -> tuple[str, ...]:
    return ("-m", "tests.standby.killed", f"{side}: {step}", *command[2:])


def check_tokens(reader: redis.Redis) -> None:
    """Events of a lease end before the next one's begin: no two have worked at once."""
    tokens = [int(fields["fencingToken"]) for _, fields in reader.xrange(keys.activity("binance"))]
    assert tokens == sorted(tokens)
    assert reader.hget(keys.last_record(BINANCE_ID), "token") == str(payload(reader)["fencingToken"])


@pytest.mark.parametrize("step", steps(killed.HOLDER, "accepted", "after the release"))
def test_where_the_holder_is_killed_its_successor_goes_on(
    start: Start, reader: redis.Redis, commander: Commander, step: str
) -> None:
    holder = start(*module("holder", step, HOLDER), **KEYED)
    held = wait_active(reader, holder)
    start(*IDLE, **KEYED)
    (host,) = commander.hosts(role="idle")
    commander.send(host.target, Kind.TAKEOVER, "binance", **{"from": held["instanceId"]})
    assert holder.wait(SECONDS) == -9
    until_active(reader, host.target, SECONDS)
    check_tokens(reader)


@pytest.mark.parametrize("step", steps(killed.SUCCESSOR, "before it asks", "after it has revoked", "before it warms"))
def test_where_the_successor_is_killed_the_holder_has_it_or_anybody_may(
    start: Start, reader: redis.Redis, commander: Commander, step: str
) -> None:
    holder = start(*HOLDER, **(SHORT if step in REVOKES else KEYED))
    held = wait_active(reader, holder)
    successor = start(*module("successor", step, IDLE), **KEYED)
    (host,) = commander.hosts(role="idle")
    commander.send(host.target, Kind.TAKEOVER, "binance", **{"from": held["instanceId"]})
    assert successor.wait(SECONDS) == -9
    if step in ("after it has revoked", "after it has claimed", "before it warms"):
        assert holder.wait(SECONDS) == 0, "it has stopped in order, and its successor had its chance"
        start(*HOLDER, **KEYED)
    eventually(lambda: payload(reader).get("connectionState") == "active", SECONDS)
    check_tokens(reader)
