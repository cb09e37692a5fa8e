"""Which streams may have missed something, told once for each time that they may have."""

from __future__ import annotations

from collections.abc import Callable, Collection

from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.events import Listener, Subject

MARGIN_MS = 35_000
"""How much earlier than the last message doubt begins: an exchange may tell of a candle's end half a minute late."""


class Doubts:
    """All of `subjects` begin in doubt, untold: nothing of them was ever live. `time`: loop time (s)."""

    def __init__(
        self, clock: ExchangeClock, listener: Listener, time: Callable[[], float], subjects: Collection[Subject]
    ) -> None:
        self._clock = clock
        self._listener = listener
        self._time = time
        self._open = set(subjects)

    def begin(self, subjects: Collection[Subject]) -> None:
        """These are new."""
        self._open.update(subjects)

    def forget(self, subjects: Collection[Subject]) -> None:
        """These are wanted no longer."""
        self._open.difference_update(subjects)

    def doubt(self, subjects: Collection[Subject], since: float, why: str) -> None:
        """What these said since the loop time `since` may be incomplete. Those in doubt already stay so from before."""
        new = [subject for subject in subjects if subject not in self._open]
        if new:
            self._open.update(new)
            self._listener.on_doubt(new, self._exchange_ms(since), why)

    def heard(self, subject: Subject) -> None:
        """It has spoken, so it is live."""
        if subject in self._open:
            self.end([subject])

    def end(self, subjects: Collection[Subject]) -> None:
        """These are live from now on."""
        back = [subject for subject in subjects if subject in self._open]
        if back:
            self._open.difference_update(back)
            self._listener.on_live(back, self._clock.estimate_ms() or 0)

    def _exchange_ms(self, moment: float) -> int:
        """Exchange time of a loop time, with the margin; 0, all of time, where it is not known."""
        now = self._clock.estimate_ms()
        if now is None:
            return 0
        return max(0, now - self._clock.passes_ms(self._time() - moment) - MARGIN_MS)
