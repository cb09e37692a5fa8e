"""What may be said of an exchange from its keys: every condition, and every reason for it. Pure."""

from __future__ import annotations

import pytest

from perseus.network.exchange import Exchange
from perseus.network.log.activity import Event
from perseus.network.payload import parse
from perseus.network.states import State
from perseus.network.view.reading import (
    LAST_FIELDS,
    Condition,
    ExchangeStatus,
    LastRecord,
    Reading,
    StoreNotice,
    judge,
    last_record,
)
from tests.conftest import KRAKEN
from tests.network.samples import START_MS, sample

NOW = START_MS + 100_000
UP = StoreNotice(True, restarted_ms_ago=3_600_000)
NEWEST = Event(KRAKEN, f"{START_MS + 7}-3", {"event": "error"})


def reading(
    status: str | None = None, pttl_ms: int = -2, last: LastRecord | None = None, newest: Event | None = None
) -> Reading:
    return Reading(KRAKEN, status, pttl_ms, last, newest)


def live(pttl_ms: int = 40_000, **changes: object) -> ExchangeStatus:
    return judge(reading(sample(**changes).to_json(), pttl_ms, record()), NOW, UP)


def record(**changes: object) -> LastRecord:
    known = {"token": "7", "until_ms": str(NOW - 20_000), "beat_ms": str(NOW - 65_000), "closed": "0"}
    known |= {"payload": sample().to_json(), **changes}  # type: ignore[dict-item]
    found = last_record([known.get(name) for name in LAST_FIELDS])
    assert found is not None
    return found


@pytest.mark.parametrize("state", State)
def test_a_live_lease_is_what_its_instance_says(state: State) -> None:
    found = live(connection_state=state)
    assert (found.condition, found.live, found.reason) == (Condition(state.value), True, None)
    assert found.status is not None
    assert found.since_ms == START_MS + 5_000


def test_age_and_time_left_come_from_the_store_s_ttl_and_no_host_clock() -> None:
    found = live(40_000, last_heartbeat="1999-01-01T00:00:00Z", clock_skew_ms=999_999_999)
    assert (found.heartbeat_age_ms, found.lease_left_ms) == (5_000, 40_000)


@pytest.mark.parametrize("pttl_ms", [0, 45_000])
def test_the_whole_ttl_is_sound_from_its_first_to_its_last_millisecond(pttl_ms: int) -> None:
    assert live(pttl_ms).condition is Condition.ACTIVE


@pytest.mark.parametrize(
    ("pttl_ms", "reason"),
    [(-1, "its lease has no end"), (45_001, "its lease ends later than it may: a clock jumped")],
)
def test_a_lease_whose_end_cannot_be_is_corrupt_and_keeps_its_last_words(pttl_ms: int, reason: str) -> None:
    found = live(pttl_ms)
    assert (found.condition, found.live, found.reason) == (Condition.CORRUPT, False, reason)
    assert found.status == sample()
    assert (found.heartbeat_age_ms, found.lease_left_ms) == (None, None)


@pytest.mark.parametrize("text", ["", "junk", "{}", '{"connectionState":"active"}'])
def test_a_status_key_of_junk_is_corrupt(text: str) -> None:
    found = judge(reading(text, 40_000, record()), NOW, UP)
    assert (found.condition, found.live, found.status) == (Condition.CORRUPT, False, None)
    assert found.reason == "its status key holds no payload"


def test_keys_that_cannot_be_made_out_are_corrupt_with_the_fault_named() -> None:
    found = judge(Reading(KRAKEN, None, -2, None, NEWEST, "its activity log is of another type"), NOW, UP)
    assert (found.condition, found.reason) == (Condition.CORRUPT, "its activity log is of another type")
    assert found.last_event is NEWEST


def test_a_released_lease_is_stopped_since_its_release_for_its_reason() -> None:
    closed = record(closed="1", closed_ms=str(NOW - 9_000), reason="SIGTERM")
    found = judge(reading(last=closed), NOW, UP)
    assert (found.condition, found.live, found.since_ms) == (Condition.STOPPED, False, NOW - 9_000)
    assert (found.reason, found.status) == ("SIGTERM", sample())


def test_a_lease_that_ended_without_release_is_offline_since_its_end_with_its_last_words() -> None:
    found = judge(reading(last=record()), NOW, UP)
    assert (found.condition, found.live, found.since_ms) == (Condition.OFFLINE, False, NOW - 20_000)
    assert found.status == sample()
    assert found.heartbeat_age_ms is None


def test_a_lease_that_vanished_before_its_time_is_unknown() -> None:
    found = judge(reading(last=record(until_ms=str(NOW + 1))), NOW, UP)
    assert (found.condition, found.reason) == (Condition.UNKNOWN, "its lease vanished before its time")
    assert found.status == sample()
    assert judge(reading(last=record(until_ms=str(NOW))), NOW, UP).condition is Condition.OFFLINE


@pytest.mark.parametrize(
    ("restarted_ms_ago", "condition"),
    [(0, Condition.UNKNOWN), (44_999, Condition.UNKNOWN), (45_000, Condition.OFFLINE), (None, Condition.OFFLINE)],
)
def test_for_one_ttl_after_a_restart_of_the_store_a_missing_lease_proves_no_death(
    restarted_ms_ago: int | None, condition: Condition
) -> None:
    found = judge(reading(last=record()), NOW, StoreNotice(True, restarted_ms_ago=restarted_ms_ago))
    assert found.condition is condition


def test_after_a_restart_a_lease_that_is_there_is_believed_and_so_is_a_release() -> None:
    restarted = StoreNotice(True, restarted_ms_ago=0)
    assert judge(reading(sample().to_json(), 40_000, record()), NOW, restarted).condition is Condition.ACTIVE
    assert judge(reading(last=record(closed="1")), NOW, restarted).condition is Condition.STOPPED


def test_the_wait_after_a_restart_is_the_ttl_of_the_lease_in_question() -> None:
    short = record(payload=sample(ttl_seconds=3, heartbeat_seconds=1).to_json())
    assert judge(reading(last=short), NOW, StoreNotice(True, restarted_ms_ago=3_000)).condition is Condition.OFFLINE
    unreadable = record(payload="junk")
    found = judge(reading(last=unreadable), NOW, StoreNotice(True, restarted_ms_ago=44_999))
    assert (found.condition, found.status) == (Condition.UNKNOWN, None)


def test_an_exchange_without_any_trace_was_never_seen() -> None:
    found = judge(reading(), NOW, UP)
    assert (found.condition, found.reason, found.since_ms) == (Condition.NEVER_SEEN, None, None)


def test_in_an_emptied_store_an_exchange_without_trace_is_unknown() -> None:
    found = judge(reading(), NOW, StoreNotice(True, emptied=True))
    assert (found.condition, found.reason) == (Condition.UNKNOWN, "the data store was emptied: nothing is recorded")


def test_of_an_exchange_with_only_a_log_the_newest_event_is_what_is_known() -> None:
    found = judge(reading(newest=NEWEST), NOW, UP)
    assert (found.condition, found.since_ms) == (Condition.OFFLINE, START_MS + 7)
    assert (found.last_event, found.reason) == (NEWEST, "only its activity log is left")


def test_every_condition_can_be_told() -> None:
    told = {live(connection_state=state).condition for state in State}
    told |= {judge(reading(last=record()), NOW, UP).condition, judge(reading(), NOW, UP).condition}
    told |= {judge(reading(), NOW, StoreNotice(True, emptied=True)).condition, live(-1).condition}
    assert told == set(Condition)


def test_the_exchange_judged_is_the_one_read() -> None:
    other = Exchange(9, "binance", "Binance")
    assert judge(Reading(other, None, -2, None, None), NOW, UP).exchange is other


# The last record as its hash holds it.


def test_no_hash_is_no_record() -> None:
    assert last_record([None] * len(LAST_FIELDS)) is None


def test_a_record_tells_of_the_lease_before_it_when_nobody_released_that() -> None:
    found = record(
        dead_token="5", dead_until_ms="1000", dead_beat_ms="400", dead_payload="x", dead_reason="lease_expired"
    )
    assert found.dead is not None
    assert (found.dead.token, found.dead.offline_ms, found.dead.payload) == ("5", 1000, "x")
    assert record().dead is None
    assert record(dead_token="5", dead_until_ms="1000").dead is None


def test_a_lease_that_a_restart_took_over_ended_with_its_last_heartbeat() -> None:
    found = record(dead_token="5", dead_until_ms="1000", dead_beat_ms="400", dead_reason="restarted")
    assert found.dead is not None
    assert (found.dead.offline_ms, found.dead.reason) == (400, "restarted")


def test_a_record_can_be_seen_as_a_death() -> None:
    death = record().death
    assert (death.token, death.offline_ms, death.reason) == ("7", NOW - 20_000, "lease_expired")
    assert death.status == parse(sample().to_json())


@pytest.mark.parametrize(
    "junk",
    [
        {"token": None},
        {"token": "seven"},
        {"token": ""},
        {"token": "²"},
        {"until_ms": "-1"},
        {"until_ms": "999999999999999999999"},
        {"dead_token": "x", "dead_until_ms": "1", "dead_beat_ms": "1"},
        {"until_ms": None},
        {"until_ms": "soon"},
        {"beat_ms": None},
        {"beat_ms": "12.5"},
        {"closed": "1", "closed_ms": "now"},
        {"dead_token": "5", "dead_until_ms": "x", "dead_beat_ms": "y"},
    ],
)
def test_a_record_of_junk_is_an_error_that_its_reader_catches(junk: dict[str, str | None]) -> None:
    with pytest.raises(ValueError, match=r"record|invalid literal"):
        record(**junk)


def test_a_death_that_is_written_down_stays_one_when_the_store_restarts() -> None:
    told = Event(KRAKEN, "1790000000000-0", {"toState": "offline", "fencingToken": "7"})
    restarted = StoreNotice(True, restarted_ms_ago=0)
    found = judge(reading(last=record(token="7"), newest=told), NOW, restarted)
    assert found.condition is Condition.OFFLINE
    assert judge(reading(last=record(token="8"), newest=told), NOW, restarted).condition is Condition.UNKNOWN


def test_a_payload_of_another_exchange_is_corrupt() -> None:
    for other in ({"exchange_id": 5}, {"exchange_name": "mexc"}):
        found = judge(reading(sample(**other).to_json(), 40_000, record()), NOW, UP)
        assert (found.condition, found.live) == (Condition.CORRUPT, False)


def test_a_last_record_that_ends_later_than_any_lease_may_is_corrupt() -> None:
    found = judge(reading(last=record(until_ms=str(NOW + 10**9))), NOW, UP)
    assert found.condition is Condition.CORRUPT


@pytest.mark.parametrize(
    "changes", [{"token": "9" * 5_000}, {"until_ms": "soon"}, {"closed_ms": "x"}, {"beat_ms": "1e3"}]
)
def test_a_last_record_of_junk_numbers_is_none(changes: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="last record"):
        record(**changes)
