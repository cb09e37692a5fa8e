"""How the exchanges count: in rolling windows, in calendar windows, and by bans that grow."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from perseus.simulator.counters import Counters

BAN_FIRST_MS = 120_000
BAN_LONGEST_MS = 3 * 86_400_000
BAN_GROWTH = 4
STRIKES = 3
IN_FLIGHT_MS = 1_000
"""So long after a refusal that only a fault sent, what arrives was sent before the client could know."""


@dataclass
class Rolling:
    """At most `amount` within any `span_ms`. What is refused counts as well, as at the exchanges."""

    span_ms: int
    amount: int
    _at: deque[int] = field(default_factory=deque)

    def take(self, now_ms: int) -> bool:
        """Count one more; False when it is one too many."""
        self._at.append(now_ms)
        return self.used(now_ms) <= self.amount

    def used(self, now_ms: int) -> int:
        while self._at and self._at[0] <= now_ms - self.span_ms:
            self._at.popleft()
        return len(self._at)


@dataclass
class Calendar:
    """At most `amount` between two multiples of `span_ms`."""

    span_ms: int
    amount: int
    _window: int = -1
    _used: int = 0

    def take(self, now_ms: int, weight: int) -> bool:
        self._used = self.used(now_ms) + weight
        return self._used <= self.amount

    def used(self, now_ms: int) -> int:
        window = now_ms // self.span_ms
        if window != self._window:
            self._window, self._used = window, 0
        return self._used

    def ends_ms(self, now_ms: int) -> int:
        return (now_ms // self.span_ms + 1) * self.span_ms


@dataclass(frozen=True)
class Refusal:
    """`until_ms`: when the client may ask again."""

    status: int
    until_ms: int


@dataclass
class Address:
    """What Binance keeps of one address: weight by the minute, requests by five, and its sentence."""

    weight: Calendar
    requests: Calendar
    connects: Rolling
    counters: Counters
    frozen_until: int = 0
    banned_until: int = 0
    strikes: int = 0
    bans: int = 0
    closes: Rolling = field(default_factory=lambda: Rolling(300_000, STRIKES))
    shunned_until: int = 0
    known_from: int = 0

    def admit(self, weight: int, now_ms: int) -> Refusal | None:
        """Count a request; say so when it is refused."""
        fits = self.weight.take(now_ms, weight)
        fits = self.requests.take(now_ms, 1) and fits
        self.counters.peak("weight_1m", self.weight.used(now_ms))
        if now_ms < max(self.frozen_until, self.banned_until):
            return self._ignored(now_ms)
        self.strikes = 0
        return None if fits else self.limit(now_ms)

    def limit(self, now_ms: int, by_fault: bool = False) -> Refusal:
        """Answer with 429 until the minute ends."""
        self.frozen_until = self.weight.ends_ms(now_ms)
        self._count("http_429", now_ms, by_fault)
        return Refusal(429, self.frozen_until)

    def ban(self, now_ms: int, by_fault: bool = False) -> Refusal:
        """Answer with 418, each time for longer."""
        self.banned_until = now_ms + min(BAN_LONGEST_MS, BAN_FIRST_MS * BAN_GROWTH**self.bans)
        self.bans += 1
        self._count("http_418", now_ms, by_fault)
        return Refusal(418, self.banned_until)

    def is_excused(self, now_ms: int) -> bool:
        """Whether a request that arrives now may have been sent before the freeze was heard of."""
        if now_ms >= self.known_from:
            return False
        self.counters.seen["refused_in_flight"] += 1
        return True

    def _count(self, rule: str, now_ms: int, by_fault: bool) -> None:
        if by_fault:
            self.known_from = now_ms + IN_FLIGHT_MS
        else:
            self.counters.breach(rule)

    def _ignored(self, now_ms: int) -> Refusal:
        if self.is_excused(now_ms):
            is_ban = now_ms < self.banned_until
            return Refusal(418 if is_ban else 429, self.banned_until if is_ban else self.frozen_until)
        self.counters.breach("asked_while_frozen")
        self.strikes += 1
        if now_ms < self.banned_until:
            self.counters.breach("http_418")
            return Refusal(418, self.banned_until)
        return self.ban(now_ms) if self.strikes >= STRIKES else self.limit(now_ms)

    def shun(self, now_ms: int) -> None:
        """A connection of it was closed by 1008: after some of these no other is taken for two minutes."""
        if not self.closes.take(now_ms):
            self.shunned_until = now_ms + BAN_FIRST_MS
