"""Rows of the feed, from sound entries and from anything else that may stand in a log."""

from __future__ import annotations

import pytest

from perseus.clock import iso
from perseus.network.log.activity import Event
from perseus.web.feed import rows as feed
from perseus.web.feed.row import Row
from tests.web.views import COINBASE, HOUR, KRAKEN, NOW, changed, event


def test_a_transition_shows_both_badges_and_the_reason() -> None:
    row = feed.row(event())
    assert row.kind == "transition"
    assert row.before is not None
    assert row.after is not None
    assert (row.before.word, row.after.word, row.reason) == ("Warming", "Active", "every symbol is warm")
    assert row.who == ("ingest-1.ams.example.net", "203.0.113.7", "ada@example.net")


def dead(ended_ms: int, **fields: str) -> Row:
    usual = {"fromState": "active", "toState": "offline", "reason": "lease_expired", "offlineAt": iso(ended_ms)}
    return feed.row(changed(event(ms=NOW), **{**usual, **fields}))


def test_a_death_is_said_in_words_with_the_end_of_its_lease_and_when_that_was_noticed() -> None:
    row = dead(NOW - 6_000, detectedAt=iso(NOW - 1_000))
    assert row.after is not None
    assert (row.after.token, row.after.word) == ("lost", "Offline")
    assert row.reason == "its lease ran out, nobody released it"
    assert row.ending == "Its lease ended at 14:03:16 UTC; it was found gone 5 s later, at 14:03:21 UTC."


def test_an_end_of_the_day_before_and_one_found_at_once_are_said_as_such() -> None:
    late = "Its lease ended at 2026-11-20 18:03:22 UTC; it was found gone 20 h 0 min later, at 2026-11-21 14:03:22 UTC."
    assert dead(NOW - 20 * HOUR).ending == late
    assert dead(NOW - 900).ending == "Its lease ended at 14:03:21 UTC; it was found gone within a second."


def test_a_lease_taken_over_before_its_end_tells_the_last_heartbeat() -> None:
    said = "Its last heartbeat was at 14:03:12 UTC; it was found gone 10 s later, at 14:03:22 UTC."
    assert dead(NOW - 10_000, reason="restarted").ending == said


@pytest.mark.parametrize("fields", [{"offlineAt": "soon"}, {"offlineAt": ""}, {"toState": "active"}])
def test_no_end_is_told_where_none_is_known(fields: dict[str, str]) -> None:
    assert dead(NOW - 6_000, **fields).ending is None


def test_an_end_after_it_was_noticed_is_told_alone() -> None:
    assert dead(NOW + 60_000).ending == "Its lease ended at 14:04:22 UTC."


@pytest.mark.parametrize(
    ("reason", "failed", "why"),
    [
        ("failed: feed broke", "Failed", "feed broke"),
        ("start failed: no such symbol", "Start failed", "no such symbol"),
        ("failed: ", "Failed", None),
        ("two plugins failed: it goes on", None, "two plugins failed: it goes on"),
        ("SIGTERM", None, "SIGTERM"),
    ],
)
def test_an_end_by_failure_is_told_from_a_stop_in_order(reason: str, failed: str | None, why: str | None) -> None:
    row = feed.row(changed(event(), fromState="active", toState="stopping", reason=reason))
    assert (row.failed, row.reason) == (failed, why)


@pytest.mark.parametrize("reason", ["binance_us has no market data", "/srv/a_capture.jsonl is torn"])
def test_a_reason_is_shown_as_it_was_written(reason: str) -> None:
    assert feed.row(changed(event(), reason=reason)).reason == reason


def test_coming_back_says_how_long_it_was_away() -> None:
    assert feed.row(changed(event(), downtimeMs="252000")).downtime == "4 min 12 s"


@pytest.mark.parametrize("junk", ["-1", "1e9", "9" * 40, "", "soon", "\u0663"])
def test_a_downtime_that_is_no_number_is_left_out(junk: str) -> None:
    assert feed.row(changed(event(), downtimeMs=junk)).downtime is None


def test_an_error_shows_its_text_its_state_and_how_often() -> None:
    row = feed.row(event(event="error", error="1006 abnormal closure", state="active", count="12"))
    assert row.after is not None
    assert (row.kind, row.error, row.count, row.after.word) == ("error", "1006 abnormal closure", 12, "Active")


@pytest.mark.parametrize("count", ["0", "-4", "many", ""])
def test_an_error_without_a_sound_count_happened_once(count: str) -> None:
    assert feed.row(event(event="error", error="e", count=count)).count == 1


def test_a_kind_unknown_here_is_shown_with_its_fields() -> None:
    row = feed.row(event(event="candle_gap", symbol="BTC-USD"))
    assert (row.kind, row.title) == ("other", "Unknown event candle_gap")
    assert [(fact.label, fact.value) for fact in row.fields] == [("symbol", "BTC-USD")]


def test_an_entry_that_is_no_event_is_shown_as_such() -> None:
    assert feed.row(event(foo="bar")).title == "Not an event"


@pytest.mark.parametrize(
    "fields",
    [
        {"event": "state_transition"},
        {"event": "error"},
        {"event": ""},
        {"event": "state_transition", "toState": "nonsense", "fromState": "", "downtimeMs": "x", "offlineAt": "x"},
        {"event": "\x00", "\x00": "\x00"},
        {f"k{number}": "v" * 10_000 for number in range(100)},
    ],
)
def test_junk_gives_a_row_and_not_an_error(fields: dict[str, str]) -> None:
    row = feed.row(Event(KRAKEN, "1-1", fields))
    assert row.kind in ("transition", "other")
    assert sum(len(fact.value or "") for fact in row.fields) < 3_000


def test_a_state_that_is_none_is_shown_as_it_was_written() -> None:
    after = feed.row(changed(event(), toState="exploding")).after
    assert after is not None
    assert (after.token, after.word) == ("unknown", "exploding")


def test_the_name_of_a_condition_is_not_taken_for_a_state() -> None:
    after = feed.row(changed(event(), toState="never_seen")).after
    assert after is not None
    assert (after.token, after.word) == ("unknown", "never_seen")


def test_rows_are_grouped_by_day_in_the_order_given() -> None:
    events = [event(ms=NOW - 1_000), event(ms=NOW - 2_000), event(ms=NOW - 20 * HOUR), event(ms=NOW - 60 * HOUR)]
    days = feed.feed(events, "coinbase:1-0", NOW).days
    assert [day.title for day in days] == [
        "Today, Saturday 21 November",
        "Yesterday, Friday 20 November",
        "Thursday 19 November",
    ]
    assert [len(day.rows) for day in days] == [2, 1, 1]


def test_a_time_that_no_calendar_holds_gets_a_day_of_its_own() -> None:
    days = feed.feed([Event(COINBASE, f"{2**63}-0", {"a": "b"}), event()], None, NOW).days
    assert [day.title for day in days] == ["At a time that no calendar holds", "Today, Saturday 21 November"]


def test_the_same_stream_id_in_two_logs_gives_two_element_ids() -> None:
    ids = {feed.row(event(exchange, 1_000)).element_id for exchange in (COINBASE, KRAKEN)}
    assert ids == {"event-coinbase-1000-0", "event-kraken-1000-0"}


def test_the_first_entry_after_a_failover_says_what_may_be_missing() -> None:
    said = feed.row(changed(event(), afterFailover="1")).gap
    assert said is not None
    assert "failed over" in said
    assert feed.row(event()).gap is None
