"""The newest events that a filter lets through, kept for the polls of everybody who looks through it.

What the shared view brings is filtered here. The logs themselves are searched only when a filter is new, or when so
much has happened since that the view no longer reaches back to what is known.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from perseus.clock import Clock, SystemClock
from perseus.errors import StoreRefused, StoreUnavailable
from perseus.network.log.activity import Event
from perseus.network.log.search import EVERYTHING, Search
from perseus.network.log.searching import Found
from perseus.network.view.directory import NetworkView

PAGE_EVENTS = 50
FILTERS_KEPT = 32
KEPT_SECONDS = 60.0
MACHINE = SystemClock()

Find = Callable[[Search, int], Found]


@dataclass(frozen=True, slots=True)
class Known:
    """What one filter lets through, as of `view`; `searched_at`: elapsed seconds."""

    found: Found
    view: tuple[Event, ...]
    searched_at: float


class Newest:
    """One app's. `find` searches the logs and raises StoreUnavailable, StoreRefused. Safe from any thread."""

    def __init__(self, find: Find, clock: Clock = MACHINE) -> None:
        self._find = find
        self._clock = clock
        self._lock = threading.Lock()
        self._known: OrderedDict[Search, Known] = OrderedDict()

    def of(self, view: NetworkView, search: Search) -> Found | None:
        """The newest page, the same object while nothing changed; None while the store does not say."""
        if search == EVERYTHING:
            return Found(view.events, view.older)
        with self._lock:
            known = self._known.pop(search, None)
            known = (known and self._followed(known, view, search)) or self._searched(view, search) or known
            if known is None:
                return None
            self._known[search] = known
            while len(self._known) > FILTERS_KEPT:
                self._known.popitem(last=False)
            return known.found

    def _followed(self, known: Known, view: NetworkView, search: Search) -> Known | None:
        """The same with what has happened since; None when that cannot be told from the view."""
        if self._clock.elapsed() - known.searched_at > KEPT_SECONDS:
            return None
        if known.view is view.events or known.view == view.events:
            return known
        names = {event.name for event in known.view}
        fresh = tuple(event for event in view.events if event.name not in names)
        if len(fresh) == len(view.events):
            return None
        matching = [event for event in fresh if search.matches(event)]
        return Known(_grown(known.found, matching), view.events, known.searched_at)

    def _searched(self, view: NetworkView, search: Search) -> Known | None:
        if not view.store.answers:
            return None
        try:
            found = self._find(search, PAGE_EVENTS)
        except (StoreUnavailable, StoreRefused):
            return None
        return Known(found, view.events, self._clock.elapsed())


def _grown(found: Found, fresh: list[Event]) -> Found:
    # A search comes after its view was read, so it may have found already what the next view brings.
    added = [event for event in fresh if event not in found.events]
    if not added:
        return found
    events = tuple(sorted((*added, *found.events), key=lambda event: event.order, reverse=True))
    if len(events) <= PAGE_EVENTS:
        return Found(events, found.older, found.looked_to_ms)
    return Found(events[:PAGE_EVENTS], events[PAGE_EVENTS - 1].name)
