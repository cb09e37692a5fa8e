"""What people read: titles, texts, facts, and times in UTC."""

from __future__ import annotations

import pytest

from perseus.notify.notification import Kind, Severity
from perseus.notify.texts import samples, wording
from perseus.notify.texts.spans import clock, moment, seconds, span
from perseus.web import words
from tests.notify.plan_table import DISPATCHER, KRAKEN, at, event, failed, lost, moves

SPANS = (-1, 0, 59_999, 60_000, 252_000, 3_720_000, 86_400_000, 277_199_000)

SAID = [
    (
        lost(KRAKEN, 10),
        "Kraken is offline",
        "No heartbeat until its lease ended at 2026-09-21 14:13:30 UTC. It was active on",
    ),
    (lost(KRAKEN, 10, reason="restarted"), "Kraken was lost and restarts", "Its last heartbeat was at"),
    (moves(KRAKEN, 10, "active", "warming"), "Kraken is active", "From warming to active: test"),
    (moves(KRAKEN, 10, "idle", "starting"), "Kraken is idle", "From starting to idle: test"),
    (
        event(KRAKEN, 10, "state_transition", toState="idle", reason="start failed: boom"),
        "Kraken failed to start",
        "Now idle: start failed: boom",
    ),
    (failed(KRAKEN, 10, "boom\nand more"), "Kraken: error", "boom\nand more"),
    (failed(KRAKEN, 10, count="1470"), "Kraken: error (1,470 times)", "boom"),
    (failed(KRAKEN, 10, ""), "Kraken: error", "It does not say which."),
    (
        event(DISPATCHER, 10, "system", what="dead_letter", destination="ops", detail="HTTP 400"),
        "Destination ops: dead letter",
        "HTTP 400",
    ),
    (event(DISPATCHER, 10, "system", what="restarted"), "Dispatcher: restarted", "restarted."),
    (event(KRAKEN, 10, "new_kind", wheels="4"), "Kraken: new_kind", "wheels: 4"),
    (event(KRAKEN, 10, ""), "Kraken: an event without a kind", "hostname: feed-1"),
]


@pytest.mark.parametrize(("event", "title", "text"), SAID)
def test_each_sort_of_event_has_its_words(event: wording.Event, title: str, text: str) -> None:
    told = wording.plain("ops", event)
    assert told.title == title
    assert text in told.text


def test_the_text_of_an_error_is_cut_and_says_so() -> None:
    told = wording.plain("ops", failed(KRAKEN, 1, "x" * 4_000))
    assert told.text == "x" * 1_500 + " ... (2,500 more characters)"


def test_control_and_direction_characters_do_not_reach_a_title() -> None:
    told = wording.plain("ops", event(KRAKEN, 1, "a\u202eb\x07\nc"))
    assert told.title == "Kraken: a b c"


@pytest.mark.parametrize("ms", SPANS)
def test_spans_are_said_as_on_the_pages(ms: int) -> None:
    assert span(ms) == words.span(ms)


def test_settings_are_said_without_empty_ends() -> None:
    assert [seconds(count) for count in (0.5, 10, 240, 250, 3_600, 86_400)] == [
        "0.5 s",
        "10 s",
        "4 min",
        "4 min 10 s",
        "1 h",
        "1 d",
    ]


def test_a_time_of_day_names_its_day_only_where_it_is_another() -> None:
    assert moment(at(0)) == "2026-09-21 14:13:20 UTC"
    assert clock(at(0), at(5)) == "14:13:20 UTC"
    assert clock(at(40), at(5)) == "14:14 UTC"
    assert clock(at(86_400), at(5)) == "2026-09-22 14:13:20 UTC"
    assert clock(10**20, at(5)) == str(10**20)


def test_there_is_a_sample_of_every_kind_and_severity() -> None:
    assert {one.kind for one in samples.notifications()} == set(Kind)
    assert {one.severity for one in samples.notifications()} == set(Severity)


def test_a_drill_says_that_it_is_one() -> None:
    drill = samples.drill("ops", "ann", at(0))
    assert drill.is_drill
    assert drill.title.startswith("DRILL")
    assert ("Asked for by", "ann") in drill.facts
    assert samples.drill("ops", "ann", at(1)).id != drill.id
