"""The weight ledger: one budget per exchange and outgoing address, asked before anything is sent."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import count
from math import ceil
from typing import Protocol, TypeVar
from uuid import uuid4

from perseus.exchanges.budget.book import Book, BookState, Emptied, End, Granted, Never, Priority, Wait, What
from perseus.exchanges.budget.line import Line, Wish
from perseus.exchanges.budget.tooheavy import TooHeavy
from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.wire.request import REQUESTS, WEIGHT, Limit
from perseus.store import Client

__all__ = ["Caller", "Ledger", "Priority", "TooHeavy", "inline"]

log = logging.getLogger(__name__)

SILENCE = "silence"
SHORT_MS = 60_000
"""So long what an exchange has counted is waited for when it is forgotten here."""
FORGOTTEN = "the data store was emptied: what was sent in this minute is not known any more"

Result = TypeVar("Result")


class Caller(Protocol):
    """Runs a synchronous call of the store where it does not stall the loop: on a thread, mostly."""

    def __call__(self, work: Callable[[], Result], /) -> Awaitable[Result]:
        """What `work()` gives or raises."""


async def inline(work: Callable[[], Result]) -> Result:
    """A Caller that runs it at once, on the loop: for tests and commands that do nothing besides."""
    return work()


class Ledger:
    """Asks for all of one process, the most urgent first. Made within a running loop.

    `address`: the one that the exchange sees. `first_limits`: what holds until the exchange has told its own. `clock`
    is that of the exchange; until it is known, the book's own idea of that time serves. `name`: of the exchange, for
    the log. `granted`: requests so far; `emptied`: how often the store was found to have been emptied; `held_up`: for
    people, why nothing at all may be sent now, '' where something may; `held`: the same, until when (exchange time, ms)
    and why; `silent_since`: loop time (s) since which the exchange is known to be silent, or None.
    """

    def __init__(
        self,
        client: Client,
        exchange_id: int,
        address: str,
        first_limits: Sequence[Limit],
        clock: ExchangeClock,
        call: Caller,
        name: str = "the exchange",
    ) -> None:
        self._book = Book(client, exchange_id, address, first_limits)
        self._name = name
        self._first = tuple(first_limits)
        self._clock = clock
        self._call = call
        self._lines = {what: Line(partial(self._ask, what)) for what in ("request", "connect", "message")}
        self._limits: tuple[Limit, ...] = ()
        self._frozen: tuple[int, str] | None = None
        self._shut: tuple[int, float] | None = None
        self._run, self._numbers = uuid4().hex[:12], count()
        self.granted: Counter[Priority] = Counter()
        self.emptied = 0
        self.silent_since: float | None = None
        self.held_up = ""
        self.held: tuple[int, str] | None = None

    async def reserve(self, weight: int, priority: Priority, name: str = "") -> float:
        """Return when a request of this weight may be sent, at once; it is charged then.

        Gives seconds to wait for its answer where the exchange is silent, else 0: as long as for any.

        `name`: a new one of `name`, where `ended` will be told what became of it.
        Raises TooHeavy, and the store's errors: where the store is away nothing is known, so nothing may be sent.
        """
        wish = Wish(weight, priority, name)
        await self._lines["request"].wait(wish)
        self.granted[priority] += 1
        return wish.held

    def name(self) -> str:
        """For one request: no other, of whatever process, has it."""
        return f"{self._run}-{next(self._numbers)}"

    async def ended(self, name: str, end: End, chance: float = 0.0, what: What = "request") -> None:
        """What became of a request or connect of that name; `chance` as of the book. Raises the store's errors."""
        await self._call(partial(self._book.ended, self._clock.estimate_ms(), name, end, chance, what))
        self._lines[what].hurry()

    async def sign(self) -> None:
        """The exchange lives: where its REST side was silent it is asked at once. Raises the store's errors."""
        if self.silent_since is not None:
            await self._call(self._book.sign)
            self._lines["request"].hurry()

    async def reserve_connect(self, priority: Priority, name: str = "") -> float:
        """The same for an attempt to open a WebSocket: what it gives is where others were not answered either."""
        wish = Wish(0, priority, name)
        await self._lines["connect"].wait(wish)
        return wish.held

    async def reserve_message(self) -> None:
        """Return when one message may be sent on a WebSocket, of those that all of this address share."""
        await self._lines["message"].wait(Wish(0, Priority.ADMIN))

    async def learn(self, limits: Sequence[Limit]) -> None:
        """The exchange has told its limits: they hold for all processes from now on. Raises the store's errors.

        Of a kind that it has told nothing of, what held before stays, here or in the book.
        """
        if not limits:
            await self.state()
        found = tuple(limits)
        for known in (self._held(), self._first):
            told = {limit.kind for limit in found}
            found = (*found, *(limit for limit in known if limit.kind not in told))
        self._limits = found
        await self._call(partial(self._book.learn, self._limits))
        self._hurry()

    async def adjust(self, amount: int | None, interval_ms: int, kind: str) -> None:
        """An answer tells how much a limit allows by now; None: it does not. Raises the store's errors."""
        if amount is None:
            return
        limits = tuple(
            replace(each, amount=amount) if (each.kind, each.interval_ms) == (kind, interval_ms) else each
            for each in self._held()
        )
        if limits != self._held():
            await self.learn(limits)

    async def correct(self, used: int, interval_ms: int, kind: str = WEIGHT, at_ms: int | None = None) -> None:
        """The exchange said at `at_ms` (its time; None: now) how much of a limit is used. Raises the store's errors."""
        at = self._clock.estimate_ms() if at_ms is None else at_ms
        if at is not None:
            await self._call(partial(self._book.correct, at, kind, interval_ms, used))

    async def freeze(self, until_ms: int, why: str) -> None:
        """Nobody sends until then (exchange time). Raises the store's errors; this process keeps to it all the same."""
        if self._frozen is None or until_ms > self._frozen[0]:
            self._frozen = (until_ms, why)
        if (now := self._clock.estimate_ms()) is not None:
            self._keep_shut(until_ms, until_ms - now)
        await self._call(partial(self._book.freeze, until_ms, why))

    async def state(self) -> BookState:
        """What is used, and until when all is frozen. Raises the store's errors.

        Limits that others were told are remembered: a store that is emptied is to be known as such.
        """
        is_told = bool(self._limits)
        state = await self._call(partial(self._book.state, self._clock.estimate_ms()))
        if is_told and not state.is_told:
            await self._begin_anew(state.now_ms)
        elif state.is_told:
            self._limits = tuple(usage.limit for usage in state.usages)
        return state

    async def _ask(self, what: What, wish: Wish, is_more: bool) -> float | Never | None:
        now = self._before_leaps(self._clock.estimate_ms())
        await self._keep_frozen(now)
        is_told = bool(self._limits)
        answer = await self._call(
            partial(
                self._book.reserve,
                now,
                what,
                wish.weight,
                wish.priority,
                is_more=is_more,
                is_told=is_told,
                name=wish.name,
            )
        )
        if isinstance(answer, Never):
            return answer
        if not self._clock.is_known:
            self._clock.suppose(answer.now_ms)
        if what != "message":
            self._tell(answer)
        if what == "request":
            self._note(answer.held_ms > 0 if isinstance(answer, Granted) else _is_silence(answer))
        if isinstance(answer, Granted):
            wish.held = self._clock.takes_seconds(answer.held_ms)
        if isinstance(answer, Emptied):
            await self._begin_anew(answer.now_ms)
            return 0.0
        return self._clock.takes_seconds(answer.wait_ms) if isinstance(answer, Wait) else None

    def _note(self, is_silent: bool) -> None:
        if not is_silent:
            self.silent_since = None
        elif self.silent_since is None:
            self.silent_since = asyncio.get_running_loop().time()

    def _tell(self, answer: Granted | Wait | Emptied) -> None:
        """Whoever waits for this knows what for. Refusals of the exchange are logged where they are heard."""
        if not isinstance(answer, Wait):
            self.held_up, self.held = "", None
        elif answer.is_frozen:
            seconds = max(1, ceil(self._clock.takes_seconds(answer.wait_ms)))
            if not self.held_up and answer.why == FORGOTTEN:
                log.warning("Nothing is sent to %s for %d s: %s.", self._name, seconds, answer.why)
            self.held = answer.now_ms + answer.wait_ms, answer.why
            if answer.why != SILENCE:
                self._keep_shut(self.held[0], answer.wait_ms)
            self.held_up = f"nothing may be sent to the exchange for {seconds} s: {answer.why}"

    def _keep_shut(self, until_ms: int, wait_ms: int) -> None:
        ends_ms = self._clock.passed_ms() + wait_ms
        if self._shut is None or until_ms > self._shut[0]:
            self._shut = until_ms, ends_ms

    def _before_leaps(self, now: int | None) -> int | None:
        """The time as it was when a freeze was heard of, carried on: none is over because an exchange's clock leaps."""
        if now is None or self._shut is None:
            return now
        until_ms, ends_ms = self._shut
        left_ms = ends_ms - self._clock.passed_ms()
        return min(now, until_ms - ceil(left_ms)) if left_ms > 0 else now

    async def _keep_frozen(self, now: int | None) -> None:
        """Told again each time: the store may have been away or emptied, and a ban is none the shorter for it."""
        if self._frozen is None:
            return
        if now is not None and self._frozen[0] <= now:
            self._frozen = None
        else:
            await self._call(partial(self._book.freeze, *self._frozen))

    async def _begin_anew(self, now: int) -> None:
        """What was charged is forgotten: let what the exchange has counted run out before more is sent."""
        self.emptied += 1
        ends = [_end_of_window(limit, now) for limit in self._limits if limit.kind == WEIGHT or _is_short(limit)]
        await self.freeze(max(ends, default=now), FORGOTTEN)
        await self.learn(self._limits)

    def _held(self) -> tuple[Limit, ...]:
        return self._limits or self._first

    def _hurry(self) -> None:
        for line in self._lines.values():
            line.hurry()


def _is_silence(answer: Wait | Emptied) -> bool:
    return isinstance(answer, Wait) and answer.why == SILENCE


def _is_short(limit: Limit) -> bool:
    return limit.kind == REQUESTS and limit.interval_ms <= SHORT_MS


def _end_of_window(limit: Limit, now: int) -> int:
    return (now // limit.interval_ms + 1) * limit.interval_ms if limit.is_calendar else now + limit.interval_ms
