"""The append script: fenced, once only, numbered, trimmed; on a real store and on the stand-in."""

from __future__ import annotations

import threading
from uuid import uuid4

import pytest

from perseus import keys
from perseus.clock import iso
from perseus.errors import StoreCorrupt
from perseus.network.exchange import Exchange
from perseus.network.leasing.claims import Death
from perseus.network.log import activity
from perseus.network.log.activity import RETENTION_MS, ActivityLog, Entry, Fenced
from perseus.store import Client, connect
from tests.network.samples import START_MS, sample

LOG, META = keys.activity("kraken"), keys.activity_meta("kraken")
ALWAYS = (
    "event", "eventId", "seq", "timestamp", "exchangeId", "exchangeName",
    "hostname", "ip", "adminEmail", "instanceId", "fencingToken",
)  # fmt: skip


@pytest.fixture
def log(client: Client, exchange: Exchange) -> ActivityLog:
    return ActivityLog(client, exchange, 100)


def entry(token: str = "7", event_id: str | None = None, **fields: str) -> Entry:
    return Entry("state_transition", event_id or uuid4().hex, token, {"fencingToken": token, **fields})


def dead(token: str, offline_ms: int = START_MS) -> Death:
    return Death(token, offline_ms, sample(token=token).to_json(), "lease_expired")


def entries(client: Client) -> list[dict[str, str]]:
    return [fields for _, fields in client.xrange(LOG)]


def store_ms(client: Client) -> int:
    seconds, micros = client.time()
    return seconds * 1000 + micros // 1000


def test_an_event_is_one_entry_of_flat_strings(client: Client, log: ActivityLog) -> None:
    stream_id = log.append(entry(event_id="e1", reason="because"))
    assert client.xrange(LOG) == [
        (
            stream_id,
            {"event": "state_transition", "eventId": "e1", "seq": "1", "fencingToken": "7", "reason": "because"},
        )
    ]


def test_entries_are_numbered_without_a_gap(client: Client, log: ActivityLog) -> None:
    for _ in range(3):
        log.append(entry())
    assert [fields["seq"] for fields in entries(client)] == ["1", "2", "3"]


def test_a_repeated_event_is_a_no_op_that_gives_the_first_id(client: Client, log: ActivityLog) -> None:
    event = entry()
    assert log.append(event) == log.append(event)
    assert [fields["seq"] for fields in entries(client)] == ["1"]


def test_a_repeat_that_comes_behind_newer_events_is_a_no_op_too(client: Client, log: ActivityLog) -> None:
    event = entry()
    first = log.append(event)
    for _ in range(5):
        log.append(entry())
    assert log.append(event) == first
    assert len(entries(client)) == 6


def test_a_writer_whose_successor_has_written_is_fenced_and_told_the_largest_token(
    client: Client, log: ActivityLog
) -> None:
    log.append(entry("1795220579331698"))
    with pytest.raises(Fenced) as refusal:
        log.append(entry("1795220579331697"))
    assert (refusal.value.exchange, refusal.value.token) == ("kraken", "1795220579331697")
    assert refusal.value.largest == "1795220579331698"
    assert len(entries(client)) == 1
    assert client.hget(META, "seq") == "1"


def test_a_repeat_is_answered_and_not_fenced_for_its_first_writing_was_right(log: ActivityLog) -> None:
    event = entry("7")
    first = log.append(event)
    assert log.append(event) == first
    log.append(entry("8"))
    with pytest.raises(Fenced):
        log.append(entry("7"))


def test_a_death_is_written_once_a_token_whoever_writes_it(store: str, client: Client, exchange: Exchange) -> None:
    start = threading.Barrier(6)
    ids: list[str] = []

    def write(number: int) -> None:
        with connect(store, timeout=2, name="w") as own:
            own.ping()
            start.wait(5)
            death = activity.death(exchange, dead("7"), START_MS + number)
            ids.append(ActivityLog(own, exchange, 100).append(death, is_death=True))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(ids) == 6
    assert len(set(ids)) == 1
    assert len(entries(client)) == 1


def test_a_death_after_the_successor_s_first_event_is_fenced(log: ActivityLog, exchange: Exchange) -> None:
    log.append(entry("8"))
    with pytest.raises(Fenced):
        log.append(activity.death(exchange, dead("7"), START_MS), is_death=True)


def test_who_was_written_down_as_dead_writes_nothing_more(client: Client, log: ActivityLog, exchange: Exchange) -> None:
    log.append(entry("7"))
    log.append(activity.death(exchange, dead("7"), START_MS), is_death=True)
    with pytest.raises(Fenced):
        log.append(entry("7"))
    assert [fields.get("toState") for fields in entries(client)] == [None, "offline"]


def test_a_repeat_of_what_was_written_before_the_end_is_answered_and_not_fenced(
    log: ActivityLog, exchange: Exchange
) -> None:
    event, death = entry("7"), activity.death(exchange, dead("7"), START_MS)
    first, second = log.append(event), log.append(death, is_death=True)
    assert log.append(event) == first
    log.append(entry("8"))
    assert log.append(death, is_death=True) == second


def test_what_is_older_than_90_days_is_cut_to_the_millisecond(client: Client, log: ActivityLog) -> None:
    """`~` would keep all of a small stream (measured: registry F15)."""
    now_ms = store_ms(client)
    for ms in (now_ms - RETENTION_MS - 60_000, now_ms - RETENTION_MS - 1, now_ms - RETENTION_MS + 60_000):
        client.xadd(LOG, {"event": "old"}, id=f"{ms}-0")
    log.append(entry())
    assert [fields["event"] for fields in entries(client)] == ["old", "state_transition"]
    assert client.hget(META, "cut_before_ms") is None


def test_a_quiet_exchange_keeps_an_old_event_until_the_next_one(client: Client, log: ActivityLog) -> None:
    client.xadd(LOG, {"event": "old"}, id="1-0")
    assert len(entries(client)) == 1
    log.append(entry())
    assert [fields["event"] for fields in entries(client)] == ["state_transition"]


def test_a_storm_is_cut_at_its_cap_and_the_log_says_from_when_on_it_is_whole(client: Client, log: ActivityLog) -> None:
    ids = [log.append(entry()) for _ in range(100)]
    assert client.hget(META, "cut_before_ms") is None
    ids += [log.append(entry()) for _ in range(3)]
    assert [id_ for id_, _ in client.xrange(LOG)] == ids[3:]
    assert client.hget(META, "cut_before_ms") == ids[3].partition("-")[0]
    assert client.hget(META, "seq") == "103"


@pytest.mark.parametrize("key", [LOG, META])
def test_a_log_of_another_type_is_corrupt_and_left_alone(client: Client, log: ActivityLog, key: str) -> None:
    client.set(key, "not ours")
    with pytest.raises(StoreCorrupt):
        log.append(entry())
    assert client.get(key) == "not ours"


def test_a_transition_has_the_fields_of_the_design_and_none_else(client: Client, log: ActivityLog) -> None:
    log.append(activity.transition(sample(), START_MS, "idle", "starting", "the operator said so"))
    fields = entries(client)[0]
    assert set(fields) == {*ALWAYS, "fromState", "toState", "reason"}
    assert fields["timestamp"] == iso(START_MS)
    assert (fields["exchangeId"], fields["exchangeName"], fields["hostname"]) == ("4", "kraken", "host-a")
    assert (fields["fromState"], fields["toState"]) == ("idle", "starting")


def test_the_first_transition_after_a_death_carries_the_time_that_was_missed(client: Client, log: ActivityLog) -> None:
    log.append(activity.transition(sample(), START_MS, "idle", "starting", "start", downtime_ms=61_000))
    assert entries(client)[0]["downtimeMs"] == "61000"


def test_an_error_has_the_fields_of_the_design_and_none_else(client: Client, log: ActivityLog) -> None:
    log.append(activity.error(sample(), START_MS, "connection reset", 12))
    fields = entries(client)[0]
    assert set(fields) == {*ALWAYS, "error", "state", "count"}
    assert (fields["event"], fields["error"], fields["state"], fields["count"]) == (
        "error", "connection reset", "active", "12"
    )  # fmt: skip


def test_an_unknown_address_or_admin_is_an_empty_string(client: Client, log: ActivityLog) -> None:
    log.append(activity.error(sample(ip_address=None, admin_email=None), START_MS, "e", 1))
    assert (entries(client)[0]["ip"], entries(client)[0]["adminEmail"]) == ("", "")


def test_a_death_says_since_when_and_when_it_was_seen(client: Client, log: ActivityLog, exchange: Exchange) -> None:
    log.append(activity.death(exchange, dead("7", START_MS), START_MS + 600), is_death=True)
    fields = entries(client)[0]
    assert set(fields) == {*ALWAYS, "fromState", "toState", "reason", "offlineAt", "detectedAt"}
    assert (fields["fromState"], fields["toState"], fields["reason"]) == ("active", "offline", "lease_expired")
    assert (fields["offlineAt"], fields["detectedAt"]) == (iso(START_MS), iso(START_MS + 600))


def test_the_death_of_an_instance_whose_payload_is_junk_has_the_same_fields(
    client: Client, log: ActivityLog, exchange: Exchange
) -> None:
    log.append(activity.death(exchange, Death("7", START_MS, "junk", "lease_expired"), START_MS), is_death=True)
    fields = entries(client)[0]
    assert set(fields) == {*ALWAYS, "fromState", "toState", "reason", "offlineAt", "detectedAt"}
    assert (fields["exchangeName"], fields["fencingToken"], fields["hostname"]) == ("kraken", "7", "")
