"""What an engine tells of itself now and then: the facts of its card, and what a person should know of REST."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress

from perseus.errors import StoreUnavailable
from perseus.ingest.cardfacts import card_facts
from perseus.ingest.engine.empties import Empties
from perseus.ingest.engine.failing import Failing
from perseus.ingest.engine.ports import Ports
from perseus.ingest.engine.series import Series
from perseus.ingest.engine.silence import Silence
from perseus.ingest.engine.writer import Say, Writer
from perseus.market.candle import Pair
from perseus.network.statusfield import Value

EVERY_SECONDS = 5.0


class Telling:
    """`lacking()`: pairs of which something is missing; `messages()`: how many came from the streams."""

    def __init__(
        self,
        ports: Ports,
        series: Mapping[Pair, Series],
        writer: Writer,
        lacking: Callable[[], Collection[Pair]],
        messages: Callable[[], int],
        say: Say,
        failing: Failing,
    ) -> None:
        self._failing = failing
        self._ports, self._series, self._writer = ports, series, writer
        self._lacking, self._messages = lacking, messages
        self._empties = Empties(say)
        self._silence = Silence(ports.dialect.name, lambda: ports.rest.silent_since, ports.clock, say)
        self.facts: dict[str, Value] = {}

    async def run(self) -> None:
        """Look and tell until cancelled."""
        time = asyncio.get_running_loop().time
        while True:
            self._empties.look(self._series.values(), time())
            self._failing.look(time(), self._ports.clock.now_ms())
            self._silence.look(self._messages(), time())
            with suppress(StoreUnavailable):
                await self._write_down()
            await asyncio.sleep(EVERY_SECONDS)

    async def _write_down(self) -> None:
        book = await self._ports.ledger.state()
        unreadable = sum(one.is_unreadable for one in self._series.values())
        facts = card_facts(len(self._series), len(self._lacking()), unreadable, self._writer, book)
        self.facts = {**facts, "emptyAnswers": self._empties.fact(), "restSilent": self._silence.fact()}
