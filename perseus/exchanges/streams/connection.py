"""One WebSocket of one shard: subscribes within the limit, answers pings, follows numbers, knows what it has heard.

It ends with `Lost`, whatever the cause, and decides nothing beyond itself: its owner is told. Times are loop times in
seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from perseus.errors import PerseusError
from perseus.exchanges.budget.window import Window
from perseus.exchanges.dialect import Dialect, Message, Subscription
from perseus.exchanges.events import Subject, unended
from perseus.exchanges.streams.quiet import Quiet
from perseus.exchanges.streams.reader import Owner, Reader
from perseus.exchanges.streams.watchdog import SILENT, Alarm, Step
from perseus.exchanges.symbols import named
from perseus.exchanges.wire.transport import Closed, Ping, Socket, Text, TransportError
from perseus.market.candle import Pair

ACKNOWLEDGED_WITHIN = 10.0
ANSWERED_WITHIN = 30.0
TICK = 1.0
STALLED = 5.0
"""A tick that comes so much later than it should: this process did not listen meanwhile."""
WATCH_EVERY = 5.0
TRUTH_EVERY = 300.0
TURN = 256
"""Messages after which others on the loop get their turn, however many more are there."""


class Lost(PerseusError):
    """Raised when a connection has ended. `code`: of its closing frame; `why` is for the middle of a sentence."""

    def __init__(self, why: str, code: int | None = None) -> None:
        self.why = unended(why)
        super().__init__(self.why)
        self.code = code


class Connection:
    """`subscriptions`: what it is for at first. `retire_at`: when it is to be replaced."""

    def __init__(
        self,
        socket: Socket,
        dialect: Dialect,
        window: Window,
        owner: Owner,
        subscriptions: Sequence[Subscription],
        retire_at: float,
        time: Callable[[], float],
    ) -> None:
        self.is_ready = asyncio.Event()
        self.opened = self.last_frame = self._alive = time()
        self.reader = Reader(self, dialect, owner, time)
        self.truth, self.dog = self.reader.truth, self.reader.dog
        self._socket = socket
        self._dialect = dialect
        self._window = window
        self._owner = owner
        self._retire_at = retire_at
        self._time = time
        self._ids = 1
        self._jobs: asyncio.Queue[tuple[str, Sequence[Subscription]]] = asyncio.Queue()
        self._ping: bytes | None = None
        self._pinged = asyncio.Event()
        self._next_truth = self.opened + TRUTH_EVERY
        self._next_watch = self.opened + WATCH_EVERY
        self._is_probing = False
        self._parts = [self._read, self._write, self._answer_pings, self._mind]
        self._quiet: Quiet | None = None
        if owner.trades:
            self._quiet = Quiet(owner.trades, self.dog, time, self._untold)
            self._parts.append(self._quiet.run)
        self.subscribe(subscriptions)

    async def run(self) -> Lost:
        """Work until it ends; returns why. Closes the socket."""
        parts = [asyncio.create_task(part()) for part in self._parts]
        try:
            await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for part in parts:
                part.cancel()
            ends = await asyncio.gather(*parts, return_exceptions=True)
            await self._socket.close()
        for end in ends:
            if isinstance(end, Lost):
                return end
            if isinstance(end, TransportError):
                return Lost(str(end))
        raise next(end for end in ends if isinstance(end, Exception))

    def subscribe(self, subscriptions: Sequence[Subscription]) -> None:
        """Hear these as well, or ask for them again."""
        if subscriptions:
            self.truth.want(subscriptions)
            self.dog.add(subscriptions, self._time())
            self._jobs.put_nowait(("subscribe", subscriptions))

    def unsubscribe(self, subscriptions: Sequence[Subscription]) -> None:
        """Hear these no longer."""
        if subscriptions:
            self.truth.unwant(subscriptions)
            self.dog.remove(subscriptions)
            self._jobs.put_nowait(("unsubscribe", subscriptions))

    async def _read(self) -> None:
        count = 0
        while True:
            frame = await self._socket.receive()
            now = self._time()
            if isinstance(frame, Text):
                self.reader.read(frame.data)
            elif isinstance(frame, Ping):
                self._ping = frame.payload
                self._pinged.set()
            elif isinstance(frame, Closed):
                told = f" ({frame.reason})" if frame.reason else ""
                ended = "it broke off" if frame.code is None else f"it was closed with code {frame.code}"
                raise Lost(f"{ended}{told}", frame.code)
            self.last_frame = self._alive = now
            count += 1
            if count % TURN == 0:
                await asyncio.sleep(0)

    async def _answer_pings(self) -> None:
        """Each at once; of a flood the newest, which answers the ones before it as well."""
        while True:
            await self._pinged.wait()
            await self._window.enter_urgently()
            payload, self._ping = self._ping, None
            self._pinged.clear()
            await self._socket.pong(payload or b"")

    async def _write(self) -> None:
        for message in self._dialect.greetings():
            await self._say(message)
        while True:
            if self._jobs.empty():
                self.is_ready.set()
            act, subscriptions = await self._jobs.get()
            if act == "probe":
                await self._probe()
            elif act == "subscribe":
                wanted = [one for one in subscriptions if one.subject in self.truth.wanted]
                await self._ask_all(self._dialect.subscribe_messages(wanted, self._ids))
            else:
                await self._ask_all(self._dialect.unsubscribe_messages(subscriptions, self._ids))

    async def _ask_all(self, messages: list[Message]) -> None:
        for message in messages:
            await self._ask(message)

    async def _say(self, message: Message) -> None:
        await self._window.enter()
        self._ids += message.id is not None
        await self._socket.send(message.text)

    async def _ask(self, message: Message) -> None:
        """Say it and wait until it is acknowledged: then it has arrived, and counts in the window from now on."""
        answered = self.reader.await_answer(message)
        await self._say(message)
        sent = self._time()
        try:
            async with asyncio.timeout(ACKNOWLEDGED_WITHIN):
                await answered
            self._window.renew()
        except TimeoutError:
            self._unanswered(message, sent)

    def _unanswered(self, message: Message, sent: float) -> None:
        if self.last_frame <= sent:
            raise Lost(f"it said nothing for {ACKNOWLEDGED_WITHIN:.0f} s after a message of ours")
        missing = [str(one.subject) for one in self.truth.unacknowledged(message.covers)]
        if missing:
            self._owner.trouble(f"The exchange does not acknowledge the subscription to {named(missing)}.")

    async def _probe(self) -> None:
        message = self._dialect.probe_message(self._ids)
        if message:
            await self._ask(message)
        self._is_probing = False

    async def _mind(self) -> None:
        last = self._time()
        while True:
            await asyncio.sleep(TICK)
            now = self._time()
            stalled, last = now - last - TICK, now
            if stalled > STALLED:
                self._alive += stalled
                self.dog.excuse(stalled)
                continue
            self._check_life(now)
            if now >= self._next_watch:
                self._next_watch = now + WATCH_EVERY
                self._watch(now)

    def _check_life(self, now: float) -> None:
        rules, silent = self._dialect.rules, now - self._alive
        if silent >= rules.dead_after:
            raise Lost(f"it said nothing for {silent:.0f} s")
        is_unanswered = not self.reader.is_answering and not self.dog.heard_since(self.opened)
        if is_unanswered and now - self.opened >= ANSWERED_WITHIN and self.truth.wanted:
            raise Lost("it answers to nothing")
        if (silent >= rules.probe_after or now >= self._next_truth) and not self._is_probing:
            self._is_probing = True
            self._next_truth = now + TRUTH_EVERY
            self._jobs.put_nowait(("probe", ()))
        if now >= self._retire_at:
            self._owner.retire(self, "its time is up")

    def _watch(self, now: float) -> None:
        alarms: dict[Step, list[Alarm]] = {}
        for alarm in self.dog.due(now):
            alarms.setdefault(alarm.step, []).append(alarm)
        self.subscribe([alarm.subscription for alarm in alarms.get(Step.RESUBSCRIBE, ())])
        for alarm in alarms.get(Step.DOUBT, ()):
            self._owner.doubt(self, [alarm.subscription.subject], alarm.since, SILENT)
        self._owner.strangers.missed(
            [alarm.subscription.subject for each in alarms.values() for alarm in each if alarm.is_dead]
        )
        dead = [alarm.subscription.subject for alarm in alarms.get(Step.RECONNECT, ())]
        if dead:
            dead = self._silent_with(dead, now)
            self._owner.retire(self, f"{named(map(str, dead))}: {self._why_silent(now)}", dead)
        if reported := alarms.get(Step.REPORT):
            self._report(reported, now)

    def _silent_with(self, dead: list[Subject], now: float) -> list[Subject]:
        """These, and all that stay away together with them: one new connection is for all of them."""
        if self.dog.is_mute(now):
            return list(self.truth.wanted)
        if self.dog.lacks_candles(now) and any(isinstance(one, Pair) for one in dead):
            others = [one for one in self.truth.wanted if isinstance(one, Pair)]
            return others + [one for one in dead if one not in others]
        return dead

    def _why_silent(self, now: float) -> str:
        if self.dog.is_mute(now):
            return "silent, all at once"
        return "no candles come any more" if self.dog.lacks_candles(now) else "silent while the market goes on"

    def _report(self, alarms: list[Alarm], now: float) -> None:
        """What was tried has brought them back neither here nor on another connection."""
        lacks_candles = self.dog.lacks_candles(now)
        if lacks_candles:
            candles = [subject for subject in self.truth.wanted if isinstance(subject, Pair)]
            self._owner.candles.stay_away(len(candles), self.dog.do_tickers_come(now))
        unheard = [alarm for alarm in alarms if not alarm.was_heard]
        if lacks_candles:
            unheard = [alarm for alarm in unheard if not isinstance(alarm.subscription.subject, Pair)]
        if self._quiet:
            self._quiet.look_at([alarm.subscription.subject for alarm in unheard if not alarm.is_dead])
            unheard = [alarm for alarm in unheard if alarm.is_dead]
        if unheard:
            names = named(str(alarm.subscription.subject) for alarm in unheard)
            self._owner.trouble(f"Nothing has come of {names}: is it still traded?")

    def _untold(self, pairs: list[Pair]) -> None:
        """REST has trades of which these said nothing."""
        self._owner.trouble(f"Nothing has come of {named(map(str, pairs))}, though REST has trades there.")
        self._owner.retire(self, f"{named(map(str, pairs))}: silent while REST has trades", pairs)
