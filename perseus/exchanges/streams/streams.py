"""All streams of one exchange: which connection carries which subscription, as wanted symbols come and go."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Iterable, Mapping

from perseus.exchanges.budget.gate import Gate, LocalGate
from perseus.exchanges.budget.window import Window
from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.dialect import NO_ALIASES, Dialect, Shard, Subscription, cut
from perseus.exchanges.events import Listener, Subject
from perseus.exchanges.rest import Rest
from perseus.exchanges.site import Site, StreamView
from perseus.exchanges.streams.quiet import Trades
from perseus.exchanges.streams.strangers import Strangers
from perseus.exchanges.streams.stream import Stream
from perseus.exchanges.wire.transport import Transport
from perseus.market.candle import Pair

log = logging.getLogger(__name__)

ERROR_SECONDS = 30.0


class Streams:
    """To be made on the loop that it works on.

    `gate`: shared by all that connect from this address; one of its own without. `chance`: for waits and ages.
    `rest`: asked whether a symbol is traded of which nothing comes; without it that is said to people.
    """

    def __init__(
        self,
        dialect: Dialect,
        transport: Transport,
        ws_url: str,
        listener: Listener,
        clock: ExchangeClock,
        chance: random.Random,
        gate: Gate | None = None,
        rest: Rest | None = None,
    ) -> None:
        time, rules = asyncio.get_running_loop().time, dialect.rules
        gate = gate or LocalGate(rules.connects, time)
        shared = gate.message if rules.are_messages_shared else None
        window = Window(rules.messages, rules.messages_span, time, shared) if shared else None
        strangers = Strangers(lambda text: listener.on_trouble(f"{dialect.name}: {text}"))
        trades = Trades(dialect, rest, clock) if rest else None
        self._site = Site(ws_url, dialect, transport, gate, clock, listener, chance, strangers, window, trades)
        self._tasks: dict[Stream, asyncio.Task[None]] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._numbers = 0

    def start(self, pairs: Iterable[Pair], tickers: Iterable[str], aliases: Mapping[str, str] = NO_ALIASES) -> None:
        """Stream these, and nothing else, until `close`. Called again, what goes on goes on undisturbed.

        Raises NotFetched for a timeframe that is not streamed; then nothing has changed.
        """
        plan = self._site.dialect.socket_plan(pairs, tickers, aliases)
        wanted = {one.subject: one for shard in plan for one in shard.subscriptions}
        self._leave_out(wanted)
        there = {subject for stream in self._tasks for subject in stream.subscriptions}
        left = self._fill([one for subject, one in wanted.items() if subject not in there])
        for shard in cut(left, self._site.dialect.rules.streams, plan[0].url_path if plan else ""):
            self._add(shard)

    async def live(self) -> None:
        """Until each connection was subscribed to once; of one that cannot be opened, for ever."""
        for stream in list(self._tasks):
            await stream.was_ready.wait()

    async def close(self) -> None:
        """Let go of all."""
        tasks = [*self._tasks.values(), *self._closing]
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def views(self) -> dict[str, StreamView]:
        """Each stream by its name."""
        return {stream.name: stream.view() for stream in self._tasks}

    def _leave_out(self, wanted: Mapping[Subject, Subscription]) -> None:
        """Take from the streams what is not wanted any more, or is delivered in another way by now."""
        for stream in list(self._tasks):
            old = [one for subject, one in stream.subscriptions.items() if wanted.get(subject) != one]
            if len(old) == len(stream.subscriptions):
                task = self._tasks.pop(stream)
                task.cancel()
                self._closing.add(task)
                task.add_done_callback(self._closing.discard)
            elif old:
                stream.change((), old)

    def _fill(self, new: list[Subscription]) -> list[Subscription]:
        """Put them where there is room, first where their symbol is already; returns those that are left."""
        by_symbol: dict[str, list[Subscription]] = {}
        for one in new:
            by_symbol.setdefault(one.symbol, []).append(one)
        left: list[Subscription] = []
        for symbol, together in by_symbol.items():
            stream = self._room(symbol, len(together))
            if stream:
                stream.change(together, ())
            else:
                left += together
        return left

    def _room(self, symbol: str, count: int) -> Stream | None:
        most = self._site.dialect.rules.streams
        free = [stream for stream in self._tasks if len(stream.subscriptions) + count <= most]
        has = [stream for stream in free if any(one.symbol == symbol for one in stream.subscriptions.values())]
        return next(iter(has or free), None)

    def _add(self, shard: Shard) -> None:
        self._numbers += 1
        stream = Stream(f"{self._site.dialect.name} stream {self._numbers}", self._site, shard)
        self._tasks[stream] = asyncio.create_task(self._keep(stream), name=stream.name)

    async def _keep(self, stream: Stream) -> None:
        """The boundary where an error of ours ends: the stream begins anew, and all that it has missed is in doubt."""
        while True:
            try:
                await stream.run()
            except Exception:
                log.exception("%s begins anew after an error", stream.name)
                stream.trouble("It begins anew after an error of Perseus, which is in the log.")
            await asyncio.sleep(ERROR_SECONDS)
