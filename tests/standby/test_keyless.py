"""A standby without a key of commands: known to whoever stops its holder, asked for nothing, gone once promoted."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import redis
from click.testing import CliRunner, Result

from perseus.cli.main import commands
from perseus.commands.addressing import TakesNone
from perseus.control import hosts
from perseus.control.command import Kind
from perseus.control.outcomes import Status
from tests.control.conftest import KEYED, TEXT, Commander, eventually
from tests.ingest.running import SHORT, Start, wait_active
from tests.standby.scene import HOLDER, payload, standby, target


@pytest.fixture
def typed(site_environment: dict[str, str]) -> Callable[..., Result]:
    who = {**site_environment, "PERSEUS_CONTROL_KEY": TEXT, "PERSEUS_ADMIN_EMAIL": "bob@example.net"}

    def typed(*words: str) -> Result:
        return CliRunner().invoke(commands, ["control", *words], env=who)

    return typed


def test_a_standby_without_a_key_is_announced_until_it_is_promoted(
    start: Start, reader: redis.Redis, commander: Commander
) -> None:
    primary = start(*HOLDER, **KEYED)
    wait_active(reader, primary)
    process, reserve = standby(start, commander, **SHORT)
    assert (reserve.takes_commands, reserve.key, reserve.exchange_name) == (False, None, "binance")
    told = commander.end(target(reader), Kind.STOP)
    assert told.status is Status.DONE
    assert str(told.text).endswith(
        f"{reserve.hostname} ({reserve.target}) stands by for it, and takes over as soon as nobody holds it."
    )
    wait_active(reader, process)
    eventually(lambda: hosts.read(commander.client) == [])
    assert "target" not in dict(payload(reader)["fields"])  # type: ignore[call-overload]


def test_one_that_ends_is_gone_from_the_list(start: Start, reader: redis.Redis, commander: Commander) -> None:
    wait_active(reader, start(*HOLDER, **SHORT))
    process, _ = standby(start, commander, **SHORT)
    process.terminate()
    assert process.wait(10) == 0
    assert hosts.read(commander.client) == []


def test_a_terminal_lists_it_and_says_why_it_is_asked_for_nothing(
    start: Start, reader: redis.Redis, commander: Commander, typed: Callable[..., Result]
) -> None:
    wait_active(reader, start(*HOLDER, **SHORT))
    _, reserve = standby(start, commander, **SHORT)
    assert "stands by; takes no commands" in typed("hosts").output
    assert [one["takesCommands"] for one in json.loads(typed("hosts", "--json").output)] == [False]
    for what in ("stop", "takeover", "check"):
        told = typed(what, "binance", "--on", reserve.target)
        assert isinstance(told.exception, TakesNone)
        assert told.exception.exit_code == 69
        assert f"{reserve.hostname} ({reserve.target}) takes no commands: it was started without the key" in str(
            told.exception
        )
    assert reader.exists(f"{{perseus:target:{reserve.target}}}:commands") == 0
