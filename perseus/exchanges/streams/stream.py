"""One stream of messages for a part of all subscriptions: a connection, and the next one before it ends.

What two connections bring while both are open comes out once. Whatever may be missing is told as doubt, from the last
that was surely complete; what is in doubt is so once, until it is live again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from perseus.exchanges.budget.gate import FIRST_SECONDS, Backoff
from perseus.exchanges.budget.window import Window
from perseus.exchanges.dialect import Shard, Subscription
from perseus.exchanges.events import Heard, Subject
from perseus.exchanges.site import Site, StreamView
from perseus.exchanges.streams.candles import Candles
from perseus.exchanges.streams.connection import Connection, Lost
from perseus.exchanges.streams.doubts import Doubts
from perseus.exchanges.streams.echoes import Echoes
from perseus.exchanges.streams.reader import Link
from perseus.exchanges.wire.transport import Socket, TransportError

log = logging.getLogger(__name__)

READY_SECONDS = 60.0
PROVEN_SECONDS = 60.0
"""A connection that has lasted so long begins the waits anew when it ends."""
OVERLAP_SECONDS = 5.0
LONGEST_OVERLAP = 30.0
ECHO_SECONDS = 15.0
POLICY = 1008
POLICY_SECONDS = 15.0
FOREVER = float("inf")
TRIED_SECONDS = 3600.0
"""How long a stream that a new connection did not bring back is no reason for another."""


@dataclass(eq=False, slots=True)
class _Line:
    """A connection and the work on it."""

    connection: Connection
    work: asyncio.Task[Lost]

    @property
    def is_ready(self) -> bool:
        return self.connection.is_ready.is_set() and not self.work.done()

    async def end(self) -> Lost:
        """End it, and say why it ended where it already had."""
        self.work.cancel()
        (end,) = await asyncio.gather(self.work, return_exceptions=True)
        return end if isinstance(end, Lost) else Lost("it was not ready in time")


class Stream:
    """`name`: for texts. `run` works until it is cancelled. It is the Owner of its connections."""

    def __init__(self, name: str, site: Site, shard: Shard) -> None:
        self.name = name
        self.was_ready = asyncio.Event()
        self.subscriptions = {one.subject: one for one in shard.subscriptions}
        self._url = site.ws_url.rstrip("/") + shard.url_path
        self._site = site
        self._time = asyncio.get_running_loop().time
        self._backoff = Backoff(site.chance)
        self._doubts = Doubts(site.clock, site.listener, self._time, self.subscriptions, name)
        self._echoes = Echoes(self._time)
        self.candles = Candles(name, site.clock, self._time, self.trouble)
        self.strangers, self.trades = site.strangers, site.trades
        self._lines: list[_Line] = []
        self._current: _Line | None = None
        self._retired = asyncio.Event()
        self._retiring: set[Link] = set()
        self._tried: dict[Subject, float] = {}
        self._outage: tuple[str, float] | None = None
        self._connects = self._losses = self._rollovers = 0

    async def run(self) -> None:
        """Keep it connected, without limit."""
        line: _Line | None = None
        try:
            while True:
                line = await self._serve(line or await self._open())
        except Exception:
            since = min((each.connection.last_frame for each in self._lines), default=self._time())
            self._doubts.doubt(self.subscriptions, since, "its stream begins anew")
            raise
        finally:
            lines, self._lines, self._current = self._lines, [], None
            await asyncio.gather(*(each.end() for each in lines), return_exceptions=True)

    def change(self, add: Sequence[Subscription], remove: Sequence[Subscription]) -> None:
        """Subscribe to more, and to less, on the connection that is there."""
        self._doubts.begin([one.subject for one in add if one.subject not in self.subscriptions])
        self._doubts.forget([one.subject for one in remove])
        self.subscriptions.update((one.subject, one) for one in add)
        for one in remove:
            self.subscriptions.pop(one.subject, None)
        for line in self._lines:
            line.connection.unsubscribe(remove)
            line.connection.subscribe(add)

    def view(self) -> StreamView:
        """How it is now."""
        line, now = self._current, self._time()
        there = line.connection if line and line.is_ready else None
        return StreamView(
            is_connected=there is not None,
            wanted=len(self.subscriptions),
            acknowledged=len(there.truth.acknowledged) if there else 0,
            heard=len(there.dog.heard_since(there.opened)) if there else 0,
            connects=self._connects,
            losses=self._losses,
            rollovers=self._rollovers,
            duplicates=self._echoes.dropped,
            age=now - there.opened if there else None,
            silent_for=now - there.last_frame if there else None,
            why_lost=self._outage[0] if self._outage else None,
            unknown=dict(there.reader.unknown) if there else {},
        )

    # What its connections tell it.

    def took(self, link: Link, event: Heard) -> None:
        if self._echoes.is_echo(event):
            return
        self._doubts.heard(event.subject)
        self._site.listener.on_event(event)

    def told_time(self, exchange_ms: int) -> None:
        self._site.clock.heard(exchange_ms)

    def is_ahead(self, exchange_ms: int) -> bool:
        return self._site.clock.is_ahead(exchange_ms)

    def live(self, subjects: Collection[Subject]) -> None:
        self._doubts.end(subjects)

    def doubt(self, link: Link, subjects: Collection[Subject], since: float, why: str) -> None:
        self._doubts.doubt(subjects, since, why)  # though another may be open: it may have had the same bad message

    def retire(self, link: Link, why: str, subjects: Collection[Subject] = ()) -> None:
        now = self._time()
        fresh = [subject for subject in subjects if now - self._tried.get(subject, -FOREVER) > TRIED_SECONDS]
        if subjects and not fresh:
            return
        self._tried.update(dict.fromkeys(fresh, now))
        if link not in self._retiring:
            self._retiring.add(link)
            if subjects:
                self.trouble(f"A new connection is opened, for {why}.")
        if self._current and self._current.connection is link:
            self._retired.set()

    def trouble(self, text: str) -> None:
        self._site.listener.on_trouble(f"{self.name}: {text}")

    # Its connections.

    async def _open(self) -> _Line:
        """A connection on which all is asked for and answered; tried without end."""
        while (line := await self._try()) is None:
            pass
        return line

    async def _try(self) -> _Line | None:
        turn = await self._site.gate.enter()
        self._connects += 1
        try:
            async with self._site.patience.of(turn.seconds):
                socket = await self._site.transport.connect(self._url, turn.seconds)
        except TransportError as error:
            if error.answer:
                self._site.patience.end_soon()
            await self._site.gate.over(turn, error.kind)
            if error.answer:
                await self._site.gate.refused(error.answer)
            await self._pause(Lost(str(error)))
            return None
        if any(line.is_ready for line in self._lines):
            self._echoes.begin()
        connection = self._connection(socket)
        line = _Line(connection, asyncio.create_task(connection.run(), name=self.name))
        self._lines.append(line)
        self._site.patience.end_soon()
        await self._site.gate.over(turn)
        if await self._is_ready(line):
            await self._site.gate.opened()
            return line
        await self._drop(line, await line.end())
        return None

    def _connection(self, socket: Socket) -> Connection:
        site, rules = self._site, self._site.dialect.rules
        window = site.window or Window(rules.messages, rules.messages_span, self._time)
        age = site.chance.uniform(*rules.lifetime) if rules.lifetime else FOREVER
        wanted = list(self.subscriptions.values())
        return Connection(socket, site.dialect, window, self, wanted, self._time() + age, self._time)

    async def _is_ready(self, line: _Line) -> bool:
        ready = asyncio.create_task(line.connection.is_ready.wait())
        try:
            await asyncio.wait({ready, line.work}, timeout=READY_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ready.cancel()
        return line.is_ready

    async def _serve(self, line: _Line) -> _Line | None:
        """Until it is lost, None, or another has taken its place, that."""
        self._current = line
        self.was_ready.set()
        self._back()
        self._retired.clear()
        if line.connection in self._retiring:
            self._retired.set()
        retired = asyncio.create_task(self._retired.wait())
        try:
            await asyncio.wait({retired, line.work}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            retired.cancel()
        if not line.work.done():
            return await self._replace(line)
        await self._lose(line)
        return None

    async def _replace(self, old: _Line) -> _Line:
        """Open the next one while the old one works, and end that when both bring the same."""
        opening = asyncio.create_task(self._open())
        try:
            await asyncio.wait({opening, old.work}, return_when=asyncio.FIRST_COMPLETED)
            if not opening.done():
                self._note_loss(old)
            new = await opening
        finally:
            opening.cancel()
        if old in self._lines:
            await self._overlap(old, new)
        if new.work.done() and old in self._lines and not old.work.done():
            await self._drop(new, new.work.result())
            return old
        await self._leave(old)
        return new

    async def _overlap(self, old: _Line, new: _Line) -> None:
        began = self._time()
        missing: set[Subject] = set()
        while not (old.work.done() or new.work.done()) and self._time() < began + LONGEST_OVERLAP:
            await asyncio.sleep(1)
            missing = old.connection.dog.heard_since(began) - new.connection.dog.heard_since(new.connection.opened)
            if not missing and self._time() >= began + OVERLAP_SECONDS:
                break
        if new.work.done():
            return
        if old.work.done() and old.connection.last_frame < began:
            missing = set(self.subscriptions)
        self._doubts.doubt(missing, min(began, old.connection.last_frame), "the next connection did not bring it")

    async def _leave(self, old: _Line) -> None:
        if old in self._lines:
            self._lines.remove(old)
            self._rollovers += 1
            await old.end()
        self._retiring.discard(old.connection)
        self._echoes.end_in(ECHO_SECONDS)

    async def _lose(self, line: _Line) -> None:
        lost = self._note_loss(line)
        if self._time() - line.connection.opened >= PROVEN_SECONDS:
            self._backoff.reset()
        await self._pause(lost)

    def _note_loss(self, line: _Line) -> Lost:
        lost = line.work.result()
        self._losses += 1
        self._lines.remove(line)
        self._retiring.discard(line.connection)
        self._doubts.doubt(self.subscriptions, line.connection.last_frame, f"the connection was lost: {lost.why}")
        return lost

    async def _drop(self, line: _Line, lost: Lost) -> None:
        """It never came to work, or no longer than the one before it."""
        self._lines.remove(line)
        self._retiring.discard(line.connection)
        self._echoes.end_in(0)
        await self._pause(lost)

    async def _pause(self, lost: Lost) -> None:
        if not any(line.is_ready for line in self._lines) and self._outage is None:
            self._outage = (lost.why, self._time())
            self.trouble(f"Not connected: {lost.why}. It is tried again until it works.")
        await asyncio.sleep(self._backoff.wait(POLICY_SECONDS if lost.code == POLICY else FIRST_SECONDS))

    def _back(self) -> None:
        if self._outage:
            log.warning("%s: Connected again after %.0f s.", self.name, self._time() - self._outage[1])
            self._outage = None
