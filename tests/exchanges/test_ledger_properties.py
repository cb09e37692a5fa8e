"""Whatever comes in whatever order: no calendar minute and no rolling second ever has more than its cap."""

from __future__ import annotations

import itertools
from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perseus.exchanges.budget.book import EARLY_MS, LATE_MS, SHARE, Book, Granted, Priority
from perseus.exchanges.wire.request import REQUESTS, WEIGHT, Limit
from perseus.store import Client, connect
from tests.exchanges.budget import ADDRESS, MINUTE, START_MS

IDS = itertools.count(1_000)
CALENDAR = Limit(WEIGHT, MINUTE, 60, is_calendar=True)
CAP = 60 * SHARE // 100

gaps = st.one_of(st.just(0), st.integers(1, 400), st.integers(400, 30_000))
asked = st.tuples(
    gaps,
    st.integers(1, 20),
    st.sampled_from(Priority),
    st.integers(-EARLY_MS, EARLY_MS),
    st.integers(0, LATE_MS - EARLY_MS),
)
rolling = st.builds(
    Limit, st.just(REQUESTS), st.sampled_from([500, 1_000, 3_000, 20_000]), st.integers(2, 60), st.just(False)
)
each_time = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], print_blob=True
)


def fresh(client: Client, limit: Limit) -> Book:
    return Book(client, next(IDS), ADDRESS, (limit,))


@each_time
@given(st.lists(asked, min_size=20, max_size=80))
def test_no_calendar_minute_of_the_exchange_gets_more_than_its_cap(
    real_store: str, arrivals: list[tuple[int, int, Priority, int, int]]
) -> None:
    """Also when clocks differ and requests are under way for a while: it is where they arrive that counts."""
    arrived: Counter[int] = Counter()
    true = START_MS
    with connect(real_store, timeout=2, name="test") as client:
        book = fresh(client, CALENDAR)
        for gap, weight, priority, ahead, under_way in arrivals:
            true += gap
            if isinstance(book.reserve(true + ahead, "request", weight, priority), Granted):
                arrived[(true + under_way) // MINUTE] += weight
    assert max(arrived.values(), default=0) <= CAP


@each_time
@given(rolling, st.lists(st.tuples(st.integers(0, 700), st.sampled_from(Priority)), min_size=30, max_size=90))
def test_no_rolling_span_ever_gets_more_than_its_cap(
    real_store: str, limit: Limit, arrivals: list[tuple[int, Priority]]
) -> None:
    now, sent = START_MS, []
    with connect(real_store, timeout=2, name="test") as client:
        book = fresh(client, limit)
        for gap, priority in arrivals:
            now += gap
            if isinstance(book.reserve(now, "request", 1, priority), Granted):
                sent.append(now)
    cap = max(1, limit.amount * SHARE // 100)
    assert all(sent[at + cap] - sent[at] >= limit.interval_ms for at in range(len(sent) - cap))


@each_time
@given(st.lists(st.tuples(st.integers(0, 700), st.integers(1, 9), st.integers(0, 9)), min_size=20, max_size=60))
def test_with_others_at_work_what_we_add_never_takes_the_minute_over_the_cap(
    real_store: str, arrivals: list[tuple[int, int, int]]
) -> None:
    """Others use more of it by and by; each answer tells the sum, and from then on we keep to what is left."""
    now, ours, others, told = START_MS, 0, 0, 0
    with connect(real_store, timeout=2, name="test") as client:
        book = fresh(client, CALENDAR)
        for gap, weight, more in arrivals:
            now += gap
            others += more
            if isinstance(book.reserve(now, "request", weight, Priority.ADMIN), Granted):
                assert ours + weight + told <= CAP
                ours += weight
                book.correct(now, WEIGHT, MINUTE, ours + others)
                told = others
    assert now // MINUTE == START_MS // MINUTE
    assert told or not ours or not others
