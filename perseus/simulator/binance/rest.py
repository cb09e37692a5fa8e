"""Binance over HTTP, .com and .us: endpoints, weights, errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from perseus.simulator.binance import forms
from perseus.simulator.binance.klines import Klines
from perseus.simulator.binance.session import BinanceSession, streams_of
from perseus.simulator.exchange import Exchange, Rules
from perseus.simulator.market import buckets
from perseus.simulator.market.bar import text
from perseus.simulator.market.rows import Span, rows
from perseus.simulator.market.truth import Market
from perseus.simulator.session import Session
from perseus.simulator.timers import Timers
from perseus.simulator.wire import Asked, Reply, in_json

ROWS_MAX = 1_000
ROWS = 500
URL_MAX = 8_000
UNKNOWN = -1121
TICKERS = ((20, "few"), (100, "many"), (10**9, "all"))
PREFIX = "/api/v3/"


class BadParameter(Exception):
    """Raised with what Binance says to it."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.told = {"code": code, "msg": message}


def rules_of_com() -> Rules:
    weights = {"ping": 1, "time": 1, "exchangeInfo": 20, "klines": 2, "few": 2, "many": 40, "all": 80, "one": 2, "4": 4}
    return Rules(6_000, 300_000, 300, 300_000, 5, ping_ms=20_000, pong_ms=60_000, weights=weights)


def rules_of_us() -> Rules:
    weights = {"ping": 1, "time": 1, "exchangeInfo": 10, "klines": 1, "few": 1, "many": 20, "all": 40, "one": 1, "4": 2}
    return Rules(1_200, 6_100, 300, 300_000, 5, ping_ms=180_000, pong_ms=600_000, weights=weights)


class Binance(Exchange):
    """One of the two, as its rules say."""

    def __init__(self, name: str, timers: Timers, seed: str, markets: Iterable[Market], rules: Rules) -> None:
        super().__init__(name, timers, seed, markets, rules)
        self.klines = Klines(self)
        self._endpoints: dict[str, Callable[[Asked], Any]] = {
            "ping": lambda _: {},
            "time": lambda _: {"serverTime": self.told_ms()},
            "exchangeInfo": self._info,
            "klines": self._klines,
            "uiKlines": self._klines,
            "ticker/24hr": self._day,
            "ticker/price": self._price,
        }

    def answered(self, asked: Asked) -> Reply:
        endpoint = self._endpoints.get(asked.path.removeprefix(PREFIX)) if asked.path.startswith(PREFIX) else None
        if endpoint is None:
            return self._headed(
                asked, Reply(404, b"<html><body>Not Found</body></html>", {"content-type": "text/html"})
            )
        refusal = self.at_address(asked.address).admit(self._weight(asked), self.timers.now_ms)
        if refusal:
            return self._headed(asked, self.refused(refusal.status, refusal.until_ms))
        try:
            return self._headed(asked, in_json(200, _in_unit(asked, endpoint(asked))))
        except BadParameter as error:
            if error.told["code"] == UNKNOWN:
                self.counters.seen["not_found"] += 1
            else:
                self.counters.breach("bad_request")
            return self._headed(asked, in_json(400, error.told))

    def opened(self, asked: Asked, number: int) -> Session | Reply:
        if asked.length > URL_MAX:
            self.counters.breach("url_too_long")
            return Reply(414, b"", {})
        streams = streams_of(asked)
        return Reply(404, b"", {}) if streams is None else BinanceSession(self, asked, number, streams)

    def refused(self, status: int, until_ms: int | None = None) -> Reply:
        left_s = None if until_ms is None else max(1, -(-(until_ms - self.timers.now_ms) // 1_000))
        message = (
            f"Way too much request weight used; IP banned until {until_ms}. "
            "Please use WebSocket Streams for live updates to avoid bans."
            if status == 418
            else f"Too much request weight used; current limit is {self.rules.weight} request weight per 1 MINUTE. "
            "Please use WebSocket Streams for live updates to avoid polling the API."
        )
        headers = {} if left_s is None else {"retry-after": str(left_s)}
        return in_json(status, {"code": -1003, "msg": message}, headers)

    def _headed(self, asked: Asked, reply: Reply) -> Reply:
        used = str(self.at_address(asked.address).weight.used(self.timers.now_ms))
        reply.headers |= {"x-mbx-used-weight": used, "x-mbx-used-weight-1m": used}
        return reply

    def _weight(self, asked: Asked) -> int:
        name, weights = asked.path.removeprefix(PREFIX), self.rules.weights
        if name == "ticker/price":
            return weights["one" if "symbol" in asked.params else "4"]
        if name == "ticker/24hr":
            wanted = 1 if "symbol" in asked.params else asked.params.get("symbols", "," * 200).count(",") + 1
            return weights[next(size for most, size in TICKERS if wanted <= most)]
        return weights["klines" if name == "uiKlines" else name]

    def _wanted(self, asked: Asked) -> list[Market]:
        """Those of `symbol` or `symbols`, else all."""
        known, params = {market.symbol: market for market in self.listed()}, asked.params
        if "symbol" not in params and "symbols" not in params:
            return list(known.values())
        try:
            names = [params["symbol"]] if "symbol" in params else msgspec.json.decode(params["symbols"], type=list[str])
        except msgspec.DecodeError as error:
            raise BadParameter(-1100, "Illegal characters found in parameter 'symbols'.") from error
        if any(name not in known for name in names):
            raise BadParameter(UNKNOWN, "Invalid symbol.")
        return [known[name] for name in names]

    def _info(self, asked: Asked) -> Any:
        markets = self._wanted(asked)
        if status := asked.params.get("symbolStatus"):
            markets = [market for market in markets if market.status == status]
        return forms.info(self, markets)

    def _klines(self, asked: Asked) -> Any:
        span = self._span(asked)
        found = rows(self, span)
        told = [forms.row(self, span.symbol, span.timeframe, bar) for bar in found]
        if told and self.faults.hit("rest_nan", span.symbol):
            told[self.faults.roll().randrange(len(told))][4] = "NaN"
        return told

    def _span(self, asked: Asked) -> Span:
        symbol, timeframe = (_needed(asked, name) for name in ("symbol", "interval"))
        if self.market(symbol) is None:
            raise BadParameter(UNKNOWN, "Invalid symbol.")
        if timeframe not in buckets.TIMEFRAMES:
            raise BadParameter(-1120, "Invalid interval.")
        first, last, limit = (_whole(asked, name) for name in ("startTime", "endTime", "limit"))
        return Span(symbol, timeframe, first, last, min(ROWS_MAX, ROWS if limit is None else max(1, limit)))

    def _day(self, asked: Asked) -> Any:
        is_mini = asked.params.get("type") == "MINI"
        told = [forms.ticker(self, market.symbol, is_mini) for market in self._wanted(asked)]
        return told[0] if "symbol" in asked.params else told

    def _price(self, asked: Asked) -> Any:
        told = [
            {"symbol": market.symbol, "price": text(self.truth.book(market.symbol).last_price)}
            for market in self._wanted(asked)
        ]
        return told[0] if "symbol" in asked.params else told


def _needed(asked: Asked, name: str) -> str:
    if not asked.params.get(name):
        raise BadParameter(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")
    return asked.params[name]


def _whole(asked: Asked, name: str) -> int | None:
    value = asked.params.get(name)
    if value is None:
        return None
    if not value.isdecimal():
        raise BadParameter(-1100, f"Illegal characters found in parameter '{name}'; legal range is '^[0-9]{{1,20}}$'.")
    return int(value)


def _in_unit(asked: Asked, told: Any) -> Any:
    """Times in microseconds, where the request asks for them."""
    if asked.headers.get("x-mbx-time-unit", "").upper() != "MICROSECOND":
        return told
    if isinstance(told, dict) and "serverTime" in told:
        return {**told, "serverTime": told["serverTime"] * 1_000}
    if isinstance(told, list) and told and isinstance(told[0], list):
        return [[row[0] * 1_000, *row[1:6], row[6] * 1_000 + 999, *row[7:]] for row in told]
    return told
