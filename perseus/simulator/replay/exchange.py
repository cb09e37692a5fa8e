"""Recorded exchanges: what was said to one client, told to any other that asks for it, at its time.

Connections, acknowledgements and limits are those of the simulated exchange; what is told on them is the recording's.
"""

from __future__ import annotations

from typing import Any

import msgspec

from perseus.exchanges.wire.transport import Text
from perseus.simulator.binance.klines import Klines
from perseus.simulator.binance.rest import Binance, rules_of_com, rules_of_us
from perseus.simulator.binance.session import BinanceSession
from perseus.simulator.coinbase.rest import Coinbase
from perseus.simulator.coinbase.session import CoinbaseSession
from perseus.simulator.exchange import Exchange
from perseus.simulator.replay.play import Play, markets
from perseus.simulator.replay.tape import Tape
from perseus.simulator.session import Session
from perseus.simulator.timers import Timers
from perseus.simulator.wire import Asked, Reply

BEATS = "heartbeats"


class _Recorded(Klines):
    """In place of made-up events: none."""

    def begin(self, stream: str) -> bool:
        return True


class ReplayedBinance(Binance):
    """Binance or Binance.US, by a recording."""

    def __init__(self, timers: Timers, seed: str, tape: Tape) -> None:
        rules = rules_of_us() if tape.exchange == "binance_us" else rules_of_com()
        if tape.has_pings:
            rules.ping_ms = 0
        super().__init__(tape.exchange, timers, seed, markets(tape), rules)
        self.klines = _Recorded(self)
        self.play = Play(self, tape, self._tell)

    def told_ms(self) -> int:
        return super().told_ms() + self.play.ahead_ms()

    def answered(self, asked: Asked) -> Reply:
        self.play.begin()
        return self.play.answered(asked, super().answered(asked))

    def opened(self, asked: Asked, number: int) -> Session | Reply:
        self.play.begin()
        return self.play.refused() or super().opened(asked, number)

    def _tell(self, connection: int, data: bytes) -> None:
        try:
            said = msgspec.json.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            for session in self.play.sessions(connection):
                session.put(Text(data))
            return
        stream = _stream(said)
        if stream == "!serverShutdown":
            for session in tuple(self.sessions.values()):
                session.shut_down()
        elif stream and self.play.carries(stream, connection):
            for session in tuple(self.subscribers.get(stream, {}).values()):
                if isinstance(session, BinanceSession):
                    session.put(Text(_in_form(stream, data, session.is_combined)))


class ReplayedSession(CoinbaseSession):
    """Acknowledges as ever; candles, tickers and, where it has any, heartbeats come from the recording."""

    exchange: ReplayedCoinbase

    def skip(self, numbers: int) -> None:
        """So many messages were lost in the recording."""
        self._sequence[""] += numbers

    def _follow(self, channel: str, product: str) -> None:
        self.exchange.subscribe(self, f"{channel}:{product}")

    def _beat(self) -> None:
        if self.exchange.has_beats:
            self.exchange.subscribe(self, BEATS)
        else:
            super()._beat()


class ReplayedCoinbase(Coinbase):
    """Coinbase, by a recording. Messages are numbered anew, and what was lost is lost again."""

    def __init__(self, timers: Timers, seed: str, tape: Tape) -> None:
        super().__init__(tape.exchange, timers, seed, markets(tape))
        self.has_beats = tape.has_beats
        self.play = Play(self, tape, self._tell)
        self._numbers: dict[int, int] = {}

    def told_ms(self) -> int:
        return super().told_ms() + self.play.ahead_ms()

    def answered(self, asked: Asked) -> Reply:
        self.play.begin()
        return self.play.answered(asked, super().answered(asked))

    def opened(self, asked: Asked, number: int) -> Session | Reply:
        self.play.begin()
        return self.play.refused() or ReplayedSession(self, asked, number)

    def _tell(self, connection: int, data: bytes) -> None:
        try:
            said = msgspec.json.decode(data)
            channel = said.get("channel")
        except (msgspec.MsgspecError, UnicodeDecodeError, AttributeError):
            said, channel = {}, None
        if channel is None:
            for session in tuple(self.sessions.values()):
                session.put(Text(data))
            return
        self._number(connection, said.get("sequence_num"))
        streams = [BEATS] if channel == BEATS else [f"{channel}:{product}" for product in _products(said)]
        carried = [stream for stream in streams if self.play.carries(stream, connection)]
        found = {number: one for each in carried for number, one in self.subscribers.get(each, {}).items()}
        for session in found.values():
            session.tell_event(carried[0], said, False)

    def _number(self, connection: int, number: Any) -> None:
        if not isinstance(number, int):
            return
        missing = number - self._numbers.get(connection, number - 1) - 1
        self._numbers[connection] = number
        if missing > 0:
            for session in self.play.sessions(connection):
                if isinstance(session, ReplayedSession):
                    session.skip(missing)


REPLAYED = (ReplayedBinance, ReplayedCoinbase)


def replayed(timers: Timers, seed: str, tape: Tape) -> Exchange:
    """The exchange of a tape."""
    return (ReplayedCoinbase if tape.exchange == "coinbase" else ReplayedBinance)(timers, seed, tape)


def _stream(said: Any) -> str:
    """Of a message of Binance; empty for an answer to a message of the client that was recorded."""
    if isinstance(said, list):
        return "!miniTicker@arr"
    if not isinstance(said, dict):
        return ""
    if isinstance(said.get("stream"), str):
        return str(said["stream"])
    kind, symbol = said.get("e"), str(said.get("s", "")).lower()
    match kind:
        case "serverShutdown":
            return "!serverShutdown"
        case "kline":
            return f"{symbol}@kline_{said.get('k', {}).get('i')}"
        case "24hrMiniTicker":
            return f"{symbol}@miniTicker"
    return f"{symbol}@{kind}" if kind else ""


def _in_form(stream: str, data: bytes, is_combined: bool) -> bytes:
    """The very bytes of the event, with or without its envelope."""
    said = msgspec.json.decode(data, type=dict[str, msgspec.Raw]) if data.startswith(b"{") else {}
    if is_combined:
        return data if "stream" in said else b'{"stream":"%s","data":%s}' % (stream.encode(), data)
    return bytes(said["data"]) if "stream" in said else data


def _products(said: dict[str, Any]) -> list[str]:
    events = said.get("events")
    found = []
    for event in events if isinstance(events, list) else []:
        for one in (*event.get("candles", ()), *event.get("tickers", ())):
            found.append(str(one.get("product_id")))
    return list(dict.fromkeys(found))
