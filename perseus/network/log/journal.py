"""What an instance writes into its activity log: transitions at once and in order, repeated errors by the minute."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future

from perseus.clock import Clock, StoreClock
from perseus.network.leasing.claims import Death
from perseus.network.log import activity
from perseus.network.log.activity import ActivityLog, Entry, Fenced
from perseus.network.log.outbox import Outbox
from perseus.network.log.throttle import ErrorThrottle
from perseus.network.payload import InstanceStatus
from perseus.network.states import OFFLINE, State


class Journal:
    """`status()` gives the payload that an event takes its facts from; `told(text, count)` hears of each error event.

    `fenced(error)` is called when a later lease has written to the log.
    """

    def __init__(
        self,
        log: ActivityLog,
        status: Callable[[], InstanceStatus],
        told: Callable[[str, int], None],
        fenced: Callable[[Fenced], None],
        retry: float,
        clock: Clock,
        store_clock: StoreClock,
    ) -> None:
        self._status = status
        self._told = told
        self._clock = clock
        self._store_clock = store_clock
        self._throttle = ErrorThrottle()
        self._lock = threading.Lock()
        self._exchange, self._log = log.exchange, log
        self._outbox = Outbox(log, retry, clock, self._due, fenced)

    def start(self) -> None:
        """Begin to write."""
        self._outbox.start()

    @property
    def is_stuck(self) -> bool:
        """The store took nothing the last time: events wait."""
        return self._outbox.is_stuck

    def death(self, dead: Death) -> None:
        """The predecessor's end, before anything of our own."""
        self._outbox.send(activity.death(self._exchange, dead, self._store_clock.now_ms()), is_death=True)

    def transition(self, from_state: State, to_state: State, reason: str, downtime_ms: int | None) -> Future[str]:
        """A change of state; the future gives the stream id."""
        now_ms = self._store_clock.now_ms()
        return self._outbox.send(activity.transition(self._status(), now_ms, from_state, to_state, reason, downtime_ms))

    def put_back(self, state: State, absent_ms: int) -> None:
        """The lease's key had vanished for at most `absent_ms` and was written again."""
        now_ms = self._store_clock.now_ms()
        self._outbox.send(activity.transition(self._status(), now_ms, OFFLINE, state, "lease_put_back", absent_ms))

    def error(self, text: str) -> None:
        """An error: an event at once, or counted into the one that its minute ends with."""
        with self._lock:
            first = self._throttle.report(text, self._clock.elapsed())
        if first is not None:
            self._outbox.send(self._error(first, 1))

    def tell_repeats(self) -> None:
        """Write the counted repeats now: before the state changes in which they happened."""
        with self._lock:
            due = self._throttle.due(self._clock.elapsed(), everything=True)
        for text, count in due:
            self._outbox.send(self._error(text, count))

    def hurry(self) -> None:
        """The store answers again: what waits is tried now."""
        self._outbox.hurry()

    def stop(self, timeout: float) -> None:
        """Write what waits, counted repeats included, then end."""
        self.tell_repeats()
        self._outbox.stop(timeout)

    def _due(self, now: float) -> tuple[list[Entry], float | None]:
        with self._lock:
            due, ask_again = self._throttle.due(now), self._throttle.next_due()
        look_again = self._log.look_after(now)
        moments = [moment for moment in (ask_again, look_again) if moment is not None]
        return [self._error(text, count) for text, count in due], min(moments, default=None)

    def _error(self, text: str, count: int) -> Entry:
        self._told(text, count)
        return activity.error(self._status(), self._store_clock.now_ms(), text, count)
