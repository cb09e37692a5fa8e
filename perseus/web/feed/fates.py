"""What became of the events that a filter shows: the newest are followed beside the poll, older ones asked for."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

from perseus.clock import Clock
from perseus.errors import StoreRefused, StoreUnavailable
from perseus.network.log.activity import Event
from perseus.web.feed.marks import Fates

KEPT_SECONDS = 10.0
PAGES_KEPT = 32

Read = Callable[[Sequence[Event]], Fates]


class PastFates:
    """One app's. `read` asks the store, and raises StoreUnavailable, StoreRefused. Safe from any thread."""

    def __init__(self, read: Read, clock: Clock) -> None:
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[str, ...], tuple[float, Fates]] = OrderedDict()

    def of(self, events: Sequence[Event], *, asks: bool = True) -> Fates:
        """The fates of these events, at most ten seconds old; the last known of a store that does not answer.

        `asks` False: it is known not to.
        """
        names = tuple(event.name for event in events)
        if not names:
            return {}
        with self._lock:
            kept, now = self._known.get(names), self._clock.elapsed()
            if not asks:
                return kept[1] if kept else {}
            if kept is None or now - kept[0] >= KEPT_SECONDS:
                kept = self._known[names] = now, self._asked(events, kept[1] if kept else {})
            self._known.move_to_end(names)
            while len(self._known) > PAGES_KEPT:
                self._known.popitem(last=False)
            return kept[1]

    def _asked(self, events: Sequence[Event], known: Fates) -> Fates:
        try:
            return self._read(events)
        except (StoreUnavailable, StoreRefused):
            return known
