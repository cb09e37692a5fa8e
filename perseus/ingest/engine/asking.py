"""Asks for candles over REST, and has it known when the exchange gives what is none."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from perseus.exchanges.budget.ledger import Priority
from perseus.exchanges.history import History
from perseus.ingest.engine.ports import Ports
from perseus.ingest.engine.writer import Say
from perseus.market.candle import Pair
from perseus.market.coverage import Range


class Asking:
    """`before()` is awaited before each request, `asked` told of it."""

    def __init__(
        self, ports: Ports, say: Say, before: Callable[[], Awaitable[None]], asked: Callable[[Pair], None]
    ) -> None:
        self._ports = ports
        self._say = say
        self._before = before
        self._asked = asked
        self._named: set[Pair] = set()

    async def fetch(self, pair: Pair, asked: Range, priority: Priority) -> tuple[int, History]:
        """Candles of a range, and the exchange's time when it was asked. Raises as `Rest.read`, and NotFetched."""
        dialect = self._ports.dialect
        count = pair.timeframe.count(*asked)
        request = dialect.history_request(pair, *asked, min(count, dialect.history_limit))
        asked_ms = self._ports.clock.now_ms()
        await self._before()
        self._asked(pair)
        history = await self._ports.rest.read(
            request, priority, lambda answer: dialect.parse_history(answer, pair, asked_ms)
        )
        self._name(pair, history)
        return asked_ms, history

    def _name(self, pair: Pair, history: History) -> None:
        """Once for each pair, however often it is so."""
        if history.refused and pair not in self._named:
            self._named.add(pair)
            why = next(iter(history.refused.values()))
            self._say(f"{pair}: the exchange gave what is left out and asked for again, at last once an hour. {why}")
