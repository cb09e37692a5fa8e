"""What is the same at every simulated exchange: requests, connections, subscriptions, and the faults in their way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from perseus.simulator.counters import Counters
from perseus.simulator.faults import acts
from perseus.simulator.faults import requests as requestfaults
from perseus.simulator.faults.fault import Fault, Faults
from perseus.simulator.limits import Address, Calendar, Rolling
from perseus.simulator.market.day import Days
from perseus.simulator.market.truth import Market, Truth
from perseus.simulator.market.watch import Watch
from perseus.simulator.market.year import Years
from perseus.simulator.session import Session
from perseus.simulator.timers import Timers
from perseus.simulator.wire import Asked, Reply, in_json


@dataclass
class Rules:
    """The limits of one exchange. Times in milliseconds, weights by the minute, connections by their window."""

    weight: int
    requests: int
    connects: int
    connects_span_ms: int
    messages: int
    ping_ms: int = 0
    pong_ms: int = 0
    life_ms: int = 86_400_000
    streams: int = 1_024
    weights: dict[str, int] = field(default_factory=dict)


class Exchange:
    """The core of one: sans-IO and single-threaded. A front advances `timers`, then calls `http` and `connect`.

    `says_closed`: whether its stream says that a candle is closed. `held`: the REST limit that is in force.
    """

    says_closed = True

    def __init__(self, name: str, timers: Timers, seed: str, markets: Iterable[Market], rules: Rules) -> None:
        self.name = name
        self.timers = timers
        self.rules = rules
        self.start_ms = timers.now_ms
        self.truth = Truth(f"{seed}/{name}", timers.now_ms, lambda: timers.now_ms).all_of(markets)
        self.counters = Counters()
        self.faults = Faults(name, f"{seed}/{name}", self.since_ms, self.counters)
        self.sessions: dict[int, Session] = {}
        self.subscribers: dict[str, dict[int, Session]] = {}
        self.days = Days(self.truth)
        self.years = Years(self.truth)
        self.is_away = False
        self._held_back: list[Callable[[], None]] | None = None
        self._held_out: list[Callable[[], None]] | None = None
        self.held = rules.weight
        self.rows_decided: set[tuple[str, str, int]] = set()
        self.rows_lacked: set[tuple[str, str, int]] = set()
        self._addresses: dict[str, Address] = {}
        self._watches: dict[str, Watch] = {}
        self._opened = 0

    def since_ms(self) -> int:
        return self.timers.now_ms - self.start_ms

    def told_ms(self) -> int:
        """The time as the exchange tells it."""
        skew = self.faults.now("clock_skew")
        return self.timers.now_ms + (int(skew.params["ms"]) if skew else 0)

    def at_address(self, address: str) -> Address:
        if address not in self._addresses:
            rules = self.rules
            self._addresses[address] = Address(
                Calendar(60_000, self.held),
                Calendar(300_000, rules.requests),
                Rolling(rules.connects_span_ms, rules.connects),
                self.counters,
            )
        return self._addresses[address]

    def lower(self, share: float) -> None:
        """The REST limit becomes that share of itself: told from now on, held from the next minute on."""
        self.rules.weight = max(1, int(self.rules.weight * share))
        self.timers.at(self.timers.now_ms // 60_000 * 60_000 + 60_000, self._hold)

    def _hold(self) -> None:
        self.held = self.rules.weight
        for address in self._addresses.values():
            address.weight.amount = self.held

    def listed(self) -> list[Market]:
        """Those that the exchange still knows."""
        return [market for market in self.truth.markets.values() if not market.is_gone]

    def market(self, symbol: str) -> Market | None:
        found = self.truth.markets.get(symbol)
        return found if found and not found.is_gone else None

    def add_fault(self, fault: Fault) -> None:
        """From now on, or from its time on."""
        self.faults.add(fault)
        acts.schedule(self, fault)

    def hold(self) -> None:
        """Answer no request from now on: they wait, also those whose client has given up."""
        if self._held_back is None:
            self._held_back = []

    def go_on(self) -> None:
        """Take all that waits, at once."""
        waiting, self._held_back = self._held_back or [], None
        for each in waiting:
            each()

    def shut(self) -> None:
        """Open no WebSocket from now on: they wait, also those whose client has given up."""
        if self._held_out is None:
            self._held_out = []

    def open(self) -> None:
        """Take all WebSockets that wait, at once."""
        waiting, self._held_out = self._held_out or [], None
        for each in waiting:
            each()

    @property
    def held_out(self) -> int:
        """WebSockets that wait."""
        return len(self._held_out or ())

    def come(self, asked: Asked, give: Callable[[Session | Reply], None]) -> None:
        """Open one WebSocket as soon as it is taken."""
        if self._held_out is None:
            give(self.connect(asked))
        else:
            self._held_out.append(lambda: give(self.connect(asked)))

    def take(self, asked: Asked, give: Callable[[Reply], None]) -> None:
        """Answer one GET as soon as it is taken."""
        if self._held_back is None:
            give(self.http(asked))
        else:
            self._held_back.append(lambda: give(self.http(asked)))

    def http(self, asked: Asked) -> Reply:
        """Answer one GET."""
        if self.is_away:
            return Reply(0, flaw="reset")
        self.counters.seen["http_requests"] += 1
        self.counters.seen[f"GET {asked.path}"] += 1
        reply = requestfaults.instead(self, asked) or self.answered(asked)
        return requestfaults.spoiled(self, asked, reply)

    def connect(self, asked: Asked) -> Session | Reply:
        """Open a WebSocket, or say why not."""
        if self.is_away:
            return Reply(0, flaw="reset")
        self._opened += 1
        self.counters.seen["ws_connects"] += 1
        address, now = self.at_address(asked.address), self.timers.now_ms
        fits = address.connects.take(now)
        self.counters.peak("connects", address.connects.used(now))
        if not fits:
            self.counters.breach("connects_over_limit")
            return in_json(429, {"error": "Too many connections"})
        if now < address.shunned_until:
            return in_json(403, {"error": "Forbidden"})
        if fault := self.faults.hit("handshake", str(self._opened)):
            return in_json(int(fault.params["status"]), {"error": "unavailable"})
        return self._let_in(asked)

    def _let_in(self, asked: Asked) -> Session | Reply:
        session = self.opened(asked, self._opened)
        if isinstance(session, Session):
            session.is_dead = self.faults.hit("silent_accept", str(session.number)) is not None
            self.sessions[session.number] = session
            self.counters.peak("connections", len(self.sessions))
            session.begin()
        return session

    def answered(self, asked: Asked) -> Reply:
        """What the exchange says when nothing is wrong."""
        raise NotImplementedError

    def opened(self, asked: Asked, number: int) -> Session | Reply:
        raise NotImplementedError

    def refused(self, status: int, until_ms: int | None = None) -> Reply:
        """A 429 or 418 in the words of the exchange."""
        raise NotImplementedError

    def watch(self, symbol: str) -> Watch:
        """What wakes at each trade of that symbol. Raises KeyError for an unknown one."""
        if symbol not in self._watches:
            self._watches[symbol] = Watch(self.timers, self.truth, symbol)
        return self._watches[symbol]

    def subscribe(self, session: Session, stream: str) -> None:
        """From now on it gets what is published there, unless a fault has it dead."""
        if self.faults.hit("ack_dead", stream) is None:
            self.subscribers.setdefault(stream, {})[session.number] = session

    def unsubscribe(self, session: Session, stream: str) -> None:
        self.subscribers.get(stream, {}).pop(session.number, None)

    def lose(self, pattern: str) -> None:
        """Forget whoever subscribed to such streams, without a word."""
        for stream in self.subscribers:
            if fnmatchcase(stream, pattern):
                self.subscribers[stream].clear()

    def forget(self, session: Session) -> None:
        self.sessions.pop(session.number, None)
        for several in self.subscribers.values():
            several.pop(session.number, None)

    def as_json(self) -> dict[str, Any]:
        """What GET /control/counters tells."""
        return {
            **self.counters.as_json(),
            "connections": len(self.sessions),
            "subscribed": {stream: len(several) for stream, several in self.subscribers.items() if several},
            "weightUsed": {name: at.weight.used(self.timers.now_ms) for name, at in self._addresses.items()},
        }


async def taken(exchange: Exchange, asked: Asked) -> Reply:
    """What it answers, whenever that is. It takes the request also when nobody waits for this any more."""
    given: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
    exchange.take(asked, lambda reply: None if given.done() else given.set_result(reply))
    return await given


async def let_in(exchange: Exchange, asked: Asked) -> Session | Reply:
    """As `taken`, of a WebSocket; one that nobody waits for any more is closed by its client."""
    given: asyncio.Future[Session | Reply] = asyncio.get_running_loop().create_future()

    def give(opened: Session | Reply) -> None:
        if not given.done():
            given.set_result(opened)
        elif isinstance(opened, Session):
            opened.heard_close()

    exchange.come(asked, give)
    return await given
