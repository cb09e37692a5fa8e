"""Standbys that are stopped by command, and holders that are stopped while somebody stands by."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import cast

import pytest
import redis
from click.testing import CliRunner

from perseus import keys
from perseus.access.audit import AuditLog
from perseus.cli.main import commands
from perseus.control import hosts
from perseus.control.command import Kind
from perseus.control.hosts import Report
from perseus.control.outcomes import Status
from perseus.ingest.host import Host
from perseus.ingest.service import Order, Service
from perseus.ingest.standby.handover import next_holder
from perseus.settings import Settings
from tests.control.conftest import KEYED, TEXT, Commander
from tests.ingest.running import BINANCE_ID, Start, wait_active
from tests.network.samples import sample
from tests.standby.scene import HOLDER, STANDBY, Pair, idle, payload, target, until_active


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


def test_who_stops_a_holder_in_the_middle_of_a_takeover_is_told_who_takes_it_over(
    start: Start, reader: redis.Redis, commander: Commander
) -> None:
    wait_active(reader, start(*HOLDER, "--idle", **KEYED))
    holder, run = target(reader), payload(reader)["instanceId"]
    heir = idle(start, commander)
    taking = commander.send(heir.target, Kind.TAKEOVER, "binance", **{"from": run})
    told = commander.end(holder, Kind.STOP, "binance")
    assert told.status is Status.DONE, told
    assert "its lease released" in str(told.text)
    assert re.search(
        rf"Ada \(ada@example\.net\) (is taking it over on {heir.hostname} \({heir.target}\)|has taken it over on"
        rf" {heir.hostname})\.$",
        str(told.text),
    ), told.text
    assert commander.until(heir.target, taking, lambda told: told.is_final).status is Status.DONE
    until_active(reader, heir.target)


def test_who_takes_an_exchange_over_is_told_from_its_report_and_then_from_its_lease(
    reader: redis.Redis, commander: Commander, site: Settings
) -> None:
    host = cast(Host, SimpleNamespace(settings=site, target="host-a-1-00000000", hostname="host-a"))
    service = Service(Order("binance", lambda: pytest.fail("it is not opened")), 1.0)
    service.exchange_id = BINANCE_ID
    known = {"hostname": "host-b", "pid": 7, "at": 0, "role": "waiting", "exchange_name": "binance"}
    ada, heir = "Ada (ada@example.net)", "host-b-7-0a1b2c3d"
    assert next_holder(host, service) == ""
    hosts.write(commander.client, Report.model_validate({**known, "target": host.target, "takes_over_for": ada}))
    hosts.write(commander.client, Report.model_validate({**known, "target": "b", "role": "serving"}))
    kraken = {"exchange_name": "kraken", "takes_over_for": ada}
    hosts.write(commander.client, Report.model_validate({**known, "target": "c", **kraken}))
    assert next_holder(host, service) == ""
    hosts.write(commander.client, Report.model_validate({**known, "target": heir, "takes_over_for": ada}))
    assert next_holder(host, service) == f" {ada} is taking it over on host-b ({heir})."
    hosts.remove(commander.client, heir)
    for fields, said in (({}, ""), ({"commandedBy": ada}, f" {ada} has taken it over on host-a.")):
        held = sample("a", "7").model_copy(update={"fields": fields})
        commander.client.set(keys.status(BINANCE_ID), held.to_json())
        assert next_holder(host, service) == said


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
