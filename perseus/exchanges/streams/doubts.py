"""Which streams may have missed something, told once for each time that they may have."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection

from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.events import Listener, Subject
from perseus.exchanges.streams.watchdog import SILENT
from perseus.exchanges.symbols import named

log = logging.getLogger(__name__)

MARGIN_MS = 35_000
"""How much earlier than the last message doubt begins: an exchange may tell of a candle's end half a minute late."""
TOLD_AFTER = 1.0
"""Seconds: what comes together is told together."""


class Doubts:
    """All of `subjects` begin in doubt, untold: nothing of them was ever live. `time`: loop time (s).

    `name`: of the stream, for the log. A quiet market is silent by right, so that of a stream alone is not told there.
    """

    def __init__(
        self,
        clock: ExchangeClock,
        listener: Listener,
        time: Callable[[], float],
        subjects: Collection[Subject],
        name: str,
    ) -> None:
        self._name = name
        self._untold: dict[str, list[Subject]] = {}
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
            if why != SILENT:
                self._note(new, why)

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

    def _note(self, subjects: Collection[Subject], why: str) -> None:
        if not self._untold:
            asyncio.get_running_loop().call_later(TOLD_AFTER, self._tell)
        self._untold.setdefault(why, []).extend(subjects)

    def _tell(self) -> None:
        untold, self._untold = self._untold, {}
        for why, subjects in untold.items():
            log.info("%s: %s may lack something: %s.", self._name, named(map(str, subjects)), why)

    def _exchange_ms(self, moment: float) -> int:
        """Exchange time of a loop time, with the margin; 0, all of time, where it is not known."""
        now = self._clock.estimate_ms()
        if now is None:
            return 0
        return max(0, now - self._clock.passes_ms(self._time() - moment) - MARGIN_MS)
