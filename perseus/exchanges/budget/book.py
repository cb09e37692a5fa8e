"""The book of one outgoing address in Redis: what has been sent to an exchange, by all processes together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Literal

from perseus import keys
from perseus.errors import PerseusError
from perseus.exchanges.wire.request import Limit
from perseus.market.timeframes import LATEST_MS
from perseus.store import Client, Script, answers, now_ms

SHARE = 65
"""Of each limit that an exchange allows, in percent: the rest is for what else has our address, and for errors."""
EARLY_MS, LATE_MS = 500, 2_000
"""A request may be counted this much before (our clock is ahead) or after (it is under way) its charge says."""
UNDER_WAY, UNANSWERED = 30, 90
"""Of a limit by the second, in percent: so much may be under way, and so much unanswered with what was given up. An
exchange that stood still takes all of it at once."""
OVERDUE_MS, GONE_MS = 12_000, 600_000
"""Longer than any request waits for its answer; so long after it was sent it arrives no more."""
FIRST_PROBE_MS, LAST_PROBE_MS, REST_MS = 500, 30_000, 1_000
HELD_MS = 10_000
"""How long any answer is waited for. That of a request to a silent exchange is waited for until the next is due: an
exchange that held it answers it first."""
SHORT_MS = 2_000
"""Up to so long an interval is counted by the second."""
SIGNS_MS = 60_000
"""A sign of life has a silent exchange asked at once, no more than once in so long."""
PACKAGE = "perseus.exchanges.budget"
SLOTS = 4

What = Literal["request", "connect", "message"]
End = Literal["answered", "silent", "unreached", "gone"]
"""silent: its sender has given up, and it may still arrive. The others never will: unreached: nobody took the
connection or said why. gone: for a reason that was told at once."""


class Priority(IntEnum):
    """Who goes first, and how much of the used share each may take: what is urgent always finds some left."""

    ADMIN = 1
    BOUNDARY = 2
    REPAIR = 3
    WARMUP = 4


CLASS_SHARES: Mapping[Priority, int] = {
    Priority.ADMIN: 100,
    Priority.BOUNDARY: 95,
    Priority.REPAIR: 85,
    Priority.WARMUP: 60,
}


@dataclass(frozen=True, slots=True)
class Granted:
    """It is charged: send it now. `now_ms`: exchange time, as the book takes it.

    `held_ms`: the exchange is silent, and the answer is to be waited for that long; 0: as usual.
    """

    now_ms: int
    held_ms: int = 0


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now: ask again in `wait_ms`, or sooner. `why` is a limit such as `weight:60000`, or what froze all."""

    now_ms: int
    wait_ms: int
    why: str
    is_frozen: bool


@dataclass(frozen=True, slots=True)
class Emptied:
    """The exchange has told its limits, and the book does not know them: the store was emptied. Nothing is charged."""

    now_ms: int


@dataclass(frozen=True, slots=True)
class Never:
    """It weighs more than `most`, which is all that may be used of `limit`."""

    limit: str
    most: int


@dataclass(frozen=True, slots=True)
class Usage:
    """One limit: `used` of `cap` at this moment, of `amount` that the exchange allows; `others`: not sent by us."""

    limit: Limit
    cap: int
    used: int
    others: int


@dataclass(frozen=True, slots=True)
class BookState:
    """What a page shows. Times are Unix ms by the exchange's clock; `frozen_until_ms` None: not frozen.

    `is_told`: some process has written the exchange's own limits.
    """

    now_ms: int
    usages: tuple[Usage, ...]
    frozen_until_ms: int | None
    why: str
    is_told: bool = True


class NoTime(PerseusError):
    """Raised when a number that can be no time of an exchange would be charged by. Nothing was charged."""

    def __init__(self, told_ms: object) -> None:
        super().__init__(f"{str(told_ms)[:40]} is no time in Unix milliseconds: ask the exchange for its time anew.")


class Book:
    """Synchronous, one round trip a call. `first_limits`: what holds until the exchange has told its own.

    Raises NoTime; errors as `perseus.store.Script`.
    """

    def __init__(self, client: Client, exchange_id: int, address: str, first_limits: Sequence[Limit] = ()) -> None:
        self._first = _written(first_limits)
        self.key = keys.weight_book(exchange_id, address)
        self._client = client
        self._reserve = Script(client, "reserve", PACKAGE)
        self._correct = Script(client, "correct", PACKAGE)
        self._freeze = Script(client, "freeze", PACKAGE)
        self._ended = Script(client, "ended", PACKAGE)

    def reserve(
        self,
        now: int | None,
        what: What,
        weight: int,
        priority: Priority,
        *,
        is_more: bool = False,
        is_told: bool = False,
        name: str = "",
    ) -> Granted | Wait | Never | Emptied:
        """Charge one request, connect or message, if it may be sent; no freeze holds up a message.

        `now`: exchange time in ms, None where not known.

        `is_more`: others of this class wait with the caller. `is_told`: the caller has written the limits before.
        `name`: under which `ended` tells what became of it, no other's; with '' nobody will.
        """
        _require_time(now)
        shares = " ".join(str(CLASS_SHARES[each]) for each in Priority)
        asked = ("" if now is None else now, what, weight, int(priority), int(is_more), SHARE, shares)
        held = (name, UNDER_WAY, UNANSWERED, OVERDUE_MS, GONE_MS, HELD_MS, LAST_PROBE_MS, SIGNS_MS, SHORT_MS)
        answer, at, *rest = self._reserve((self.key,), (*asked, self._first, EARLY_MS, LATE_MS, int(is_told), *held))
        if answer == "GRANTED":
            return Granted(at, rest[0])
        if answer == "EMPTIED":
            return Emptied(at)
        if answer == "NEVER":
            return Never(limit=rest[1], most=rest[0])
        return Wait(at, rest[0], rest[1], answer == "FROZEN")

    def ended(self, now: int | None, name: str, end: End, chance: float = 0.0, what: What = "request") -> int:
        """What became of a request or connect; gives ms until a silent exchange is asked again, 0 for now.

        `chance`: 0 to 1, by which the wait is shortened, to half of it at most.
        """
        _require_time(now)
        at = "" if now is None else now
        told = (at, name, end, FIRST_PROBE_MS, LAST_PROBE_MS, REST_MS, OVERDUE_MS, round(50 * chance), what)
        return int(self._ended((self.key,), told)[0])

    def sign(self) -> None:
        """The exchange has given a sign of life elsewhere: where it is silent, it is asked at once."""
        with answers(self._client):
            self._client.hset(self.key, "hint", "1")

    def learn(self, limits: Sequence[Limit]) -> None:
        """The exchange has told its limits: they hold for all processes from now on."""
        with answers(self._client):
            self._client.hset(self.key, "limits", _written(limits))

    def correct(self, at_ms: int, kind: str, interval_ms: int, used: int) -> None:
        """At `at_ms` the exchange said that `used` of a limit is gone. An unknown limit is left alone."""
        _require_time(at_ms)
        self._correct((self.key,), (at_ms, kind, interval_ms, used, SHARE, LATE_MS, self._first))

    def freeze(self, until_ms: int, why: str) -> int:
        """Nobody sends until then, or until a later time that was set before; gives which."""
        _require_time(until_ms)
        return int(self._freeze((self.key,), (until_ms, why))[0])

    def state(self, now: int | None = None) -> BookState:
        """For those who look; without `now`, by what the last one who asked has told of the exchange's time."""
        with answers(self._client):
            fields: Any = self._client.hgetall(self.key)
            if now is None:
                now = now_ms(self._client, self.key) + int(fields.get("offset", "0"))
        frozen = int(fields.get("frozen", "0"))
        usages = tuple(_usage(limit, fields, now) for limit in _read(fields.get("limits", self._first)))
        is_frozen = frozen > now
        why = fields.get("why", "") if is_frozen else ""
        return BookState(now, usages, frozen if is_frozen else None, why, "limits" in fields)


def _usage(limit: Limit, fields: Mapping[str, str], now: int) -> Usage:
    cap = max(1, limit.amount * SHARE // 100)
    name = f"{limit.kind}:{limit.interval_ms}"
    if not limit.is_calendar:
        ahead = max(0, int(fields.get(f"{name}:next", "0")) - now)
        return Usage(limit, cap, min(cap, round(ahead * cap / limit.interval_ms)), 0)
    window = now // limit.interval_ms
    slot = f"{name}:{window % SLOTS}"
    if fields.get(f"{slot}:n") != str(window):
        return Usage(limit, cap, 0, 0)
    own, others = int(fields.get(f"{slot}:own", "0")), int(fields.get(f"{slot}:more", "0"))
    return Usage(limit, cap, own + others, others)


def _require_time(told_ms: int | None) -> None:
    """In the store a number that is beyond counting would be counted with all the same."""
    if told_ms is not None and (type(told_ms) is not int or not 0 <= told_ms < LATEST_MS):
        raise NoTime(told_ms)


def _written(limits: Sequence[Limit]) -> str:
    return " ".join(f"{each.kind}:{each.interval_ms}:{each.amount}:{int(each.is_calendar)}" for each in limits)


def _read(text: str) -> list[Limit]:
    parts: list[Any] = [each.split(":") for each in text.split()]
    return [Limit(kind, int(interval), int(amount), calendar == "1") for kind, interval, amount, calendar in parts]
