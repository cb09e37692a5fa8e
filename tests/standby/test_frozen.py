"""Holders that are frozen past the end of their lease, and what becomes of their process when it wakes."""

from __future__ import annotations

import signal
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import redis

from perseus import keys
from perseus.control.command import Command, Kind
from perseus.control.handling import Job, Refused
from perseus.control.outcomes import Status
from perseus.ingest.host import Host
from perseus.ingest.service import Order, Service
from perseus.ingest.standby.handover import hand_over
from perseus.network.instance import Instance
from tests.conftest import short
from tests.control.conftest import KEYED, Commander, eventually
from tests.ingest.running import BINANCE_ID, Start, wait_active
from tests.standby.scene import HOLDER, IDLE, STANDBY, payload, reasons, standby, target, until_active

NAMED_AND_IDLE = (*HOLDER, "--idle")
ADA = {"PERSEUS_ADMIN_EMAIL": "ada@example.net", "PERSEUS_ADMIN_NAME": "Ada"}


def lease_ends(reader: redis.Redis) -> None:
    """Wait until the key of the lease is gone."""
    eventually(lambda: reader.get(keys.status(BINANCE_ID)) is None)


@pytest.mark.parametrize("how", [HOLDER, STANDBY, NAMED_AND_IDLE], ids=["alone", "standby", "idle"])
def test_what_name_began_ends_when_it_wakes_too_late_also_where_nobody_has_it(
    start: Start, reader: redis.Redis, how: tuple[str, ...]
) -> None:
    process = start(*how, **KEYED)
    wait_active(reader, process)
    process.send_signal(signal.SIGSTOP)
    lease_ends(reader)
    process.send_signal(signal.SIGCONT)
    assert process.wait(10) == 75
    assert payload(reader) == {}


def test_a_host_whose_run_a_command_began_ends_when_it_wakes_or_begins_it_again(
    start: Start, reader: redis.Redis, commander: Commander
) -> None:
    """What sees the end of the lease first decides: the watch over it ends the process, the work only itself."""
    process = start(*IDLE, **KEYED)
    (host,) = commander.hosts(role="idle")
    first = commander.end(host.target, Kind.START, "binance").data["instanceId"]
    process.send_signal(signal.SIGSTOP)
    lease_ends(reader)
    process.send_signal(signal.SIGCONT)
    eventually(lambda: process.poll() is not None or target(reader) == host.target)
    if process.poll() is not None:
        assert process.returncode == 75
        assert payload(reader) == {}
    else:
        assert payload(reader)["instanceId"] != first


def test_a_host_that_wakes_beside_its_successor_serves_nothing(
    start: Start, reader: redis.Redis, commander: Commander
) -> None:
    process = start(*IDLE, **KEYED)
    (host,) = commander.hosts(role="idle")
    assert commander.end(host.target, Kind.START, "binance").status is Status.DONE
    _, reserve = standby(start, commander, **KEYED)
    process.send_signal(signal.SIGSTOP)
    until_active(reader, reserve.target)
    process.send_signal(signal.SIGCONT)

    def is_idle() -> bool:
        return any(one.target == host.target and one.role == "idle" for one in commander.hosts(0))

    eventually(lambda: process.poll() == 75 or is_idle())
    assert target(reader) == reserve.target


def test_a_standby_that_was_promoted_is_commanded_by_nobody(
    start: Start, reader: redis.Redis, commander: Commander
) -> None:
    """Also where its settings name an admin, and also to the holder that wakes."""
    primary = start(*HOLDER, **KEYED)
    held = wait_active(reader, primary)
    _, reserve = standby(start, commander, **KEYED, **ADA)
    primary.send_signal(signal.SIGSTOP)
    until_active(reader, reserve.target)
    assert payload(reader)["adminEmail"] == "ada@example.net"
    fields = payload(reader)["fields"]
    assert isinstance(fields, dict)
    assert "commandedBy" not in fields
    start(*IDLE, **KEYED)
    (idle,) = commander.hosts(role="idle")
    told = commander.end(idle.target, Kind.TAKEOVER, "binance", **{"from": held["instanceId"]})
    assert "by another run, whose admin is Ada (ada@example.net)" in str(told.text)
    primary.send_signal(signal.SIGCONT)
    assert primary.wait(10) == 75
    assert "binance was taken over while no heartbeat was answered: it is held by" in primary.communicate()[1]


def test_what_a_command_began_says_who_commanded_it(start: Start, reader: redis.Redis, commander: Commander) -> None:
    start(*IDLE, **KEYED)
    (host,) = commander.hosts(role="idle")
    commander.end(host.target, Kind.START, "binance")
    assert ("starting", "start") in reasons(reader)
    fields = payload(reader)["fields"]
    assert isinstance(fields, dict)
    assert fields["commandedBy"] == "Ada (ada@example.net)"


def test_what_woke_too_late_gives_nothing_to_whoever_asked_meanwhile(tmp_path: Path) -> None:
    host = Host(short(tmp_path), lambda *_: None)
    host.service = service = Service(Order("binance", lambda: pytest.fail("it is not opened")), 1.0)
    service.instance = cast("Instance", SimpleNamespace(is_over=True))
    command = Command(host.target, Kind.HAND_OVER, "ada@example.net", arguments={"to": "host-b-7-0a1b2c3d"})
    with pytest.raises(Refused, match=f"The lease of binance has ended at {host.hostname}, which has nothing to give"):
        hand_over(host, Job(command, lambda *_: None))
    assert service.handing_over is None
