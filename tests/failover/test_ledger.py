"""The judge of the staged failovers finds what it is there for."""

from __future__ import annotations

import json

from tests.failover.ledger import Fate, Ledger, fate, repeated


def ledger(*rows: list[object]) -> Ledger:
    found = Ledger()
    found.read(json.dumps(row) + "\n" for row in rows)
    return found


def test_two_valid_at_one_moment_are_found_and_one_after_the_other_are_not() -> None:
    assert not ledger(["span", "1", 0.0, 5.0], ["span", "2", 5.0, 6.0]).overlaps()
    assert ledger(["span", "1", 0.0, 5.0], ["span", "2", 4.9, 6.0]).overlaps()


def test_an_overlap_with_one_that_began_long_before_is_found() -> None:
    long = ledger(["span", "1", 0.0, 50.0], ["span", "1", 1.0, 2.0], ["span", "2", 30.0, 31.0])
    assert [(first.token, second.token) for first, second in long.overlaps()] == [(1, 2)]


def test_the_spans_of_one_lease_do_not_overlap_each_other() -> None:
    assert not ledger(["span", "1", 0.0, 5.0], ["span", "1", 4.0, 6.0]).overlaps()


def test_a_smaller_token_that_is_valid_later_is_found() -> None:
    assert not ledger(["span", "1", 0.0, 5.0], ["span", "2", 6.0, 7.0]).disorders()
    assert ledger(["span", "2", 0.0, 5.0], ["span", "1", 6.0, 7.0]).disorders()


def test_the_time_without_a_holder_is_counted() -> None:
    assert ledger(["span", "1", 0.0, 5.0], ["span", "2", 7.5, 9.0]).gaps() == [2.5]


def test_a_line_that_was_cut_off_is_left_out() -> None:
    found = Ledger()
    found.read(['["span", "1", 0.0, 5.0]\n', '["span", "2", 4.'])
    assert len(found.spans) == 1


def test_events_are_there_or_written_again_or_said_to_be_missing_or_silently_gone() -> None:
    log = [("1-0", {"eventId": "a"}), ("5-0", {"eventId": "b", "afterFailover": "1"}), ("6-0", {"eventId": "b"})]
    assert fate({"a": "1-0", "b": "2-0", "c": "3-0", "d": "7-0"}, log) == Fate(4, 1, 1, 1)
    assert repeated(log) == 1
