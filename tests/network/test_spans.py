"""Spans, uptimes and what is usual, from the transitions of a log."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from perseus.clock import iso
from perseus.network.exchange import Exchange
from perseus.network.log.activity import Event
from perseus.network.log.spans import NO_DATA, Change, History, Span
from perseus.network.log.uptime import DAY_MS, HOUR_MS, uptime
from perseus.network.log.usual import LEAST_LIMIT_MS, RUNS_MOST, usual
from perseus.network.states import OFFLINE, State

COINBASE = Exchange(1, "coinbase", "Coinbase")
START = 1_795_000_000_000


def transition(at_ms: int, state: str, **fields: str) -> Event:
    return Event(COINBASE, f"{at_ms}-0", {"event": "state_transition", "toState": state, **fields})


def of(*changes: tuple[int, str]) -> History:
    return History(COINBASE, tuple(Change(START + at_ms, state) for at_ms, state in changes))


def test_each_change_holds_until_the_next_and_before_the_first_nothing_is_known() -> None:
    history = of((100, "starting"), (200, "active"), (900, OFFLINE))
    assert history.spans(START, START + 1_000) == (
        Span(NO_DATA, START, START + 100),
        Span("starting", START + 100, START + 200),
        Span("active", START + 200, START + 900),
        Span(OFFLINE, START + 900, START + 1_000),
    )
    assert history.spans(START + 300, START + 400) == (Span("active", START + 300, START + 400),)
    assert history.spans(START + 400, START + 300) == ()


def test_without_any_event_all_is_no_data() -> None:
    assert of().spans(START, START + 5) == (Span(NO_DATA, START, START + 5),)


@given(
    st.lists(st.tuples(st.integers(0, 1_000), st.sampled_from([*State, OFFLINE])), max_size=20),
    st.integers(-100, 1_100),
    st.integers(-100, 1_100),
)
def test_spans_fill_the_time_without_gap_or_overlap(found: list[tuple[int, str]], begins: int, ends: int) -> None:
    spans = of(*sorted(found, key=lambda change: change[0])).spans(START + begins, START + ends)
    marks = [START + begins, *(span.until_ms for span in spans)]
    assert [span.from_ms for span in spans] == marks[:-1]
    assert marks[-1] == START + max(begins, ends)
    assert all(span.lasted_ms > 0 for span in spans)
    assert all(one.state != two.state for one, two in pairwise(spans))


def test_a_death_counts_from_the_end_of_its_lease_and_not_from_when_it_was_seen() -> None:
    seen = transition(START + 90_000, OFFLINE, offlineAt=iso(START + 45_000))
    history = History(COINBASE).grown([transition(START, "active"), seen], START - DAY_MS)
    assert history.changes == (Change(START, "active"), Change(START + 45_000, OFFLINE))


def test_a_death_that_a_host_dates_before_what_is_known_or_after_it_was_written_is_moved() -> None:
    early = transition(START + 9, OFFLINE, offlineAt=iso(START - 5_000))
    late = transition(START + 20, OFFLINE, offlineAt=iso(START + 5_000))
    junk = transition(START + 30, OFFLINE, offlineAt="yesterday")
    history = History(COINBASE).grown([transition(START, "active"), early, late, junk], START - DAY_MS)
    assert [change.at_ms - START for change in history.changes] == [0, 0, 20, 30]


def test_errors_and_strange_entries_change_nothing() -> None:
    known = of((0, "active"))
    strange = [Event(COINBASE, "1795000000001-0", {"event": "error"}), transition(START + 2, "asleep")]
    assert known.grown(strange, START - DAY_MS) is known


def test_what_is_older_than_wanted_is_cut_but_for_what_held_then() -> None:
    history = of((0, "starting"), (10, "active"), (500, OFFLINE)).grown([], START + 100)
    assert history.changes == (Change(START + 100, "active"), Change(START + 500, OFFLINE))


def test_uptime_is_of_the_time_that_is_known() -> None:
    history = of((12 * HOUR_MS, "starting"), (13 * HOUR_MS, "active"), (22 * HOUR_MS, OFFLINE))
    found = uptime(history, START + 24 * HOUR_MS, DAY_MS)
    assert found == (9 * HOUR_MS, 3 * HOUR_MS, 12 * HOUR_MS)
    assert found.percent == 75.0
    assert uptime(of(), START, DAY_MS).percent is None


def warmups(*lasted_ms: int) -> History:
    changes = []
    at_ms = 0
    for each in lasted_ms:
        changes += [(at_ms, "warming"), (at_ms + each, "active"), (at_ms + each + 1_000, OFFLINE)]
        at_ms += HOUR_MS
    return of(*changes)


def test_what_is_usual_is_learned_from_five_runs_that_ended_well() -> None:
    assert usual(warmups(40_000, 50_000, 45_000, 60_000), State.WARMING) is None
    found = usual(warmups(40_000, 50_000, 45_000, 60_000, 41_000), State.WARMING)
    assert found is not None
    assert (found.runs, found.median_ms) == (5, 45_000)
    assert 50_000 < found.most_ms <= 60_000
    assert found.limit_ms == 2 * found.most_ms


def test_runs_that_failed_do_not_count_and_active_may_last() -> None:
    failed = of(*((at * 1_000, state) for at in range(0, 20, 2) for state in ("warming",)))
    assert usual(failed, State.WARMING) is None
    assert usual(warmups(1, 2, 3, 4, 5, 6), State.ACTIVE) is None


def test_stuck_is_longer_than_the_limit_and_short_states_have_room() -> None:
    found = usual(warmups(100, 200, 150, 100, 300), State.WARMING)
    assert found is not None
    assert found.limit_ms == LEAST_LIMIT_MS
    assert not found.is_exceeded(LEAST_LIMIT_MS)
    assert found.is_exceeded(LEAST_LIMIT_MS + 1)


def test_what_was_usual_long_ago_is_forgotten() -> None:
    found = usual(warmups(*[600_000] * 10, *[60_000] * RUNS_MOST), State.WARMING)
    assert found == (RUNS_MOST, 60_000, 60_000, 120_000)
