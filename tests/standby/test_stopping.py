"""Standbys that are stopped by command, and holders that are stopped while somebody stands by."""

from __future__ import annotations

import redis
from click.testing import CliRunner

from perseus.access.audit import AuditLog
from perseus.cli.main import commands
from perseus.control.command import Kind
from perseus.control.outcomes import Status
from tests.control.conftest import KEYED, TEXT, Commander
from tests.ingest.running import Start, wait_active
from tests.standby.scene import HOLDER, STANDBY, Pair, target, until_active


def test_a_standby_is_stopped_and_its_holder_goes_on(pair: Pair, reader: redis.Redis, commander: Commander) -> None:
    holder, reserve = target(reader), pair.reserve
    told = commander.end(reserve.target, Kind.STOP, standby=True)
    assert (told.status, told.text) == (
        Status.DONE,
        f"{reserve.hostname} stands by for binance no longer; its process ends.",
    )
    assert pair.follower.wait(10) == 0
    assert target(reader) == holder
    acts = [(one.what, one.result, one.target) for one in AuditLog(commander.client).read(9).entries]
    assert ("control: stop", "done", "binance") in acts


def test_a_standby_that_is_an_idle_host_waits_for_a_start_then(
    start: Start, reader: redis.Redis, commander: Commander
) -> None:
    wait_active(reader, start(*HOLDER, **KEYED))
    process = start(*STANDBY, "--idle", **KEYED)
    (reserve,) = commander.hosts(role="standby")
    told = commander.end(reserve.target, Kind.STOP, standby=True)
    assert told.text == f"{reserve.hostname} stands by for binance no longer; its process waits for a start."
    commander.hosts(role="idle")
    assert process.poll() is None


def test_a_standby_that_was_promoted_meanwhile_is_not_stopped_as_one(
    pair: Pair, reader: redis.Redis, commander: Commander
) -> None:
    reserve = pair.reserve
    pair.primary.kill()
    until_active(reader, reserve.target)
    told = commander.end(reserve.target, Kind.STOP, "binance", standby=True)
    assert (told.status, told.text) == (
        Status.REFUSED,
        f"{reserve.hostname} stands by for binance no longer: it is active. Nothing was stopped.",
    )
    assert target(reader) == reserve.target


def test_who_stops_a_holder_is_told_which_standby_takes_over(
    pair: Pair, reader: redis.Redis, commander: Commander
) -> None:
    reserve = pair.reserve
    told = commander.end(target(reader), Kind.STOP)
    assert str(told.text).endswith(
        f"{reserve.hostname} ({reserve.target}) stands by for it, and takes over as soon as nobody holds it."
    )
    until_active(reader, reserve.target)
    alone = commander.end(reserve.target, Kind.STOP)
    assert str(alone.text).endswith(f"its lease released; {reserve.hostname} ends.")


def test_a_standby_is_stopped_from_a_terminal(
    pair: Pair, reader: redis.Redis, site_environment: dict[str, str]
) -> None:
    holder, reserve = target(reader), pair.reserve
    who = {**site_environment, "PERSEUS_CONTROL_KEY": TEXT, "PERSEUS_ADMIN_EMAIL": "bob@example.net"}
    told = CliRunner().invoke(commands, ["control", "stop", "binance", "--on", reserve.target], env=who)
    assert told.exit_code == 0, told.output
    assert f"done: {reserve.hostname} stands by for binance no longer" in told.output
    assert pair.follower.wait(10) == 0
    assert target(reader) == holder
