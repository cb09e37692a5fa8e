"""A destination in memory: events come in, `plan` is carried out, and what was told can be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from perseus.clock import iso
from perseus.network.exchange import Exchange
from perseus.network.log.activity import Event
from perseus.notify.configuration import Configuration, Destination, Maintenance, Match, Policy, Rule, Silence
from perseus.notify.notification import Notification
from perseus.notify.planning.memory import Memory
from perseus.notify.planning.planner import plan
from perseus.notify.planning.steps import Decision, Edit, Rest, Situation, Step

START = 1_790_000_000_000
KRAKEN = Exchange(4, "kraken", "Kraken")
COINBASE = Exchange(1, "coinbase", "Coinbase")
BYBIT = Exchange(5, "bybit", "Bybit")
OKX = Exchange(6, "okx", "OKX")
BITGET = Exchange(7, "bitget", "Bitget")
DISPATCHER = Exchange(2_147_483_647, "-dispatcher-", "Dispatcher")
ALL = (KRAKEN, COINBASE, BYBIT, OKX, BITGET)
EVERYTHING = Rule(name="everything", destinations=("*",))
QUIET = Policy(group_seconds=0, flap_changes=0, reminders=())


def at(seconds: float) -> int:
    """Unix ms, so many seconds after the start."""
    return START + round(seconds * 1000)


def event(exchange: Exchange, seconds: float, kind: str, **fields: str) -> Event:
    known = {"event": kind, "hostname": "feed-1", "adminEmail": "ann@example.org", "exchangeName": exchange.name}
    return Event(exchange, f"{at(seconds)}-0", known | fields)


def lost(exchange: Exchange, seconds: float, **fields: str) -> Event:
    known = {"fromState": "active", "toState": "offline", "reason": "lease_expired", "offlineAt": iso(at(seconds))}
    return event(exchange, seconds, "state_transition", **(known | fields))


def moves(exchange: Exchange, seconds: float, to_state: str, from_state: str = "", **fields: str) -> Event:
    return event(exchange, seconds, "state_transition", fromState=from_state, toState=to_state, reason="test", **fields)


def back(exchange: Exchange, seconds: float, down: float, **fields: str) -> Event:
    return moves(exchange, seconds, "starting", "idle", downtimeMs=str(round(down * 1000)), **fields)


def failed(exchange: Exchange, seconds: float, text: str = "boom", **fields: str) -> Event:
    return event(exchange, seconds, "error", **({"error": text, "state": "active", "count": "1"} | fields))


def silence(until: float, reason: str = "deploy", begins: float = -100, **match: Any) -> Silence:
    return Silence(id="s", match=Match(**match), starts_ms=at(begins), ends_ms=at(until), author="ann", reason=reason)


@dataclass
class Table:
    """`tell(events)` puts them into the logs; `run(until)` lets time pass and carries out every step on the way."""

    policy: Policy = QUIET
    rules: tuple[Rule, ...] = (EVERYTHING,)
    silences: tuple[Silence, ...] = ()
    maintenance: dict[str, Maintenance] = field(default_factory=dict)
    destination: str = "ops"
    max_batch: int = 10
    can_update: bool = False
    is_behind_limit: bool = False
    is_replay: bool = False
    is_paused: bool = False
    now: int = START
    pending: dict[str, list[Event]] = field(default_factory=dict)
    memories: dict[str, Memory] = field(default_factory=dict)
    decisions: list[Decision] = field(default_factory=list)
    messages: list[tuple[Notification, ...]] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    sent_at: list[float] = field(default_factory=list)
    rest: Rest = field(default_factory=Rest)

    def tell(self, *events: Event) -> Table:
        for one in events:
            self.pending.setdefault(one.exchange.name, []).append(one)
        return self

    def online(self, *exchanges: Exchange) -> Table:
        for exchange in exchanges:
            self.memories[exchange.name] = Memory(state="active", state_ms=START)
        return self

    def situation(self) -> Situation:
        destination = Destination(self.destination, "discord", {}, self.policy, is_paused=self.is_paused)
        living = {name: one for name, one in self.maintenance.items() if one.until_ms > self.now}
        return Situation(
            destination,
            Configuration((destination,), self.rules, self.silences),
            {name: list(events) for name, events in self.pending.items()},
            dict(self.memories),
            living,
            self.now,
            self.max_batch,
            self.can_update,
            self.is_behind_limit,
            self.is_replay,
        )

    def step(self) -> Step | Rest:
        """One step, carried out as a lane does."""
        done = plan(self.situation())
        if isinstance(done, Rest):
            self.rest = done
            return done
        for name, settled in done.cursor.items():
            while self.pending[name].pop(0) is not settled:
                pass
        self.memories |= done.memories
        self.decisions += done.decisions
        if done.edit:
            self.edits.append(done.edit)
        if done.notifications:
            self.messages.append(done.notifications)
            self.sent_at.append((self.now - START) / 1000)
            for name in done.remembers_ref:
                self._refer(name, f"ref-{len(self.messages)}")
        return done

    def _refer(self, name: str, ref: str) -> None:
        memory = self.memories[name]
        assert memory.incident is not None
        self.memories[name] = memory.model_copy(update={"incident": memory.incident.model_copy(update={"ref": ref})})

    def run(self, until: float = 0, steps: int = 10_000) -> Table:
        """Carry out everything up to that second; time jumps to whatever the plan rests for."""
        end = max(at(until), self.now)
        for _ in range(steps):
            done = self.step()
            if isinstance(done, Step):
                continue
            assert done.until_ms is None or done.until_ms > self.now, "a rest that ends before it begins"
            if done.until_ms is None or done.until_ms > end:
                self.now = end
                return self
            self.now = done.until_ms
        raise AssertionError("the plan does not come to rest")

    def live(self, events: Sequence[Event], until: float) -> Table:
        """Each event comes when it happens, and everything in between is carried out."""
        for one in sorted(events, key=lambda one: one.order):
            self.run((one.at_ms - START) / 1000 - 0.001)
            self.now = max(self.now, one.at_ms)
            self.tell(one).run()
        return self.run(until)

    @property
    def told(self) -> list[Notification]:
        return [one for message in self.messages for one in message]

    @property
    def titles(self) -> list[str]:
        return [one.title for one in self.told]

    @property
    def whys(self) -> list[str]:
        return [f"{one.verdict} {one.why}" for one in self.decisions]

    def detail(self, why: str) -> str:
        return next(one.detail for one in self.decisions if one.why == why)

    def copy(self, **changes: Any) -> Table:
        return replace(self, **changes)
