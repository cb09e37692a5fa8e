"""Asks now and then for what is held to be absent because REST gave nothing for it, which proves nothing.

Each pair with such candles is asked for by one request, a quarter of an hour after that was found, then ever more
seldom. Also what a process finds so in the store at its start waits as long: a restart with everything there asks for
nothing.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from perseus.exchanges.budget.ledger import Priority
from perseus.ingest.engine.absence import doubtful, from_known, known_end, up_to_known
from perseus.ingest.engine.series import Series
from perseus.market.candle import Pair
from perseus.market.coverage import Coverage, Range

LOOK_SECONDS = 30.0
HOURS = (0.25, 1, 4, 12, 24)
"""Between two requests for the same; the last for ever."""
HOUR_SECONDS = 3_600.0
SPREAD = 1 / 6
"""Each wait is longer by up to this share of it, so that not all pairs come at once."""


def next_range(series: Series, now_ms: int, most: int) -> Range | None:
    """What to ask for now, of at most `most` candles; None: nothing. What is missing goes before what is asked again.

    It is asked for together with the candle before it that is known; what was answered with nothing before, also with
    one behind it that is known, or runs.
    """
    timeframe, missing = series.pair.timeframe, series.missing(now_ms, most)
    is_new = missing is not None and not series.blank.has_doubted(missing)
    asked = missing or _again(series, now_ms, most)
    if asked is None:
        return None
    asked = asked if is_new else up_to_known(asked, series.coverage, timeframe, now_ms, most)
    return from_known(asked, series.coverage, timeframe, most)


def _again(series: Series, now_ms: int, most: int) -> Range | None:
    """What is left of what is to be asked for again, as one range; it is that from now on.

    Of more than one answer holds the newest, with room for the candle that proves it where that is near enough.
    """
    if series.again is None:
        return None
    held = doubtful(series.coverage, max(series.again[0], series.window(now_ms)[0]), series.again[1])
    series.again = None
    if held:
        last_ms, timeframe = held[-1][1], series.pair.timeframe
        first_ms = timeframe.shift(known_end(last_ms, series.coverage, timeframe, now_ms), -most)
        if first_ms >= last_ms:
            first_ms = timeframe.shift(last_ms, -most)
        series.again = max(held[0][0], first_ms), last_ms
    return series.again


@dataclass
class _Turn:
    """Of one pair: what is held absent, asked for so many `times`, and at `at` (s) again.

    `times` is -1 where the next comes too early for what was found last: that is asked for as soon again.
    """

    held: Coverage
    at: float
    times: int = 0


class Reasking:
    """`want` has asked for what a series sets as `again`; `chance()` gives 0 to 1, and spreads waits."""

    def __init__(
        self,
        series: Mapping[Pair, Series],
        want: Callable[[Series, Priority], None],
        now_ms: Callable[[], int],
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._series, self._want, self._now_ms, self._chance = series, want, now_ms, chance
        self._turns: dict[Pair, _Turn] = {}

    async def run(self) -> None:
        """Look until cancelled."""
        time = asyncio.get_running_loop().time
        while True:
            self.look(time())
            await asyncio.sleep(LOOK_SECONDS)

    def look(self, now: float) -> None:
        """Ask for what has waited long enough; `now`: seconds."""
        for series in self._series.values():
            held = [] if series.is_refused else doubtful(series.coverage, *series.window(self._now_ms()))
            if not held:
                self._turns.pop(series.pair, None)
                continue
            turn = self._turn(series.pair, held, now)
            if now >= turn.at:
                turn.times += 1
                turn.at = now + self._wait(turn.times)
                series.again = held[0][0], held[-1][1]
                self._want(series, Priority.WARMUP)

    def _turn(self, pair: Pair, held: list[Range], now: float) -> _Turn:
        known = self._turns.get(pair)
        if known is None or any(known.held.unverified(*one) for one in held):
            at = now + self._wait(0)
            is_early = known is not None and known.at < at
            known = self._turns[pair] = _Turn(Coverage(), min(at, known.at) if known else at, -is_early)
        known.held = Coverage()
        for one in held:
            known.held = known.held.verify(*one)
        return known

    def _wait(self, times: int) -> float:
        hours = HOURS[min(times, len(HOURS) - 1)]
        return hours * HOUR_SECONDS * (1 + SPREAD * self._chance())
