"""The REST half of a trial: its time, its symbols, and daily candles of Bitcoin."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Callable, Sequence

from perseus.clock import iso
from perseus.errors import PerseusError
from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.dialect import Dialect
from perseus.exchanges.symbols import Listing, Listings
from perseus.exchanges.wire.request import Request
from perseus.exchanges.wire.transport import Answer, Transport, TransportError
from perseus.harness.heeding import Heeding
from perseus.harness.verdict import Verdict, phrase
from perseus.market.candle import Candle, Pair
from perseus.market.timeframes import Timeframe

TIMEOUT_SECONDS = 10.0
DAYS = 100
DAY = Timeframe.parse("1d")
BASE = "BTC"
QUOTES = ("USDT", "USD", "USDC", "EUR")
FAR_MS = 2_000
YOUNG_MS = 60_000
MOST_REFUSED = 2
OPTIONAL = ("quote_volume", "trades")
CONTINUE = "Look at its address in the table exchanges, and at the network of this host."


class Failed(PerseusError):
    """Raised when a request did not bring what it was for. `mend`: what to do."""

    def __init__(self, text: str, mend: str) -> None:
        super().__init__(text)
        self.mend = mend


class Asking:
    """Sends each request once: what fails is told, not tried again. `host_ms`: this host's date.

    `unreached`: what to do where the exchange is not reached.
    """

    def __init__(
        self,
        transport: Transport,
        dialect: Dialect,
        rest_url: str,
        budget: Heeding,
        clock: ExchangeClock,
        host_ms: Callable[[], int],
        verdict: Verdict,
        unreached: str = CONTINUE,
    ) -> None:
        self._unreached = unreached
        self._transport = transport
        self._dialect = dialect
        self._url = rest_url
        self._budget = budget
        self._clock = clock
        self._host_ms = host_ms
        self._verdict = verdict
        self._sent = self._answered = 0.0
        verdict.evidence |= {"requests": 0, "weight": 0, "used": None}

    async def time(self) -> None:
        """Raises Failed."""
        answer = await self._get(self._dialect.time_request())
        took_ms = (self._answered - self._sent) * 1000
        self._clock.heard(self._dialect.parse_time(answer), self._sent)
        offset = self._clock.skew_ms(self._host_ms())
        self._verdict.evidence |= {"roundTripMs": round(took_ms), "hostAheadMs": offset}
        hint = "Perseus goes by the exchange's clock; set this host's all the same." if abs(offset) > FAR_MS else ""
        ahead = f"{abs(offset) / 1000:.1f} s {'ahead of' if offset > 0 else 'behind'}"
        self._verdict.add("time", True, f"It answers in {took_ms:.0f} ms. This host's clock is {ahead} its own.", hint)

    async def listings(self) -> Listings:
        """Raises Failed."""
        listings, limits = self._dialect.parse_listings(await self._get(self._dialect.listings_request()))
        told = ", ".join(f"{limit.amount} {limit.kind} in {limit.interval_ms / 1000:g} s" for limit in limits)
        trading = sum(one.status == "trading" for one in listings)
        self._verdict.evidence |= {"symbols": len(listings), "trading": trading}
        limited = f"Limits: {told}." if told else "It tells no limits."
        self._verdict.add("symbols", trading > 0, f"It lists {len(listings)}, of which {trading} trade. {limited}")
        return listings

    async def history(self, symbol: str) -> None:
        """Daily candles: whole, in order, exact. Raises Failed."""
        pair, now_ms = Pair(symbol, DAY), self._clock.now_ms()
        count = min(DAYS, self._dialect.history_limit)
        start_ms, end_ms = DAY.shift(DAY.open_of(now_ms), 1 - count), DAY.shift(DAY.open_of(now_ms), 1)
        answer = await self._get(self._dialect.history_request(pair, start_ms, end_ms, count))
        candles = self._dialect.parse_history(answer, pair, now_ms)
        missing = [name for name in OPTIONAL if candles and all(getattr(one, name) is None for one in candles)]
        refused = dict.fromkeys(f"left out: {phrase(why)}" for why in candles.refused.values())
        wrong = _wrong(candles, start_ms, now_ms, count) + list(refused)[:MOST_REFUSED]
        self._verdict.evidence |= {"candles": len(candles), "missingFields": missing}
        span = f" from {_day(candles[0])} to {_day(candles[-1])}" if candles else ""
        lacks = f" Not told: {', '.join(missing)}." if missing else ""
        text = f"{', '.join([f'{len(candles)} of {count} daily candles of {symbol}{span}', *wrong])}.{lacks}"
        mend = "Compare with the exchange's own chart; of a young symbol give another by --symbol." if wrong else ""
        self._verdict.add("history", not wrong, text, mend)

    async def _get(self, request: Request) -> Answer:
        await self._budget.request(request.weight)
        self._verdict.count("requests")
        self._verdict.count("weight", request.weight)
        url, time = f"{self._url}{request.path}", asyncio.get_running_loop().time
        self._sent = time()
        try:
            answer = await self._transport.get(url, request.params, request.headers, TIMEOUT_SECONDS)
        except TransportError as error:
            raise Failed(str(error), self._unreached) from None
        self._answered = time()
        told = await self._budget.answered(answer)
        for spent in self._dialect.spent(answer.headers):
            self._verdict.evidence["used"] = spent.used
        if answer.status != 200:
            raise self._refused(request, answer, told)
        return answer

    def _refused(self, request: Request, answer: Answer, told: str) -> Failed:
        refusal = self._dialect.refusal(answer)
        text = f"GET {request.path} was answered by HTTP {answer.status}: {phrase(refusal.text)}."
        if answer.status in (403, 451):
            elsewhere = "The exchange does not serve this address: try from another network or country."
            return Failed(text, f"{elsewhere} {told}".strip())
        if told:
            return Failed(text, told)
        mend = "Try again in a minute." if answer.status >= 500 else "Is the address that of this exchange's API?"
        return Failed(text, mend)


def chosen(listings: Listings, wanted: str | None) -> Listing:
    """The symbol to try: the wanted one, else Bitcoin against the best known money. Raises Failed."""
    if wanted is not None:
        found = listings.get(wanted)
        if found is None:
            near = difflib.get_close_matches(wanted.upper(), list(listings.by_symbol), 3)
            hint = f"Did you mean {', '.join(near)}?" if near else "Write it as the exchange does."
            raise Failed(f"It does not list {wanted}.", hint)
        return found
    bitcoins = [one for one in listings if one.base == BASE and one.status == "trading" and one.quote in QUOTES]
    if not bitcoins:
        raise Failed("It lists no Bitcoin that trades.", "Give a symbol by --symbol.")
    return min(bitcoins, key=lambda one: (one.alias_of is not None, QUOTES.index(one.quote)))


def _wrong(candles: Sequence[Candle], start_ms: int, now_ms: int, count: int) -> list[str]:
    """What is, with daily candles; in the first minute of a day nobody may have traded yet."""
    if not candles:
        return ["not one"]
    opens = {one.open_ms for one in candles}
    holes = [at for at in DAY.opens(candles[0].open_ms, candles[-1].open_ms) if at not in opens]
    is_running_told = candles[-1].open_ms == DAY.open_of(now_ms) or now_ms - DAY.open_of(now_ms) < YOUNG_MS
    found = [f"{len(holes)} missing within"] if holes else []
    found += [] if is_running_told else ["the running one missing"]
    found += ["fewer than were asked for"] if candles[0].open_ms > start_ms else []
    found += ["some not asked for"] if candles[0].open_ms < start_ms else []
    return found + (["more than one still open"] if sum(not one.is_closed for one in candles) > 1 else [])


def _day(candle: Candle) -> str:
    return iso(candle.open_ms)[:10]
