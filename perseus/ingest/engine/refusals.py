"""What came of requests for candles that gave none, and when what the exchange refused is asked for again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from perseus.errors import PerseusError, StoreUnavailable
from perseus.exchanges.budget.ledger import Priority
from perseus.exchanges.resterrors import NoAnswer, RateLimited, RequestRefused
from perseus.exchanges.symbols import Listings
from perseus.ingest.engine.failing import Failing
from perseus.ingest.engine.hanging import NotYet
from perseus.ingest.engine.series import Series
from perseus.ingest.engine.writer import Say
from perseus.market.candle import Pair
from perseus.market.timeframes import HOUR
from perseus.outage import Outage

log = logging.getLogger(__name__)

FIRST_MS = 60_000
"""A pair rests at least so long once it was refused, four times as long each further time, up to an hour."""


class NotListed(PerseusError):
    """Why a pair is not asked for whose symbol the exchange lists no more."""

    def __init__(self, symbol: str) -> None:
        super().__init__(f"The exchange does not list {symbol} any more.")


@dataclass
class Pause:
    """A pair that was refused so many `times`, at last at `since_ms`."""

    times: int
    since_ms: int

    @property
    def until_ms(self) -> int:
        """From then on it may be asked for again."""
        wait_ms: int = FIRST_MS * 4 ** min(self.times - 1, 9)
        return self.since_ms + min(wait_ms, HOUR)


class Refusals:
    """`listings()`: as they were read last. `want` has what a pair lacks asked for; `now_ms`: exchange time.

    `failing`: what could not be fetched and is asked for again soon.
    """

    def __init__(
        self,
        series: Mapping[Pair, Series],
        want: Callable[[Series, Priority], None],
        listings: Callable[[], Listings],
        now_ms: Callable[[], int],
        say: Say,
    ) -> None:
        self._series, self._want, self._listings, self._now_ms, self._say = series, want, listings, now_ms, say
        self.failing = Failing(series, say)
        self._resting: dict[Pair, Pause] = {}
        self._whys: dict[Pair, Exception] = {}
        self._unasked = Outage(log, "Candles cannot be asked for", "Candles are asked for again.")

    def __contains__(self, pair: Pair) -> bool:
        return pair in self._resting

    def failed(self, series: Series, error: Exception) -> bool:
        """Have it known; whether to try again soon. A pair that the exchange refuses rests.

        A store that is away is no matter of a pair: the log of the process has it once. A pair that was asked for only
        once and not answered is told where the warmup goes on without it.
        """
        if isinstance(error, NotYet) or (isinstance(error, NoAnswer) and error.is_brief):
            return True
        if isinstance(error, StoreUnavailable):
            self._unasked.failed(error)
            return True
        if not isinstance(error, PerseusError):
            log.error("Candles of %s could not be taken in.", series.pair, exc_info=error)
        if isinstance(error, RateLimited):
            if error.is_news:
                self._say(str(error))
            return True
        if not isinstance(error, RequestRefused):
            self.failing.failed(series.pair, str(error))
            return True
        self._refused(series, error)
        return False

    def _refused(self, series: Series, error: RequestRefused) -> None:
        symbol, is_listed = series.pair.symbol, self._is_listed(series.pair)
        if not any(one.is_refused or pair in self for pair, one in self._series.items() if pair.symbol == symbol):
            comes = "It may be delisted." if error.is_of_symbol else "It is asked for again while it is listed."
            self._say(f"{symbol}: {error} {comes}")
        series.is_refused, self._whys[series.pair] = True, error
        if is_listed:
            before = self._resting.get(series.pair)
            self._resting[series.pair] = Pause(before.times + 1 if before else 1, self._now_ms())

    def look(self) -> None:
        """The listings were read: what rested long enough and is listed is asked for again."""
        now_ms = self._now_ms()
        for pair, pause in self._resting.items():
            series = self._series[pair]
            if series.is_refused and pause.until_ms <= now_ms and self._is_listed(pair):
                self._ask(series)

    def look_anyway(self) -> None:
        """The listings may not be readable: of what has rested for an hour since it was refused one pair is asked for.

        One at a call, for all may have been refused at once.
        """
        now_ms = self._now_ms()
        for pair, pause in self._resting.items():
            if self._series[pair].is_refused and pause.since_ms + HOUR <= now_ms and self._is_listed(pair):
                self._ask(self._series[pair])
                return

    def why(self, pair: Pair) -> Exception | None:
        """Why it is not asked for now; None: it is."""
        return self._whys.get(pair) if self._series[pair].is_refused else None

    def answered(self, pair: Pair) -> None:
        """The exchange has given an answer for it."""
        self._unasked.done()
        self.failing.came(pair)
        if self._resting.pop(pair, None) and not any(one.symbol == pair.symbol for one in self._resting):
            log.warning("%s: the exchange refuses its candles no more.", pair.symbol)

    def gone(self, series: Series) -> None:
        """Its symbol is listed no more: it is not asked for until it is there again."""
        self._resting.pop(series.pair, None)
        series.is_refused, self._whys[series.pair] = True, NotListed(series.pair.symbol)

    def forgive(self, series: Series) -> None:
        """Have it asked for at once, if its symbol is listed."""
        if self._resting.pop(series.pair, None):
            series.is_refused = False

    def _ask(self, series: Series) -> None:
        series.is_refused = False
        self._want(series, Priority.REPAIR)

    def _is_listed(self, pair: Pair) -> bool:
        listing = self._listings().get(pair.symbol)
        return listing is not None and listing.status != "delisted"
