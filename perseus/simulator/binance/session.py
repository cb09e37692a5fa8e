"""One WebSocket of Binance: streams in the URL or by messages, raw or combined, pings, and the end after a day."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Any

import msgspec

from perseus.exchanges.wire.transport import Text
from perseus.simulator.limits import Rolling
from perseus.simulator.session import Session, Torn
from perseus.simulator.wire import Asked

if TYPE_CHECKING:
    from perseus.simulator.binance.rest import Binance

WELL_FORMED = re.compile(r"!?[A-Za-z0-9_]+@[A-Za-z0-9_@+:]+|!miniTicker@arr")
METHODS = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")
PENALTY = "Too many requests"
PING_REAL_MS, PONG_REAL_MS = 500, 2_000
"""Of real time at least, between two pings and for a pong: a client's own limits do not grow with the speed."""


def streams_of(asked: Asked) -> list[str] | None:
    """Those in the URL; None when the path is none of a stream."""
    if asked.path in ("/stream", "/stream/"):
        return [name for name in asked.params.get("streams", "").split("/") if name]
    if asked.path == "/ws" or asked.path.startswith("/ws/"):
        return [name for name in asked.path.removeprefix("/ws").split("/") if "@" in name]
    return None


class BinanceSession(Session):
    """`streams`: wanted by the URL. Those that were subscribed to are in `names`, in order."""

    exchange: Binance

    def __init__(self, exchange: Binance, asked: Asked, number: int, streams: list[str]) -> None:
        super().__init__(exchange, asked, number)
        self.names: dict[str, None] = {}
        self.is_combined = asked.path.startswith("/stream")
        self._is_micro = asked.params.get("timeUnit", "").upper().startswith("MICRO")
        self._wanted = streams
        self._rolling = Rolling(1_000, exchange.rules.messages)
        self._pings: deque[bytes] = deque()

    def begin(self) -> None:
        rules, timers = self.exchange.rules, self.exchange.timers
        life_ms = timers.at_least(rules.life_ms, rules.life_ms)
        timers.after(life_ms, lambda: self.end(1001, "Connection lifetime reached"))
        if rules.ping_ms:
            self._ping_later()
        self._subscribe(self._wanted)

    def heard_text(self, data: bytes) -> None:
        if not self._fits():
            return
        self.exchange.counters.seen["messages"] += 1
        try:
            message = msgspec.json.decode(data)
        except msgspec.DecodeError:
            self.exchange.counters.breach("bad_message")
            self.told({"code": 3, "msg": "Invalid JSON: expected value at line 1 column 1"})
            return
        self._obey(message)

    def heard_pong(self, payload: bytes) -> None:
        super().heard_pong(payload)
        if not self._fits():
            return
        if payload in self._pings:
            while self._pings.popleft() != payload:
                pass
        elif payload:
            self.exchange.counters.breach("pong_wrong_payload")

    def heard_ping(self, payload: bytes) -> None:
        super().heard_ping(payload)
        self._fits()

    def tell_event(self, stream: str, event: Any, is_torn: bool) -> None:
        """Send what is published there, in the form of this connection."""
        told = _in_micro(event) if self._is_micro else event
        data = msgspec.json.encode({"stream": stream, "data": told} if self.is_combined else told)
        self.put(Torn(data) if is_torn else Text(data))

    def flood(self, pings: int) -> None:
        for number in range(pings):
            self._ping_once(self.exchange.rules.pong_ms, number)

    def shut_down(self) -> None:
        """Say that the server will go."""
        event = {"e": "serverShutdown", "E": self.exchange.told_ms()}
        self.told({"stream": "!serverShutdown", "data": event} if self.is_combined else event)

    def _fits(self) -> bool:
        """Count one frame of the client's; the connection ends when it is one too many."""
        if self.is_over or self.is_half_open:
            return False
        now, counters = self.exchange.timers.now_ms, self.exchange.counters
        fits = self._rolling.take(now)
        counters.peak("messages_1s", self._rolling.used(now))
        if not fits:
            counters.breach("messages_over_limit")
            self.punish(PENALTY)
        return fits

    def _obey(self, message: Any) -> None:
        if not isinstance(message, dict) or message.get("method") not in METHODS:
            self.exchange.counters.breach("bad_message")
            self.told({"code": 2, "msg": "Invalid request: unknown variant", "id": None})
            return
        method, params, number = message["method"], message.get("params") or [], message.get("id")
        self.exchange.counters.seen[method] += 1
        if method in ("SUBSCRIBE", "UNSUBSCRIBE"):
            self._change(method, params, number)
        elif method == "SET_PROPERTY" and len(params) == 2 and params[0] == "combined":
            self.is_combined = bool(params[1])
            self._acknowledge(number)
        else:
            self._acknowledge(number, list(self.names) if method == "LIST_SUBSCRIPTIONS" else self.is_combined)

    def _change(self, method: str, params: Any, number: Any) -> None:
        if not isinstance(params, list) or not all(isinstance(p, str) and WELL_FORMED.fullmatch(p) for p in params):
            self.exchange.counters.breach("bad_message")
            self.told({"error": {"code": 2, "msg": "Invalid request: invalid stream"}, "id": number})
        elif method == "UNSUBSCRIBE":
            self._acknowledge(number)
            for name in params:
                self.names.pop(name, None)
                self.exchange.unsubscribe(self, name)
        elif len(self.names.keys() | set(params)) > self.exchange.rules.streams:
            self.exchange.counters.breach("too_many_streams")
            self.told({"error": {"code": 4, "msg": "Too many subscriptions"}, "id": number})
        else:
            self._acknowledge(number)
            self._subscribe(params)

    def _acknowledge(self, number: Any, result: Any = None) -> None:
        if self.exchange.faults.hit("ack_never", str(self.number)):
            return
        if self.exchange.faults.hit("ack_other_id", str(self.number)):
            number = 987_654_321
        self.told({"result": result, "id": number})

    def _subscribe(self, streams: list[str]) -> None:
        for name in streams:
            self.names[name] = None
            if self.exchange.klines.begin(name):
                self.exchange.subscribe(self, name)
            else:
                self.exchange.counters.seen["silent_streams"] += 1
        if len(self.names) > self.exchange.rules.streams:
            self.exchange.counters.breach("too_many_streams")
            self.punish("Too many subscriptions")
        self.exchange.counters.peak("streams", len(self.names))

    def _ping_later(self) -> None:
        timers = self.exchange.timers
        timers.after(timers.at_least(self.exchange.rules.ping_ms, PING_REAL_MS), self._ping_again)

    def _ping_again(self) -> None:
        if not self.is_over:
            self._ping_later()
            if self.exchange.timers.is_deaf:
                return  # all of them would be sent at once
            strict = self.exchange.faults.hit("ping_strict", str(self.number))
            self._ping_once(int(strict.params["deadline_ms"]) if strict else self.exchange.rules.pong_ms)

    def _ping_once(self, deadline_ms: int, number: int = 0) -> None:
        payload = str(self.exchange.told_ms() + number).encode()
        self._pings.append(payload)
        self.ping(payload)
        deadline_ms = self.exchange.timers.at_least(deadline_ms, PONG_REAL_MS)
        self.exchange.timers.by(deadline_ms, lambda: self._must_have(payload))

    def _must_have(self, payload: bytes) -> None:
        if payload in self._pings and not self.is_over:
            if not self.is_half_open and not self.is_dead:
                self.exchange.counters.breach("pong_missing")
            self.end(None, "no pong")


def _in_micro(event: Any) -> Any:
    if not isinstance(event, dict) or "E" not in event:
        return event
    told = event | {"E": event["E"] * 1_000}
    if state := event.get("k"):
        told["k"] = state | {"t": state["t"] * 1_000, "T": state["T"] * 1_000 + 999}
    return told
