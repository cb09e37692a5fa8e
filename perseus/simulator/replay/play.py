"""Plays a tape: every message, ping and end at its time, and over REST what the recording knows."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from perseus.clock import iso
from perseus.exchanges.recordings.entries import Control, Ended, Entry, Heard
from perseus.simulator.coinbase import forms as coinbaseforms
from perseus.simulator.exchange import Exchange
from perseus.simulator.market import buckets
from perseus.simulator.market.markets import manner_of
from perseus.simulator.market.truth import Market
from perseus.simulator.replay import rows as taperows
from perseus.simulator.replay.tape import Tape
from perseus.simulator.session import Session
from perseus.simulator.wire import Asked, Reply, in_json

EARLY_MS, STALE_MS = 2_000, 60_000
"""What came of a request comes of one that is so much earlier as well; a failure, of one that is so much later."""
ALWAYS = ("time", "ping")
ROWS_MAX = {"klines": 1_000, "candles": 350}
QUOTES = ("USDT", "USDC", "FDUSD", "BUSD", "TUSD", "USD", "BTC", "ETH", "BNB", "EUR", "GBP", "TRY", "BRL", "DAI")
NOT_THERE = "The recording has no answer to this request."

Tell = Callable[[int, bytes], None]


class Play:
    """Of `tape`, at an exchange that gets every recorded message by `tell(connection, data)`.

    It begins with the first request or connection, and time with it. What the tape does not tell does not exist there:
    a candle is, over REST, what was last told of it.
    """

    def __init__(self, exchange: Exchange, tape: Tape, tell: Tell) -> None:
        self._exchange = exchange
        self._tape = tape
        self._tell = tell
        self._began_ms: int | None = None
        self._entries: Iterator[tuple[int, Entry]] = iter(())
        self._carriers: dict[str, int] = {}

    def begin(self) -> None:
        """Now, unless it has begun."""
        if self._began_ms is None:
            self._began_ms = self._exchange.timers.now_ms
            self._entries = self._tape.entries()
            self._wait()

    def says(self) -> str:
        """What is played, for people."""
        tape = self._tape
        span = f"{iso(tape.start_ms)} to {iso(tape.end_ms)}"
        return f"-- {tape.exchange} is a recording: {span}, {len(tape.symbols)} symbols; the first request starts it."

    def now_ms(self) -> int:
        """The time of the recording, by the host that made it."""
        began, now = self._began_ms, self._exchange.timers.now_ms
        return self._tape.start_ms + (0 if began is None else now - began)

    def ahead_ms(self) -> int:
        """How far the exchange of the recording is ahead of the simulator's clock."""
        return self.now_ms() + (self._tape.skew_ms or 0) - self._exchange.timers.now_ms

    def carries(self, stream: str, connection: int) -> bool:
        """Two connections may bring a stream; the one that did first does until it ends."""
        return self._carriers.setdefault(stream, connection) == connection

    def sessions(self, connection: int) -> list[Session]:
        """Those of clients that get what this connection of the recording brought."""
        streams = [
            stream for stream, carrier in self._carriers.items() if carrier == connection and "heart" not in stream
        ]
        found = {number: one for each in streams for number, one in self._exchange.subscribers.get(each, {}).items()}
        return list(found.values())

    def answered(self, asked: Asked, otherwise: Reply) -> Reply:
        """What the recording says; `otherwise`: what the simulated exchange would, whose limits hold."""
        if otherwise.status in (418, 429):
            return otherwise
        reply = self._recorded(asked)
        if reply is None:
            return otherwise
        return Reply(reply.status, reply.body, {**otherwise.headers, **reply.headers}, flaw=reply.flaw)

    def _recorded(self, asked: Asked) -> Reply | None:
        last = asked.path.rpartition("/")[2]
        if failure := self._due(self._tape.failures.get(asked.path)):
            return failure
        if last in ALWAYS:
            return None
        if last in ROWS_MAX:
            return self._rows(asked, last)
        told = self._told(asked)
        if told is None and last in ("exchangeInfo", "products"):
            return None
        return told or in_json(404, {"code": 404, "msg": NOT_THERE, "message": NOT_THERE})

    def refused(self) -> Reply | None:
        """What a WebSocket is refused by now, if it is."""
        return self._due(self._tape.refusals)

    def _due(self, waiting: deque[tuple[int, Reply]] | None) -> Reply | None:
        now = self.now_ms()
        while waiting and waiting[0][0] < now - STALE_MS:
            waiting.popleft()
        if waiting and waiting[0][0] <= now + EARLY_MS:
            self._exchange.counters.faults["recorded"] += 1
            return waiting.popleft()[1]
        return None

    def _told(self, asked: Asked) -> Reply | None:
        """The newest answer to this by now, else the first; of a list of all, whatever was asked with it."""
        answers = self._tape.answers.get((asked.path, tuple(sorted(asked.params.items()))), [])
        if not answers and asked.path.endswith(("/exchangeInfo", "/products")):
            answers = [
                one for (path, _), several in self._tape.answers.items() if path == asked.path for one in several
            ]
        told = [reply for ms, reply in sorted(answers, key=lambda one: one[0]) if ms <= self.now_ms()]
        return told[-1] if told else answers[0][1] if answers else None

    def _rows(self, asked: Asked, kind: str) -> Reply | None:
        params, is_klines = asked.params, kind == "klines"
        symbol = params.get("symbol", "") if is_klines else asked.path.split("/")[-2]
        timeframe = (
            params.get("interval") if is_klines else coinbaseforms.GRANULARITIES.get(params.get("granularity", ""))
        )
        first, last = (params.get(name) for name in (("startTime", "endTime") if is_klines else ("start", "end")))
        if timeframe not in buckets.TIMEFRAMES or self._exchange.market(symbol) is None:
            return None
        unit, limit = (1, 500) if is_klines else (1000, ROWS_MAX[kind])
        limit = min(int(params.get("limit", limit)), ROWS_MAX[kind])
        span = int(first or 0) * unit, int(last) * unit if last else self._exchange.told_ms()
        found = self._candles((symbol, timeframe), *span)
        if is_klines:
            return in_json(200, found[:limit] if first else found[-limit:])
        return in_json(200, {"candles": found[: -limit - 1 : -1]})

    def _candles(self, key: taperows.Key, first_ms: int, last_ms: int) -> list[Any]:
        now, exchange_now = self.now_ms(), self.now_ms() + (self._tape.skew_ms or 0)
        found = []
        for open_ms, words in sorted(self._tape.candles.get(key, {}).items()):
            if first_ms <= open_ms <= min(last_ms, exchange_now):
                is_over = buckets.close_of(key[1], open_ms) <= exchange_now
                by_now = words if is_over else [word for word in words if word.told_ms <= now + EARLY_MS]
                found += [by_now[-1].row] if by_now else []
        return found

    def _wait(self) -> None:
        """Have the next entry told when it is due."""
        upcoming = next(self._entries, None)
        if upcoming is not None:
            ms, entry = upcoming
            due = (self._began_ms or 0) + ms - self._tape.start_ms
            self._exchange.timers.at(due, lambda: self._happen(entry))

    def _happen(self, entry: Entry) -> None:
        match entry:
            case Heard():
                self._exchange.counters.seen["played"] += 1
                self._tell(entry.connection, entry.data)
            case Control(what="ping"):
                for session in self.sessions(entry.connection):
                    session.flood(1)
            case Ended(is_ours=False):
                for session in self.sessions(entry.connection):
                    session.end(entry.code, entry.reason)
        if isinstance(entry, Ended):
            self._carriers = {one: carrier for one, carrier in self._carriers.items() if carrier != entry.connection}
        self._wait()


def markets(tape: Tape) -> list[Market]:
    """All symbols that the recording lists or tells of."""
    known = {symbol: (*_parts(symbol), "") for symbol in tape.symbols}
    for (path, _), answers in tape.answers.items():
        if path.endswith(("/exchangeInfo", "/products")):
            known |= taperows.listed(answers[-1][1].body)
    return [Market(name, base, quote, manner_of(base), alias_of=other) for name, (base, quote, other) in known.items()]


def _parts(symbol: str) -> tuple[str, str]:
    base, dash, quote = symbol.rpartition("-")
    if dash:
        return base, quote
    quote = next((one for one in QUOTES if symbol.endswith(one) and symbol != one), "")
    return (symbol.removesuffix(quote), quote) if quote else (symbol, "?")
