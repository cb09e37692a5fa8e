"""Coinbase Advanced Trade over HTTP: public endpoints, their second of cache, their ten requests a second."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from perseus.simulator.coinbase import forms
from perseus.simulator.coinbase.feeds import Feeds
from perseus.simulator.coinbase.session import CoinbaseSession
from perseus.simulator.exchange import Exchange, Rules
from perseus.simulator.limits import IN_FLIGHT_MS, Rolling
from perseus.simulator.market import buckets
from perseus.simulator.market.rows import Span, rows
from perseus.simulator.market.truth import Market
from perseus.simulator.session import Session
from perseus.simulator.timers import Timers
from perseus.simulator.wire import Asked, Reply, in_json

PREFIX = "/api/v3/brokerage/"
PRODUCTS = "market/products"
ROWS_MAX = 350
CACHE_MS = 1_000


class Refused(Exception):
    """Raised with the status and message that Coinbase answers with."""

    def __init__(self, status: int, error: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.told = {"error": error, "error_details": message, "message": message}


def rules() -> Rules:
    return Rules(10, 10, 8, 1_000, 8)


class Coinbase(Exchange):
    """`sequence_scope`: whether sequence_num counts a connection or a product of it."""

    says_closed = False

    def __init__(
        self, name: str, timers: Timers, seed: str, markets: Iterable[Market], sequence_scope: str = "connection"
    ) -> None:
        super().__init__(name, timers, seed, markets, rules())
        self.sequence_scope = sequence_scope
        self.feeds = Feeds(self)
        self._seconds: dict[str, Rolling] = {}
        self._messages: dict[str, Rolling] = {}
        self._limits_told: dict[str, int] = {}
        self._cache: dict[tuple[object, ...], tuple[int, Any]] = {}

    def answered(self, asked: Asked) -> Reply:
        now, address = self.timers.now_ms, self.at_address(asked.address)
        rolling = self._seconds.setdefault(asked.address, Rolling(1_000, self.rules.weight))
        rolling.amount = self.held
        fits = rolling.take(now)
        self.counters.peak("requests_1s", rolling.used(now))
        is_frozen = now < address.frozen_until and not address.is_excused(now)
        if is_frozen:
            self.counters.breach("asked_while_frozen")
        if is_frozen or (not fits and not address.is_excused(now)):
            self.counters.breach("http_429")
        if not fits or now < address.frozen_until:
            return self._headed(asked, rolling, self.refused(429))
        try:
            return self._headed(asked, rolling, in_json(200, self._cached(asked)))
        except Refused as error:
            if error.status == 400:
                self.counters.breach("bad_request")
            else:
                self.counters.seen["not_found"] += 1
            return self._headed(asked, rolling, in_json(error.status, error.told))

    def opened(self, asked: Asked, number: int) -> Session | Reply:
        return CoinbaseSession(self, asked, number)

    def refused(self, status: int, until_ms: int | None = None) -> Reply:
        left_s = None if until_ms is None else max(1, -(-(until_ms - self.timers.now_ms) // 1_000))
        told = {"errors": [{"id": "rate_limit_exceeded", "message": "Too many requests"}]}
        return in_json(status, told, {} if left_s is None else {"retry-after": str(left_s)})

    def admits_message(self, address: str) -> bool:
        """Count one message of a client."""
        rolling = self._messages.setdefault(address, Rolling(1_000, self.rules.messages))
        fits = rolling.take(self.timers.now_ms)
        self.counters.peak("messages_1s", rolling.used(self.timers.now_ms))
        return fits

    def _headed(self, asked: Asked, rolling: Rolling, reply: Reply) -> Reply:
        now, limit = self.timers.now_ms, self.rules.weight
        if self._limits_told.get(asked.address, limit) != limit:
            self.at_address(asked.address).known_from = now + IN_FLIGHT_MS
        self._limits_told[asked.address] = limit
        left = max(0, limit - rolling.used(now))
        reply.headers["x-ratelimit-limit"] = str(limit)
        reply.headers["x-ratelimit-remaining"] = str(left)
        reply.headers["x-ratelimit-reset"] = str(now // 1_000 + 1)
        return reply

    def _cached(self, asked: Asked) -> Any:
        """As it was a moment ago, unless the request asks for no cache."""
        key = (asked.path, tuple(sorted(asked.params.items())))
        made = self._cache.get(key)
        is_fresh = asked.headers.get("cache-control", "").lower() == "no-cache"
        if made is None or is_fresh or self.timers.now_ms >= made[0] + CACHE_MS:
            made = (self.timers.now_ms, self._answer(asked))
            self._cache = {one: told for one, told in self._cache.items() if self.timers.now_ms < told[0] + CACHE_MS}
            self._cache[key] = made
        else:
            self.counters.seen["from_cache"] += 1
        return made[1]

    def _answer(self, asked: Asked) -> Any:
        path = asked.path.removeprefix(PREFIX)
        if path == "time":
            now = self.told_ms()
            return {"iso": forms.moment(now), "epochSeconds": str(now // 1_000), "epochMillis": str(now)}
        if path == PRODUCTS:
            return self._products(asked)
        if not path.startswith(f"{PRODUCTS}/") or path == asked.path:
            raise Refused(404, "NOT_FOUND", "Not Found")
        symbol, _, part = path.removeprefix(f"{PRODUCTS}/").partition("/")
        market = self.market(symbol)
        if market is None:
            raise Refused(404, "NOT_FOUND", "valid product_id is required")
        return self._of_product(asked, market, part)

    def _of_product(self, asked: Asked, market: Market, part: str) -> Any:
        if part == "":
            return forms.product(self, market)
        if part == "ticker":
            return forms.trades(self, market.symbol)
        if part != "candles":
            raise Refused(404, "NOT_FOUND", "Not Found")
        told = [
            forms.candle(self, market.symbol, bar) for bar in reversed(rows(self, self._span(asked, market.symbol)))
        ]
        if told and self.faults.hit("rest_nan", market.symbol):
            told[self.faults.roll().randrange(len(told))]["close"] = "NaN"
        return {"candles": told}

    def _span(self, asked: Asked, symbol: str) -> Span:
        timeframe = forms.GRANULARITIES.get(asked.params.get("granularity", ""))
        if timeframe is None:
            raise Refused(400, "INVALID_ARGUMENT", "granularity argument is invalid")
        first, last = (_whole(asked, name) * 1_000 for name in ("start", "end"))
        if last < first:
            raise Refused(400, "INVALID_ARGUMENT", "start and end argument is invalid")
        if (last - first) // buckets.FIXED[timeframe] >= ROWS_MAX:
            message = f"start and end argument is invalid - number of candles requested should be less than {ROWS_MAX}"
            raise Refused(400, "INVALID_ARGUMENT", message)
        limit = _whole(asked, "limit", ROWS_MAX)
        return Span(symbol, timeframe, first, last, min(ROWS_MAX, max(1, limit)))

    def _products(self, asked: Asked) -> Any:
        listed = self.listed()
        if wanted := asked.params.get("product_ids"):
            listed = [market for market in listed if market.symbol in wanted.split(",")]
        first, limit = _whole(asked, "offset", 0), _whole(asked, "limit", len(listed))
        told = [forms.product(self, market) for market in listed[first : first + limit]]
        return {"products": told, "num_products": len(listed)}


def _whole(asked: Asked, name: str, unless_given: int | None = None) -> int:
    value = asked.params.get(name, "" if unless_given is None else str(unless_given))
    if not value.isdecimal():
        raise Refused(400, "INVALID_ARGUMENT", f"{name} argument is invalid")
    return int(value)
