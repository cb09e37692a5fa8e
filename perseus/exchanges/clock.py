"""The time of an exchange, as far as it can be known from here."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from perseus.errors import PerseusError

JUMP_MS = 1_000
"""A step that is larger is believed to nobody alone."""
RECALLED_SECONDS = 30.0
"""So soon a time that was remembered has to be borne out by what is heard."""
SPAN_SECONDS = 600.0
"""The least delayed of the samples of one to two of these spans counts, so that a drift is followed."""
LATELY_SECONDS = 10.0
"""When nothing that was heard for so long bears the time out, the exchange may have set its clock back."""


class TimeUnknown(PerseusError):
    """Raised when the time of an exchange is asked for before the exchange has told any."""

    def __init__(self) -> None:
        super().__init__("The time of this exchange is not known yet: ask it for its time first.")


class ExchangeClock:
    """Unix milliseconds by the exchange's clock, carried on by `loop_time` (s, monotonic): never by the host's date.

    What is heard was stamped before it arrived, so each sample says: it is at least that late. The greatest
    difference is the least delayed sample. A sample that leaps ahead is refused and sets `is_doubtful`, as do ten
    seconds in which all lag; an answer to a question of ours (`sent`) has a latest time too, and two of them that
    agree move the clock whichever way.
    """

    def __init__(self, loop_time: Callable[[], float]) -> None:
        self._time = loop_time
        self._pace, self._paced_at, self._paced = 1.0, 0.0, 0.0
        self._offset: float | None = None
        self._best: float | None = None
        self._span_from = 0.0
        self._lately, self._lately_until = -inf, -inf
        self._moved: float | None = None
        self._shown = 0
        self._supposed: float | None = None
        self._is_answered = False
        self.is_doubtful = False
        self.refused = 0

    @property
    def is_known(self) -> bool:
        """Has the exchange told its time?"""
        return self._offset is not None

    def now_ms(self) -> int:
        """The time of the exchange; never goes back but by two answers that agree. Raises TimeUnknown."""
        if self._offset is None:
            raise TimeUnknown
        self._shown = max(self._shown, round(self._here() * 1000 + self._offset))
        return self._shown

    def is_ahead(self, exchange_ms: int) -> bool:
        """Is this so far in the future that nobody but an answer to a question of ours is believed?"""
        if self._offset is None or exchange_ms <= self._shown + JUMP_MS:
            return False  # no later than what was the time already, as nearly all that comes
        return exchange_ms > self.now_ms() + JUMP_MS

    def estimate_ms(self) -> int | None:
        """`now_ms`, or what was supposed, or None."""
        if self._offset is not None:
            return self.now_ms()
        return None if self._supposed is None else round(self._here() * 1000 + self._supposed)

    def passed_ms(self) -> float:
        """Of the exchange's time since some moment: it never leaps, whatever the exchange says that the time is."""
        return self._here() * 1000

    def set_pace(self, pace: float) -> None:
        """The exchange's time passes so many times as fast as ours from now on: that of a simulated one may."""
        now = self._time()
        self._paced, self._paced_at, self._pace = self._at(now), now, pace

    def passes_ms(self, seconds: float) -> int:
        """So much of the exchange's time passes in these seconds of ours."""
        return round(seconds * 1000 * self._pace)

    def takes_seconds(self, ms: float) -> float:
        """So long by our time takes this much of the exchange's."""
        return ms / 1000 / self._pace

    def suppose(self, exchange_ms: int) -> None:
        """A coarse time from elsewhere: for `estimate_ms` alone, until the exchange tells its own."""
        self._supposed = exchange_ms - self._here() * 1000

    def recall(self, exchange_ms: int) -> None:
        """The time as it was remembered. It is doubtful as soon as what is heard leaps ahead, or lags for a while."""
        now = self._here()
        self._offset, self._best = exchange_ms - now * 1000, None
        self._span_from = now - SPAN_SECONDS + RECALLED_SECONDS
        self.is_doubtful = False

    def skew_ms(self, host_ms: int) -> int:
        """How far the host's clock, which says `host_ms` now, is ahead of the exchange's. Raises TimeUnknown."""
        return host_ms - self.now_ms()

    def heard(self, exchange_ms: int, sent: float | None = None) -> None:
        """The exchange stamped something that has just arrived; `sent`: loop time at which we asked for it."""
        at = self._time()
        now = self._at(at)
        least = exchange_ms - now * 1000
        if sent is None:
            if least > self._lately:
                self._lately = least
            if at >= self._lately_until:
                self._compare(least, at)
            if self._is_later(least, now):
                return
        most = None if sent is None else exchange_ms - self._at(sent) * 1000
        if self._offset is None or (most is not None and not self._is_answered):
            self._set(least, now)
            self.is_doubtful = most is None  # an event may be stamped anyhow: it serves until there is an answer
        elif most is None:
            self._told(self._offset, least, now)
        else:
            self._answered(self._offset, least, most, now)
        self._is_answered = self._is_answered or most is not None

    def _compare(self, least: float, at: float) -> None:
        """Doubt the time that nothing of the last seconds agrees with, not that of which one sample says so."""
        is_begun = self._lately_until != -inf
        if is_begun and self._offset is not None and self._lately < self._offset - JUMP_MS:
            self.is_doubtful = True
        self._lately, self._lately_until = least, at + LATELY_SECONDS

    def _is_later(self, least: float, now: float) -> bool:
        """Was it delayed more than another of this span? Then it says nothing new: so it is with almost all."""
        if self._offset is None or self._best is None or now - self._span_from >= SPAN_SECONDS:
            return False
        return least <= self._best and least <= self._offset

    def _told(self, offset: float, least: float, now: float) -> None:
        if least > offset + JUMP_MS:
            self.refused += 1
            self.is_doubtful = True
            return
        self._sample(offset, least, now)

    def _answered(self, offset: float, least: float, most: float, now: float) -> None:
        if least - JUMP_MS <= offset <= most + JUMP_MS:
            self._moved, self.is_doubtful = None, False
            self._best = None if self._best is None else min(self._best, most)
            self._sample(min(offset, most), least, now)
        elif self._moved is not None and least - JUMP_MS <= self._moved <= most + JUMP_MS:
            self._set(least, now)
        else:
            self.refused += 1
            self._moved, self.is_doubtful = least, True

    def _sample(self, offset: float, least: float, now: float) -> None:
        if now - self._span_from < SPAN_SECONDS:
            self._best = least if self._best is None else max(self._best, least)
            self._offset = max(offset, least)
            return
        best = least if self._best is None else max(self._best, least)
        if best < offset - JUMP_MS:
            best = (
                offset  # all of a span lagged: a slow feed, or a clock that was set back, which only an answer can tell
            )
        self._offset, self._best, self._span_from = best, least, now

    def _set(self, offset: float, now: float) -> None:
        self._offset = self._best = offset
        self._span_from, self._moved, self.is_doubtful = now, None, False
        self._shown = 0
        self._lately, self._lately_until = -inf, -inf

    def _here(self) -> float:
        """Seconds that pass as fast as the exchange's time does."""
        return self._at(self._time())

    def _at(self, moment: float) -> float:
        """The same of a loop time."""
        return self._paced + (moment - self._paced_at) * self._pace
