"""Streams of which nothing has come: whether nobody trades there, by the word of REST, or they are dead."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from decimal import Decimal

from perseus.errors import PerseusError
from perseus.exchanges.budget.ledger import Priority
from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.dialect import Dialect
from perseus.exchanges.events import Subject
from perseus.exchanges.rest import Rest
from perseus.exchanges.streams.watchdog import Watchdog
from perseus.market.candle import Pair

log = logging.getLogger(__name__)

LOOK_EVERY = 5.0
KNOWN_SECONDS = 3600.0
"""So long it is not asked again whether a symbol is traded."""
AGAIN_SECONDS = 60.0
MARGIN_MS = 10_000
"""A stream may tell of a trade so much later than it was."""


class Trades:
    """What REST says of trades in symbols of one exchange; for all connections to it."""

    def __init__(self, dialect: Dialect, rest: Rest, clock: ExchangeClock) -> None:
        self._dialect = dialect
        self._rest = rest
        self._clock = clock
        self._none_at: dict[str, float] = {}
        self._named: set[str] = set()

    @property
    def now_ms(self) -> int | None:
        """The exchange's time."""
        return self._clock.estimate_ms()

    def were_none_of_late(self, pair: Pair, now: float) -> bool:
        """Was it asked within the last hour, and there was none?"""
        return now - self._none_at.get(pair.symbol, -KNOWN_SECONDS) < KNOWN_SECONDS

    async def were_any(self, pair: Pair, from_ms: int, now_ms: int) -> bool:
        """In candles that opened from then on and ended a while before `now_ms`. Raises as `Rest.read`."""
        frame, dialect = pair.timeframe, self._dialect
        end_ms = frame.open_of(now_ms - MARGIN_MS)
        limit = min(frame.count(from_ms, end_ms), dialect.history_limit)
        request = dialect.history_request(pair, frame.shift(end_ms, -limit), end_ms, limit)
        rows = await self._rest.read(
            request, Priority.WARMUP, lambda answer: dialect.parse_history(answer, pair, now_ms)
        )
        return any(Decimal(candle.volume) for candle in rows)

    def none(self, pairs: Collection[Pair], now: float) -> None:
        """Nobody trades there: no trouble, and said once."""
        self._none_at.update((pair.symbol, now) for pair in pairs)
        for symbol in sorted({pair.symbol for pair in pairs} - self._named):
            self._named.add(symbol)
            log.info("%s: Nothing has come of %s: nobody trades there, says REST.", self._dialect.name, symbol)


class Quiet:
    """Of one connection. `time`: loop time (s); `dead` is told which are silent although there was trade."""

    def __init__(
        self, trades: Trades, dog: Watchdog, time: Callable[[], float], dead: Callable[[list[Pair]], None]
    ) -> None:
        self._trades = trades
        self._dog = dog
        self._time = time
        self._dead = dead
        self._from_ms = trades.now_ms
        self._waiting: dict[Pair, float] = {}
        self._some = asyncio.Event()

    def look_at(self, subjects: Collection[Subject]) -> None:
        """Nothing has come of these: one pair of each symbol tells about all of it."""
        shortest: dict[str, Pair] = {}
        for pair in sorted((one for one in subjects if isinstance(one, Pair)), key=lambda one: one.timeframe):
            shortest.setdefault(pair.symbol, pair)
        self._waiting.update((pair, self._time()) for pair in shortest.values())
        self._some.set()

    async def run(self) -> None:
        """Ask for each as soon as a whole candle has passed."""
        while True:
            await self._some.wait()
            await asyncio.sleep(LOOK_EVERY)
            dead: list[Pair] = []
            none: list[Pair] = []
            for pair in [pair for pair, at in self._waiting.items() if at <= self._time()]:
                traded = await self._were_trades(pair)
                if traded is not None:
                    self._waiting.pop(pair, None)
                    (dead if traded else none).append(pair)
            self._trades.none([pair for pair in none if self._dog.is_unheard(pair)], self._time())
            if dead := [pair for pair in dead if self._dog.is_unheard(pair)]:
                self._dead(dead)
            if not self._waiting:
                self._some.clear()

    async def _were_trades(self, pair: Pair) -> bool | None:
        """None: not known yet."""
        if not self._dog.is_unheard(pair) or self._trades.were_none_of_late(pair, self._time()):
            return False
        now_ms, frame = self._trades.now_ms, pair.timeframe
        if now_ms is None:
            return None
        self._from_ms = now_ms if self._from_ms is None else self._from_ms
        first_ms = frame.shift(frame.open_of(self._from_ms), 1)
        if now_ms < frame.shift(first_ms, 1) + MARGIN_MS:
            return None
        try:
            return await self._trades.were_any(pair, first_ms, now_ms)
        except PerseusError:
            self._waiting[pair] = self._time() + AGAIN_SECONDS
            return None
