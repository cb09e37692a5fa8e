"""Keeping to what an exchange says about too much: after a 429, a 418 or a 403 nobody at this address sends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import nullcontext, suppress

from perseus.errors import PerseusError
from perseus.exchanges.budget.penalty import BANNED, TOO_MANY, UNTOLD_MS, penalty
from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.dialect import Dialect
from perseus.exchanges.rest import TOO_MANY_CODE
from perseus.exchanges.wire.request import ON_SOCKETS
from perseus.exchanges.wire.transport import Answer
from perseus.harness.budget import Budget, Frozen
from perseus.harness.verdict import phrase

FIND = "find out who used the limit."


class Heeding:
    """Stands before a Budget. A penalty is written into the shared book, whoever else is charged there or not.

    Where no store takes it this trial alone keeps to it, and says so. `host_ms`: this host's date, for where nobody
    has told the time of the exchange.
    """

    def __init__(self, budget: Budget, dialect: Dialect, clock: ExchangeClock, host_ms: Callable[[], int]) -> None:
        self._budget = budget
        self._dialect = dialect
        self._clock = clock
        self._host_ms = host_ms
        self._until = 0.0
        self._why = self._written = ""
        spans = [limit.interval_ms for limit in dialect.first_limits if limit.kind not in ON_SOCKETS]
        self._least_ms = max(spans, default=1_000)

    @property
    def says(self) -> str:
        """What became of the budget, for people."""
        return f"{self._budget.says}{self._written}"

    async def request(self, weight: int) -> None:
        """Return when a request of this weight may be sent. Raises Frozen, and the store's errors."""
        self._require_leave()
        await self._budget.request(weight)

    async def connect(self) -> None:
        """The same for a WebSocket."""
        self._require_leave()
        await self._budget.connect()

    async def answered(self, answer: Answer) -> str:
        """Take what any answer, one to a handshake too, says about limits.

        Gives, for people, who sends nothing from now on and for how long; '' where all may. Raises the store's errors.
        """
        told = await self._penalised(self._plain(answer))
        with suppress(PerseusError) if told else nullcontext():
            await self._budget.answered(answer)
        return told

    async def _penalised(self, answer: Answer) -> str:
        if answer.status not in UNTOLD_MS:
            return ""
        now_ms = await self._now_ms()
        due = penalty(answer, now_ms, self._least_ms, 0)
        assert due is not None
        seconds = -(-(due.until_ms - now_ms) // 1000)
        self._until = asyncio.get_running_loop().time() + seconds
        self._why = f"HTTP {due.status}, see above"
        why = f"HTTP {due.status}: {phrase(self._dialect.refusal(answer).text)}"
        return await self._tell(due.until_ms, seconds, due.status, why)

    async def _tell(self, until_ms: int, seconds: int, status: int, why: str) -> str:
        try:
            untold = await self._budget.freeze(until_ms, why)
        except PerseusError as error:
            untold = str(error)
        if untold:
            alone = f"This command sends nothing more, and no other process was told: {phrase(untold)}."
            return f"{alone} Send nothing from this address for {seconds} s, and {FIND}"
        self._written = f"; HTTP {status} was written there, and all processes wait for {seconds} s"
        return f"Nothing is sent from this address for {seconds} s, by any process: so it was written for all; {FIND}"

    def _plain(self, answer: Answer) -> Answer:
        """With the status that its code stands for."""
        is_plain = answer.status < 300 or answer.status in (TOO_MANY, BANNED)
        if is_plain or self._dialect.refusal(answer).code != TOO_MANY_CODE:
            return answer
        return Answer(TOO_MANY, answer.headers, answer.body)

    def _require_leave(self) -> None:
        left = self._until - asyncio.get_running_loop().time()
        if left > 0:
            raise Frozen(left, self._why)

    async def _now_ms(self) -> int:
        now_ms = self._clock.estimate_ms()
        if now_ms is None:
            with suppress(PerseusError):
                now_ms = await self._budget.now_ms()
        return self._host_ms() if now_ms is None else now_ms
