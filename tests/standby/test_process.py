"""Standbys, takeovers and hand-overs of whole processes."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

import pytest
import redis

from perseus import keys
from perseus.control import channel
from perseus.control.command import Kind
from perseus.control.hosts import GONE_AFTER_MS, parse
from perseus.control.outcomes import Status
from perseus.network.leasing.takeover import PATIENCE_SECONDS
from perseus.store import now_ms
from tests.control.conftest import KEYED, Commander, eventually
from tests.ingest.running import BINANCE_ID, SHORT, Start, wait_active
from tests.standby.scene import (
    HOLDER,
    IDLE,
    STANDBY,
    Pair,
    free_since,
    idle,
    payload,
    reasons,
    standby,
    target,
    until_active,
)


def test_a_standby_goes_on_within_two_seconds_after_the_lease_of_a_killed_holder(
    pair: Pair, reader: redis.Redis
) -> None:
    held, reserve = pair.held, pair.reserve
    assert (reserve.exchange_name, reserve.exchange_id, reserve.doing) == ("binance", BINANCE_ID, "stands by")
    pair.primary.kill()
    began = free_since(reader, held)
    until_active(reader, reserve.target)
    assert time.monotonic() - began < 2
    assert ("starting", f"promoted: the lease of {held['hostname']} has run out") in reasons(reader)


def test_of_several_standbys_one_goes_on_and_the_others_wait_for_it(
    start: Start, reader: redis.Redis, commander: Commander
) -> None:
    primary = start(*HOLDER, **KEYED)
    wait_active(reader, primary)
    reserves = [standby(start, commander, **KEYED) for _ in range(3)]
    primary.kill()
    eventually(lambda: target(reader) in {report.target for _, report in reserves})
    assert sum(state == "starting" for state, _ in reasons(reader)) == 2
    eventually(lambda: len(commander.hosts(2, role="standby")) == 2)
    assert all(process.poll() is None for process, _ in reserves)


def test_a_primary_that_stops_in_order_is_followed_at_once(pair: Pair, reader: redis.Redis) -> None:
    pair.primary.send_signal(signal.SIGTERM)
    began = free_since(reader, pair.held)
    until_active(reader, pair.reserve.target)
    assert time.monotonic() - began < 2


def test_a_primary_that_comes_back_does_not_rob_the_standby_that_went_on(
    pair: Pair, start: Start, reader: redis.Redis
) -> None:
    pair.primary.kill()
    until_active(reader, pair.reserve.target)
    back = start(*HOLDER, **KEYED)
    assert back.wait(20) == 69
    assert target(reader) == pair.reserve.target


def test_a_stop_ends_a_standby(pair: Pair, start: Start, commander: Commander) -> None:
    by_signal, _ = standby(start, commander, **KEYED)
    assert commander.end(pair.reserve.target, Kind.STOP).status is Status.DONE
    assert pair.follower.wait(10) == 0
    by_signal.send_signal(signal.SIGTERM)
    assert by_signal.wait(10) == 0


def test_an_exchange_is_handed_over_to_its_standby_and_back(
    start: Start, reader: redis.Redis, commander: Commander
) -> None:
    primary = start(*STANDBY, **KEYED)
    (serving,) = commander.hosts(role="serving")
    until_active(reader, serving.target)
    _, reserve = standby(start, commander, **KEYED)
    began = time.monotonic()
    told = commander.end(reserve.target, Kind.TAKEOVER, "binance", **{"from": payload(reader)["instanceId"]})
    assert (told.status, time.monotonic() - began < 5) == (Status.DONE, True), told
    assert target(reader) == reserve.target
    host = serving.hostname
    assert reasons(reader)[-5:] == [
        ("stopping", f"handed over to {host} by Ada (ada@example.net)"),
        ("stopped", f"handed over to {host} by Ada (ada@example.net)"),
        ("starting", "taken over by Ada (ada@example.net)"),
        ("warming", "connected"),
        ("active", "warm"),
    ]
    assert primary.poll() is None, "a standby stands by again"
    commander.hosts(role="standby")
    told = commander.end(serving.target, Kind.TAKEOVER, "binance", **{"from": payload(reader)["instanceId"]})
    assert told.status is Status.DONE, told
    assert target(reader) == serving.target


def test_an_idle_host_takes_over_and_who_held_it_ends(start: Start, reader: redis.Redis, commander: Commander) -> None:
    primary = start(*HOLDER, **KEYED)
    held = wait_active(reader, primary)
    host = idle(start, commander)
    told = commander.end(host.target, Kind.TAKEOVER, "binance", **{"from": held["instanceId"]})
    assert told.status is Status.DONE, told
    assert primary.wait(10) == 0
    assert (payload(reader)["adminEmail"], target(reader)) == ("ada@example.net", host.target)


def test_from_a_holder_that_takes_no_commands_its_lease_is_revoked(
    start: Start, reader: redis.Redis, commander: Commander
) -> None:
    primary = start(*HOLDER, **SHORT)
    held = wait_active(reader, primary)
    host = idle(start, commander)
    told = commander.end(host.target, Kind.TAKEOVER, "binance", **{"from": held["instanceId"]})
    assert told.status is Status.DONE, told
    assert primary.wait(10) == 0
    assert ("stopped", "taken over by Ada (ada@example.net)") in reasons(reader)
    assert "offline" not in [state for state, _ in reasons(reader)], "it heard of it and gave it back"


def _other_type(reader: redis.Redis, _: str) -> None:
    reader.delete(keys.HOSTS)
    reader.set(keys.HOSTS, "junk")


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda reader, name: reader.hset(keys.HOSTS, name, "junk"), id="junk-for-its-report"),
        pytest.param(lambda reader, name: reader.hdel(keys.HOSTS, name), id="no-report"),
        pytest.param(_other_type, id="another-type"),
    ],
)
def test_a_holder_is_asked_although_the_list_of_processes_cannot_be_read(
    start: Start, reader: redis.Redis, commander: Commander, spoil: Callable[[redis.Redis, str], object]
) -> None:
    primary = start(*HOLDER, **KEYED)
    held = wait_active(reader, primary)
    name = target(reader)
    host = idle(start, commander)
    spoil(reader, name)
    told = commander.end(host.target, Kind.TAKEOVER, "binance", **{"from": held["instanceId"]})
    assert told.status is Status.DONE, told
    assert primary.wait(10) == 0
    assert ("stopped", f"handed over to {host.hostname} by Ada (ada@example.net)") in reasons(reader)


def _changed(reader: redis.Redis, name: str, **changes: object) -> str:
    report = parse(reader.hget(keys.HOSTS, name))
    assert report is not None
    return report.model_copy(update=changes).model_dump_json(by_alias=True)


@pytest.mark.parametrize("off_ms", [-2 * GONE_AFTER_MS, 2 * GONE_AFTER_MS], ids=["old", "ahead"])
def test_a_holder_whose_report_bears_another_time_lives_by_its_lease_and_hands_over(
    start: Start, reader: redis.Redis, commander: Commander, off_ms: int
) -> None:
    """Also while it is at it: the report is written again and again."""
    held = wait_active(reader, start(*HOLDER, **KEYED))
    name = target(reader)
    host = idle(start, commander)
    late = _changed(reader, name, at=now_ms(commander.client, keys.HOSTS) + off_ms)
    command = commander.send(host.target, Kind.TAKEOVER, "binance", **{"from": held["instanceId"]})

    def is_over() -> bool:
        reader.hset(keys.HOSTS, name, late)
        told = channel.outcome(commander.client, host.target, command)
        return told is not None and told.is_final

    eventually(is_over)
    told = channel.outcome(commander.client, host.target, command)
    assert (told and told.status) is Status.DONE, told
    assert ("stopped", f"handed over to {host.hostname} by Ada (ada@example.net)") in reasons(reader)


def test_a_holder_with_another_key_is_not_asked(start: Start, reader: redis.Redis, commander: Commander) -> None:
    held = wait_active(reader, start(*HOLDER, **{**KEYED, "PERSEUS_CONTROL_KEY": "another" * 8}))
    host = idle(start, commander)
    began = time.monotonic()
    told = commander.end(host.target, Kind.TAKEOVER, "binance", **{"from": held["instanceId"]})
    assert told.status is Status.DONE, told
    assert ("stopped", "taken over by Ada (ada@example.net)") in reasons(reader)
    assert time.monotonic() - began < PATIENCE_SECONDS, "it was not waited for"


@pytest.mark.parametrize(
    ("environment", "why"),
    [
        pytest.param(SHORT, "taken over by Ada (ada@example.net)", id="takes-no-commands"),
        pytest.param(KEYED, "lease_expired", id="is-asked-and-does-not-answer-before-its-lease-ends"),
    ],
)
def test_from_a_frozen_holder_it_is_taken_when_its_lease_has_run_out_and_it_does_no_harm_when_it_wakes(
    start: Start, reader: redis.Redis, commander: Commander, environment: dict[str, str], why: str
) -> None:
    primary = start(*HOLDER, **environment)
    held = wait_active(reader, primary)
    host = idle(start, commander)
    primary.send_signal(signal.SIGSTOP)
    command = commander.send(host.target, Kind.TAKEOVER, "binance", **{"from": held["instanceId"]})
    (waiting,) = commander.hosts(role="waiting", exchange_name="binance")
    assert str(waiting.doing).startswith("waiting to take over binance for Ada (ada@example.net): ")
    told = commander.until(host.target, command, lambda told: told.is_final)
    assert told.status is Status.DONE, told
    assert ("starting", "taken over by Ada (ada@example.net)") in reasons(reader)
    token = payload(reader)["fencingToken"]
    assert ("offline", why) in reasons(reader)
    primary.send_signal(signal.SIGCONT)
    assert primary.wait(10) == 75
    said = primary.communicate()[1]
    by = "by Ada (ada@example.net) while no heartbeat was answered: it is held by"
    assert f"binance was taken over {by} {told.data['hostname']} (IP " in said
    assert "Its work here has ended." in said
    assert (target(reader), payload(reader)["fencingToken"]) == (host.target, token)


def test_of_two_admins_at_once_the_second_is_told_who_was_first(
    start: Start, reader: redis.Redis, commander: Commander
) -> None:
    primary = start(*HOLDER, **SHORT)
    held = wait_active(reader, primary)
    start(*IDLE, **KEYED)
    start(*IDLE, **KEYED)
    one, two = commander.hosts(2, role="idle")
    primary.send_signal(signal.SIGSTOP)
    sent = [
        commander.send(host.target, Kind.TAKEOVER, "binance", **{"from": held["instanceId"]}) for host in (one, two)
    ]
    told = [
        commander.until(host.target, id_, lambda told: told.is_final)
        for host, id_ in zip((one, two), sent, strict=True)
    ]
    primary.send_signal(signal.SIGCONT)
    assert sorted(outcome.status for outcome in told) == [Status.DONE, Status.REFUSED], told
    refused = next(outcome for outcome in told if outcome.status is Status.REFUSED)
    assert "takes it over already" in str(refused.text)
    assert sum(state == "starting" for state, _ in reasons(reader)) == 2


def test_a_takeover_from_a_run_that_is_gone_is_refused(pair: Pair, commander: Commander) -> None:
    told = commander.end(pair.reserve.target, Kind.TAKEOVER, "binance", **{"from": "another-1-00000000"})
    assert (told.status, "by another run" in str(told.text)) == (Status.REFUSED, True)
    commander.hosts(role="standby")


def test_who_gave_it_to_a_successor_that_died_takes_it_up_again(
    start: Start, reader: redis.Redis, commander: Commander
) -> None:
    primary = start(*HOLDER, **KEYED)
    held = wait_active(reader, primary)
    (serving,) = commander.hosts(role="serving")
    told = commander.end(serving.target, Kind.HAND_OVER, to="a-host-that-died", instanceId=held["instanceId"])
    assert (told.status, "takes it up again" in str(told.text)) == (Status.FAILED, True)
    until_active(reader, serving.target)
    assert reader.hget(keys.last_record(BINANCE_ID), "closed") == "0"
    assert primary.poll() is None


def test_a_standby_has_to_be_told_of_which_exchange(start: Start) -> None:
    process = start("-m", "perseus", "ingest", "--standby")
    assert "Give the NAME of the exchange that --standby is to wait for." in process.communicate(timeout=20)[1]
    assert process.returncode == 2


def test_a_hand_over_to_what_is_no_process_is_refused(start: Start, reader: redis.Redis, commander: Commander) -> None:
    wait_active(reader, start(*HOLDER, **KEYED))
    (serving,) = commander.hosts(role="serving")
    for to in ("", "no process", "x" * 200, serving.target):
        told = commander.end(serving.target, Kind.HAND_OVER, to=to)
        assert (told.status, "names the process" in str(told.text)) == (Status.REFUSED, True)
    assert target(reader) == serving.target
