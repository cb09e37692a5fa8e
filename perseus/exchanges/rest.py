"""Asking an exchange over HTTP: within its budget, again where that is safe, and never once it has said stop."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from math import inf
from typing import Protocol, TypeVar

import msgspec

from perseus.errors import StoreUnavailable
from perseus.exchanges.budget.book import End
from perseus.exchanges.budget.ledger import Ledger, Priority
from perseus.exchanges.budget.patience import Patience
from perseus.exchanges.budget.penalty import BANNED, TOO_MANY, Penalty, date_ms, penalty, retry_after_ms
from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.dialect import BadAnswer, Spent
from perseus.exchanges.events import Refused
from perseus.exchanges.resterrors import NoAnswer, RateLimited, RequestRefused, RestError, Unheard
from perseus.exchanges.unreadable import UNREADABLE
from perseus.exchanges.wire.request import ON_SOCKETS, Limit, Request
from perseus.exchanges.wire.transport import Answer, Kind, Transport, TransportError

Result = TypeVar("Result")

__all__ = ["NoAnswer", "RateLimited", "RequestRefused", "Rest", "RestError"]

TIMEOUT_SECONDS = 10.0
ATTEMPTS = 4
FIRST_WAIT, LONGEST_WAIT = 0.5, 8.0
LONGEST_RETRY_AFTER = 30.0
CALIBRATIONS = 3
DATE_WITHIN_MS = 30_000
BUSY = frozenset({-1001, -1007, -1008})
"""Codes by which Binance says that it could not do it now, whatever the status."""
TOO_MANY_CODE = -1003
FINAL_KINDS = frozenset({"size"})
ENDS: Mapping[Kind, End] = {
    "timeout": "silent",
    "unreached": "unreached",
    "address": "gone",
    "refused": "gone",
    "reset": "gone",
}
"""What comes of a request without an answer; of all else some answer came."""


class Speaker(Protocol):
    """What is asked here of a `perseus.exchanges.dialect.Dialect`."""

    name: str
    first_limits: tuple[Limit, ...]

    def time_request(self) -> Request: ...
    def parse_time(self, answer: Answer) -> int: ...
    def spent(self, headers: Mapping[str, str]) -> tuple[Spent, ...]: ...
    def refusal(self, answer: Answer) -> Refused: ...


class _TryAgain(Exception):
    """Not this time. `least`: seconds that the exchange asks to wait. `is_silent`: nothing at all came in time."""

    def __init__(self, text: str, least: float = 0.0, *, is_silent: bool = False) -> None:
        super().__init__(text)
        self.least = least
        self.is_silent = is_silent


class Rest:
    """`rest_url`: of the exchange's row. `chance()` gives 0 to 1: waits between attempts are spread by it."""

    def __init__(
        self,
        transport: Transport,
        ledger: Ledger,
        clock: ExchangeClock,
        dialect: Speaker,
        rest_url: str,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._transport = transport
        self._ledger = ledger
        self._clock = clock
        self._dialect = dialect
        self._url = rest_url.rstrip("/")
        self._chance = chance
        self._penalties = self._frozen_ms = 0
        self._patience = Patience(TIMEOUT_SECONDS)
        self._answered, self._unanswered = -inf, -inf
        spans = [limit.interval_ms for limit in dialect.first_limits if limit.kind not in ON_SOCKETS]
        self._least_ms = max(spans, default=1_000)

    @property
    def silent_since(self) -> float | None:
        """Loop time (s) since which nothing that any process asked was answered; None: it answers, or was not asked."""
        found = (self._unanswered, self._ledger.silent_since or -inf)
        return min((at for at in found if at > self._answered), default=None)

    @property
    def answered_at(self) -> float:
        """Loop time (s) at which anything was answered last, also with an error; -inf: nothing was yet."""
        return self._answered

    async def sound(self) -> None:
        """Ask once for the time, to learn whether anything is answered. Raises as `get`."""
        await self._get(self._dialect.time_request(), Priority.ADMIN, self._dialect.parse_time, TIMEOUT_SECONDS)

    async def get(self, request: Request, priority: Priority) -> Answer:
        """The answer, which is 2xx and whole JSON. Each attempt is charged before it is sent.

        Raises RequestRefused, RateLimited, NoAnswer, and what `Ledger.reserve` raises.
        """
        return await self.read(request, priority, lambda answer: answer)

    async def read(
        self, request: Request, priority: Priority, reader: Callable[[Answer], Result], *, once: float | None = None
    ) -> Result:
        """What `reader` makes of the answer. One of which it raises BadAnswer is no usable one: it is asked again.

        `once`: what does not come within so many seconds is not asked for a second time. Raises as `get`.
        """
        result, _ = await self._get(request, priority, reader, once)
        return result

    async def calibrate(self, priority: Priority = Priority.ADMIN) -> None:
        """Ask the exchange for its time, again where its answer is a surprise. Raises as `get`."""
        for _ in range(CALIBRATIONS):
            told_ms, sent = await self._get(self._dialect.time_request(), priority, self._dialect.parse_time)
            self._clock.heard(told_ms, sent)
            if not self._clock.is_doubtful:
                return

    async def heed(self, answer: Answer) -> Penalty | None:
        """Take from any answer, one to a handshake too, what it says about the budget; a penalty freezes all.

        Where the store is away, this process alone keeps to it.
        """
        now = await self._now_ms()
        if now is None:
            return None
        at = date_ms(answer, now, DATE_WITHIN_MS)
        with suppress(StoreUnavailable):
            for spent in self._dialect.spent(answer.headers):
                await self._ledger.correct(spent.used, spent.interval_ms, spent.kind, at)
                await self._ledger.adjust(spent.amount, spent.interval_ms, spent.kind)
        due = penalty(answer, now, self._least_ms, self._penalties)
        if due is None:
            self._penalties = 0
            return None
        self._penalties += 1
        with suppress(StoreUnavailable):
            await self._ledger.freeze(due.until_ms, f"HTTP {due.status}: {self._dialect.refusal(answer).text}")
        return due

    async def _get(
        self, request: Request, priority: Priority, reader: Callable[[Answer], Result], once: float | None = None
    ) -> tuple[Result, float]:
        last, unheard, attempt = "", None, 0
        while attempt < ATTEMPTS and not (once and unheard):
            name = self._ledger.name()
            held = await self._ledger.reserve(request.weight, priority, name)
            sent, before = asyncio.get_running_loop().time(), self._answered
            try:
                return reader(await self._once(request, name, max(once or TIMEOUT_SECONDS, held))), sent
            except (_TryAgain, BadAnswer) as error:
                last, least = str(error), error.least if isinstance(error, _TryAgain) else 0.0
                is_silent = isinstance(error, _TryAgain) and error.is_silent
                unheard, attempt = Unheard(sent, before) if is_silent else None, attempt + 1
                if attempt < ATTEMPTS and not (once and unheard):
                    wait = self._chance() * min(FIRST_WAIT * 2 ** (attempt - 1), LONGEST_WAIT)
                    await asyncio.sleep(max(wait, min(least, LONGEST_RETRY_AFTER)))
        raise NoAnswer(self._dialect.name, request.path, attempt, last, unheard)

    async def _once(self, request: Request, name: str, seconds: float) -> Answer:
        time = asyncio.get_running_loop().time
        sent = time()
        try:
            async with self._patience.of(seconds):
                answer = await self._transport.get(
                    f"{self._url}{request.path}", request.params, request.headers, seconds
                )
        except TransportError as error:
            if error.kind not in ENDS:
                self._answered = time()
            elif self._unanswered <= self._answered:
                self._unanswered = sent
            await self._ended(name, ENDS.get(error.kind, "answered"))
            if error.kind in FINAL_KINDS:
                raise NoAnswer(self._dialect.name, request.path, 1, str(error)) from None
            raise _TryAgain(str(error), is_silent=ENDS.get(error.kind) == "silent") from None
        self._answered = time()
        self._patience.end_soon()
        await self._ended(name, "answered")
        if 200 <= answer.status < 300:
            await self.heed(answer)
            return _whole(answer)
        raise await self._refused(request, answer)

    async def _ended(self, name: str, end: End) -> None:
        with suppress(StoreUnavailable):
            await self._ledger.ended(name, end, self._chance())

    async def _refused(self, request: Request, answer: Answer) -> RestError | _TryAgain:
        name, refusal = self._dialect.name, self._dialect.refusal(answer)
        if refusal.code == TOO_MANY_CODE and answer.status not in (TOO_MANY, BANNED):
            answer = Answer(TOO_MANY, answer.headers, answer.body)
        now = await self._now_ms()
        due = await self.heed(answer)
        if due is not None and now is not None:
            is_news, self._frozen_ms = now >= self._frozen_ms, max(due.until_ms, self._frozen_ms)
            wait_ms = self._frozen_ms - now
            return RateLimited(name, request.path, due.status, wait_ms, due.until_ms, refusal.text, is_news)
        if answer.status >= 500 or refusal.code in BUSY:
            wait = retry_after_ms(answer, await self._now_ms() or 0) or 0
            return _TryAgain(f"HTTP {answer.status}: {refusal.text}", wait / 1000)
        return RequestRefused(name, request.path, answer.status, refusal.code, refusal.text)

    async def _now_ms(self) -> int | None:
        now = self._clock.estimate_ms()
        if now is None:
            with suppress(StoreUnavailable):
                return (await self._ledger.state()).now_ms
        return now


def _whole(answer: Answer) -> Answer:
    """The answer, unless its body is no JSON text: half of one, or a page for people. Raises _TryAgain."""
    try:
        msgspec.json.decode(answer.body, type=msgspec.Raw)
    except UNREADABLE as error:
        raise _TryAgain(f"HTTP {answer.status} with a body that is not whole JSON: {error}.") from None
    return answer
