"""Whole ingest processes that are commanded: what they do, what they say of it, and what they leave."""

from __future__ import annotations

import json
import signal
import time

import pytest
import redis

from perseus import keys
from perseus.access.audit import AuditLog
from perseus.control.command import Kind
from perseus.control.outcomes import Status
from tests.control.conftest import KEYED, Commander, eventually
from tests.ingest.running import BINANCE_ID, SHORT, Start, path, wait_active

HOST = ("-m", "perseus", "ingest", "--idle", "--made-up")
BEGUN = ("-m", "perseus", "ingest", "binance", "--idle", "--made-up")
ALONE = ("-m", "perseus", "ingest", "binance", "--made-up")


def fields(reader: redis.Redis) -> dict[str, object]:
    text = reader.get(keys.status(BINANCE_ID))
    return dict(json.loads(text)["fields"]) if text else {}


def test_an_idle_host_starts_what_it_is_told_stops_it_and_waits_again(
    start: Start, reader: redis.Redis, commander: Commander
) -> None:
    process = start(*HOST, **KEYED)
    (host,) = commander.hosts(role="idle", key=commander.fingerprint)
    started = commander.end(host.target, Kind.START, "binance")
    assert (started.status, "binance is active on" in str(started.text)) == (Status.DONE, True)
    payload = wait_active(reader, process)
    assert (payload["adminEmail"], payload["adminDisplayName"]) == ("ada@example.net", "Ada")
    assert fields(reader)["target"] == host.target
    (serving,) = commander.hosts(role="serving", exchange_name="binance")
    assert serving.instance_id == payload["instanceId"] == started.data["instanceId"]

    assert commander.end(host.target, Kind.STOP).status is Status.DONE
    assert reader.hget(keys.last_record(BINANCE_ID), "closed") == "1"
    assert [event["reason"] for _, event in reader.xrange(keys.activity("binance"))][
        -1
    ] == "stopped by Ada (ada@example.net)"
    commander.hosts(role="idle")
    assert commander.end(host.target, Kind.START, "binance").status is Status.DONE
    wanted = [("control: start", "done", "binance"), ("control: stop", "done", "binance")]
    audit = AuditLog(commander.client)
    eventually(lambda: [(one.what, one.result, one.target) for one in audit.read(9).entries][:2] == wanted)

    process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    said = process.communicate(timeout=20)[1]
    assert (process.returncode, time.monotonic() - began < 5) == (0, True), said
    assert path(reader)[-1] == "stopped"
    assert reader.hlen(keys.HOSTS) == 0
    assert "Traceback" not in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_host_that_waits(start: Start, commander: Commander, number: signal.Signals) -> None:
    process = start(*HOST, **KEYED)
    commander.hosts(role="idle")
    process.send_signal(number)
    said = process.communicate(timeout=10)[1]
    assert (process.returncode, "Traceback" in said) == (0, False), said


def test_a_process_that_began_with_an_exchange_waits_after_a_stop_by_command(
    start: Start, reader: redis.Redis, commander: Commander
) -> None:
    process = start(*BEGUN, **KEYED)
    wait_active(reader, process)
    (host,) = commander.hosts(role="serving", exchange_name="binance")
    assert commander.end(host.target, Kind.STOP).status is Status.DONE
    commander.hosts(role="idle")
    assert process.poll() is None


def test_one_that_is_no_idle_host_is_stopped_by_command_and_ends(
    start: Start, reader: redis.Redis, commander: Commander
) -> None:
    process = start(*ALONE, **KEYED)
    wait_active(reader, process)
    (host,) = commander.hosts(role="serving")
    told = commander.end(host.target, Kind.START, "kraken")
    assert (told.status, "serves binance (active) already" in str(told.text)) == (Status.REFUSED, True)
    assert commander.end(host.target, Kind.STOP).status is Status.DONE
    assert process.wait(10) == 0


def test_a_start_of_what_another_holds_is_refused_with_who_it_is(
    start: Start, reader: redis.Redis, commander: Commander
) -> None:
    payload = wait_active(reader, start(*ALONE, **KEYED))
    start(*HOST, **KEYED)
    (host,) = commander.hosts(role="idle")
    told = commander.end(host.target, Kind.START, "binance")
    assert told.status is Status.REFUSED
    assert f"binance is held by {payload['hostname']} (IP unknown), since {payload['connectedAt']}" in str(told.text)
    commander.hosts(role="idle")


@pytest.mark.parametrize(
    ("exchange", "reason"),
    [("nowhere", "is not a known exchange"), ("kraken", "kraken is switched off"), (None, "names")],
)
def test_a_start_that_cannot_be_says_why_and_leaves_the_host_waiting(
    start: Start, reader: redis.Redis, commander: Commander, exchange: str | None, reason: str
) -> None:
    process = start(*HOST, **KEYED)
    (host,) = commander.hosts(role="idle")
    told = commander.end(host.target, Kind.START, exchange)
    assert told.status in (Status.FAILED, Status.REFUSED)
    assert reason in str(told.text)
    commander.hosts(role="idle")
    assert process.poll() is None


def test_of_two_starts_at_once_the_second_is_told_of_the_first(start: Start, commander: Commander) -> None:
    start(*HOST, **KEYED)
    (host,) = commander.hosts(role="idle")
    first, second = (
        commander.send(host.target, Kind.START, "binance"),
        commander.send(host.target, Kind.START, "coinbase"),
    )
    told = commander.until(host.target, second, lambda told: told.is_final)
    assert told.status is Status.REFUSED
    assert "serves binance (" in str(told.text)
    assert "already, started by Ada (ada@example.net)" in str(told.text)
    assert commander.until(host.target, first, lambda told: told.is_final).status is Status.DONE


@pytest.mark.parametrize("step", ["claiming", "warming"])
def test_a_stop_overtakes_a_start_and_cancels_it(
    start: Start, reader: redis.Redis, commander: Commander, step: str
) -> None:
    process = start(*HOST, **KEYED)
    (host,) = commander.hosts(role="idle")
    if step == "claiming":  # not released, so that it has to wait
        reader.hset(keys.last_record(BINANCE_ID), mapping={"token": "7", "until_ms": int(time.time() * 1000) + 60_000})
    began = commander.send(host.target, Kind.START, "binance")
    commander.until(host.target, began, lambda told: step in str(told.step))
    assert commander.end(host.target, Kind.STOP).status is Status.DONE
    told = commander.until(host.target, began, lambda told: told.is_final)
    assert (told.status, told.text) == (Status.CANCELLED, "Ada (ada@example.net) has asked for a stop.")
    commander.hosts(role="idle")
    assert reader.get(keys.status(BINANCE_ID)) is None
    assert process.poll() is None


def test_a_pause_keeps_the_lease_and_is_on_the_card_until_it_goes_on(
    start: Start, reader: redis.Redis, commander: Commander
) -> None:
    process = start(*BEGUN, **KEYED)
    wait_active(reader, process)
    (host,) = commander.hosts(role="serving")
    assert commander.end(host.target, Kind.RESUME).status is Status.REFUSED
    assert commander.end(host.target, Kind.PAUSE).status is Status.DONE
    eventually(lambda: fields(reader).get("pausedBy") == "Ada (ada@example.net)")
    count = fields(reader)["messageCount"]
    again = commander.end(host.target, Kind.PAUSE)
    assert (again.status, "paused already, by Ada" in str(again.text)) == (Status.REFUSED, True)
    for _ in range(2):
        beat = wait_active(reader, process)["lastHeartbeat"]
        eventually(lambda beat=beat: wait_active(reader, process)["lastHeartbeat"] != beat)
    assert fields(reader)["messageCount"] == count
    assert wait_active(reader, process)["lastError"] is None
    assert commander.end(host.target, Kind.RESUME).status is Status.DONE
    eventually(lambda: fields(reader)["pausedBy"] is None and fields(reader)["messageCount"] != count)
    assert path(reader) == ["starting", "warming", "active"]


def test_a_reload_connects_anew_and_says_what_changed(start: Start, reader: redis.Redis, commander: Commander) -> None:
    process = start(*BEGUN, **KEYED)
    symbols = wait_active(reader, process)["symbolCount"]
    (host,) = commander.hosts(role="serving")
    told = commander.end(host.target, Kind.RELOAD)
    assert told.text == f"The feed is connected anew: none added, none removed, {symbols} as before."
    assert wait_active(reader, process)["lastError"] is None
    assert (
        commander.end(host.target, Kind.WARM_UP).text
        == "binance has nothing to warm up: it plays synthetic market, not real."
    )


def test_without_a_key_no_commands_are_taken_and_the_exchange_is_served(
    start: Start, reader: redis.Redis, commander: Commander
) -> None:
    wait_active(reader, start(*ALONE, **SHORT))
    assert "target" not in fields(reader)
    assert reader.exists(keys.HOSTS) == 0
    idle = start(*HOST, **SHORT)
    said = idle.communicate(timeout=20)[1]
    assert idle.returncode == 78
    assert "Control is off: there is no key that signs commands. Set PERSEUS_CONTROL_KEY" in said


def test_what_a_killed_process_was_doing_is_told_as_interrupted(
    start: Start, reader: redis.Redis, commander: Commander, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = start(*HOST, **KEYED)
    (host,) = commander.hosts(role="idle")
    began = commander.send(host.target, Kind.START, "binance")
    commander.until(host.target, began, lambda told: told.status is Status.RUNNING)
    process.kill()
    monkeypatch.setattr("perseus.control.hosts.GONE_AFTER_MS", 500)
    told = commander.until(host.target, began, lambda told: told.is_final)
    assert (told.status, "in the middle of it" in str(told.text)) == (Status.FAILED, True)
