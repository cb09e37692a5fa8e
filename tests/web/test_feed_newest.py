"""The newest events behind a filter: the logs are searched once, and followed from what the view brings."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perseus.errors import StoreUnavailable
from perseus.network.log.activity import Event
from perseus.network.log.search import EVERYTHING, Kind, Search
from perseus.network.log.searching import Found
from perseus.network.view.directory import NetworkView, StoreNotice
from perseus.web.feed.newest import FILTERS_KEPT, PAGE_EVENTS, Newest
from tests.conftest import ManualClock
from tests.web.views import COINBASE, NOW, event, view

ERRORS = Search(kind=Kind.ERROR)


class Logs:
    """A log that grows; `searched` counts how often somebody looked through it."""

    def __init__(self, *kinds: bool) -> None:
        self.events: list[Event] = []
        self.searched = 0
        self.is_away = False
        self.happen(*kinds)

    def happen(self, *kinds: bool) -> None:
        """One event each: an error for True."""
        for is_error in kinds:
            at = NOW + len(self.events)
            fields = {"event": "error", "error": f"e{at}"} if is_error else {"event": "x"}
            self.events.insert(0, event(COINBASE, at, 0, **fields))

    def view(self) -> NetworkView:
        return view((), self.events[:PAGE_EVENTS])

    def find(self, search: Search, count: int) -> Found:
        self.searched += 1
        if self.is_away:
            raise StoreUnavailable("127.0.0.1:6379", "gone")
        matching = [one for one in self.events if search.matches(one)]
        older = matching[count - 1].name if len(matching) > count else None
        return Found(tuple(matching[:count]), older)


def found(newest: Newest, logs: Logs, search: Search = ERRORS) -> Found:
    answer = newest.of(logs.view(), search)
    assert answer is not None
    return answer


def test_without_a_filter_nothing_is_searched() -> None:
    logs = Logs(True, False)
    assert found(Newest(logs.find), logs, EVERYTHING).events == tuple(logs.events)
    assert logs.searched == 0


def test_an_unchanged_network_is_searched_once_and_gives_the_same_object() -> None:
    logs = Logs(True, False)
    newest = Newest(logs.find)
    assert found(newest, logs) is found(newest, logs)
    assert logs.searched == 1


@given(st.lists(st.lists(st.booleans(), max_size=70), max_size=6))
def test_what_is_followed_is_what_a_search_would_find(polls: list[list[bool]]) -> None:
    logs = Logs(True, False, True)
    newest = Newest(logs.find)
    for kinds in polls:
        logs.happen(*kinds)
        assert found(newest, logs) == logs.find(ERRORS, PAGE_EVENTS)


def test_a_few_new_events_cost_no_search() -> None:
    logs = Logs(True)
    newest = Newest(logs.find)
    found(newest, logs)
    logs.happen(True, False, True)
    assert len(found(newest, logs).events) == 3
    assert logs.searched == 1


def test_what_happened_behind_the_view_is_searched_for() -> None:
    logs = Logs(True)
    newest = Newest(logs.find)
    found(newest, logs)
    logs.happen(True, *[False] * 60)
    assert len(found(newest, logs).events) == 2
    assert logs.searched == 2


def test_what_a_search_found_before_the_view_did_is_not_shown_twice() -> None:
    logs = Logs(True)
    newest, early = Newest(logs.find), logs.view()
    logs.happen(True)
    newest.of(early, ERRORS)
    assert found(newest, logs).events == tuple(logs.events)


def test_after_a_minute_the_logs_are_searched_again(clock: ManualClock) -> None:
    logs = Logs(True)
    newest = Newest(logs.find, clock)
    found(newest, logs)
    clock.advance(61)
    found(newest, logs)
    assert logs.searched == 2


def test_a_store_that_falls_silent_leaves_what_is_known(clock: ManualClock) -> None:
    logs = Logs(True)
    newest = Newest(logs.find, clock)
    before = found(newest, logs)
    logs.is_away = True
    clock.advance(61)
    assert found(newest, logs) == before
    silent = replace(logs.view(), store=StoreNotice(False, "gone"))
    assert newest.of(silent, ERRORS) == before
    assert newest.of(silent, Search("coinbase")) is None


def test_a_search_that_fails_is_no_empty_answer() -> None:
    logs = Logs(True)
    logs.is_away = True
    assert Newest(logs.find).of(logs.view(), ERRORS) is None


@pytest.mark.parametrize("number", [1, FILTERS_KEPT + 5])
def test_only_so_many_filters_are_kept(number: int) -> None:
    logs = Logs(True)
    newest = Newest(logs.find)
    for at in range(number):
        found(newest, logs, Search(words=(str(at),)))
    found(newest, logs, Search(words=("0",)))
    assert logs.searched == number + (number > FILTERS_KEPT)
