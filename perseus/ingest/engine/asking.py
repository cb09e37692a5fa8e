"""Asks for candles over REST, and has it known when the exchange gives what is none."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from perseus.exchanges.budget.ledger import Priority
from perseus.exchanges.history import History
from perseus.exchanges.resterrors import NoAnswer, RequestRefused
from perseus.ingest.engine.hanging import Hanging, NotYet
from perseus.ingest.engine.ports import Ports
from perseus.ingest.engine.writer import Say
from perseus.market.candle import Pair
from perseus.market.coverage import Range


class Warmups(Protocol):
    """What is asked here of a `perseus.ingest.engine.warming.Warming`."""

    def awaits(self, pair: Pair) -> bool: ...
    def asking(self, pair: Pair) -> None: ...
    def goes_behind(self, pair: Pair) -> bool: ...


class Asking:
    """`before()` is awaited before each request, `warmups()` told of it.

    A pair that hangs is not asked for before its time, and none waits twice for an answer while a warmup waits for it.
    """

    def __init__(
        self,
        ports: Ports,
        say: Say,
        before: Callable[[], Awaitable[None]],
        warmups: Callable[[], Warmups],
        hanging: Hanging,
    ) -> None:
        self._ports = ports
        self._say = say
        self._before = before
        self._warmups = warmups
        self._hanging = hanging
        self._named: set[Pair] = set()

    async def fetch(self, pair: Pair, asked: Range, priority: Priority) -> tuple[int, History]:
        """Candles of a range, and the exchange's time when it was asked. Raises as `Rest.read`, NotYet, NotFetched."""
        warmups = self._warmups()
        is_awaited = warmups.awaits(pair)
        if self._hanging.rests(pair) or (is_awaited and warmups.goes_behind(pair)):
            raise NotYet(pair)
        dialect = self._ports.dialect
        count = pair.timeframe.count(*asked)
        request = dialect.history_request(pair, *asked, min(count, dialect.history_limit))
        asked_ms = self._ports.clock.now_ms()
        await self._before()
        warmups.asking(pair)
        once = self._hanging.patience(pair) if is_awaited or pair in self._hanging else None
        try:
            with self._hanging.asked(pair):
                history = await self._ports.rest.read(
                    request, priority, lambda answer: dialect.parse_history(answer, pair, asked_ms), once=once
                )
        except NoAnswer as error:
            if error.unheard is None:
                self._hanging.answered(pair)
            elif once:
                self._hanging.unanswered(pair, error.unheard, str(error))
            raise
        except RequestRefused:
            self._hanging.answered(pair)
            raise
        self._hanging.answered(pair)
        self._name(pair, history)
        return asked_ms, history

    def _name(self, pair: Pair, history: History) -> None:
        """Once for each pair, however often it is so."""
        if history.refused and pair not in self._named:
            self._named.add(pair)
            why = next(iter(history.refused.values()))
            self._say(f"{pair}: the exchange gave what is left out and asked for again, at last once an hour. {why}")
