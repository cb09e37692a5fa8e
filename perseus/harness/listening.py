"""The streaming half of a trial: subscribe to one symbol, wait for the first word, listen for two seconds."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping

from perseus.exchanges.budget.window import Window
from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.dialect import Dialect, Message
from perseus.exchanges.events import (
    Acknowledged,
    Beat,
    CandleEvent,
    Event,
    Refused,
    Subscribed,
    TickerEvent,
    Unknown,
    Unreadable,
)
from perseus.exchanges.wire.transport import Closed, Ping, Socket, Text, Transport, TransportError
from perseus.harness.asking import CONTINUE, Failed
from perseus.harness.heeding import Heeding
from perseus.harness.verdict import Verdict, phrase
from perseus.market.candle import Pair

CONNECT_SECONDS = 10.0
FIRST_SECONDS = 10.0
LISTEN_SECONDS = 2.0
SHORTEST_MS = 60_000
"""Candles of a second tell of quiet markets too, but few exchanges have them."""
MOST_BAD = 3


class Listening:
    """One connection, closed in the end. Times are those of the loop, in seconds."""

    def __init__(
        self,
        transport: Transport,
        dialect: Dialect,
        ws_url: str,
        budget: Heeding,
        clock: ExchangeClock,
        verdict: Verdict,
        unreached: str = CONTINUE,
    ) -> None:
        self._unreached = unreached
        self._transport = transport
        self._dialect = dialect
        self._url = ws_url
        self._budget = budget
        self._clock = clock
        self._verdict = verdict
        self._seen: Counter[str] = Counter()
        self._unknown: Counter[str] = Counter()
        self._bad: list[str] = []
        self._first: dict[str, float] = {}
        self._end: Closed | None = None
        verdict.evidence |= {"messages": 0, "pings": 0, "longestDelayMs": None}

    async def stream(self, symbol: str, aliases: Mapping[str, str]) -> None:
        """Its candles in the shortest timeframe that is streamed, from a minute on, and its ticker. Raises Failed."""
        streamed = sorted(one for one in self._dialect.streamed if one.ms is None or one.ms >= SHORTEST_MS)
        pair = Pair(symbol, streamed[0])
        (shard,) = self._dialect.socket_plan([pair], [symbol], aliases)
        time = asyncio.get_running_loop().time
        await self._budget.connect()
        began = time()
        socket = await self._open(shard.url_path)
        opened = time()
        try:
            messages = self._dialect.subscribe_messages(shard.subscriptions, 1)
            await self._subscribe(socket, [*self._dialect.greetings(), *messages])
            asked = time()
            await self._listen(socket, asked + FIRST_SECONDS, until_first=True)
            await self._listen(socket, time() + LISTEN_SECONDS, until_first=False)
        finally:
            await socket.close()
        self._judge(pair, began, opened, asked)

    async def _open(self, url_path: str) -> Socket:
        try:
            return await self._transport.connect(f"{self._url}{url_path}", CONNECT_SECONDS)
        except TransportError as error:
            told = await self._budget.answered(error.answer) if error.answer else ""
            raise Failed(str(error), told or self._unreached) from None

    async def _subscribe(self, socket: Socket, messages: list[Message]) -> None:
        rules = self._dialect.rules
        window = Window(rules.messages, rules.messages_span, asyncio.get_running_loop().time)
        for message in messages:
            await window.enter()
            await socket.send(message.text)

    async def _listen(self, socket: Socket, until: float, *, until_first: bool) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(until):
                while self._end is None and not (until_first and "candle" in self._first):
                    frame = await socket.receive()
                    if isinstance(frame, Text):
                        self._verdict.count("messages")
                        for event in self._dialect.decode(frame.data):
                            self._hear(event, loop.time())
                    elif isinstance(frame, Ping):
                        self._verdict.count("pings")
                        await socket.pong(frame.payload)
                    elif isinstance(frame, Closed):
                        self._end = frame
        except TimeoutError:
            return

    def _hear(self, event: Event, now: float) -> None:
        match event:
            case CandleEvent():
                self._note("snapshot" if event.is_snapshot else "candle", now)
                if not event.is_snapshot:
                    self._delayed(event.candle.event_ms)
            case TickerEvent():
                self._note("ticker", now)
            case Acknowledged() | Subscribed():
                self._note("acknowledgement", now)
            case Beat():
                self._note("heartbeat", now)
            case Unknown():
                self._unknown[event.text] += 1
            case Unreadable() | Refused():
                self._bad.append(event.text)

    def _note(self, what: str, now: float) -> None:
        self._seen[what] += 1
        self._first.setdefault(what, now)

    def _delayed(self, event_ms: int) -> None:
        evidence, delay = self._verdict.evidence, self._clock.now_ms() - event_ms
        longest = evidence.get("longestDelayMs")
        evidence["longestDelayMs"] = max(delay, longest if isinstance(longest, int) else delay)

    def _judge(self, pair: Pair, began: float, opened: float, asked: float) -> None:
        def after(what: str) -> int | None:
            return round((self._first[what] - asked) * 1000) if what in self._first else None

        self._verdict.evidence |= {
            "streamed": str(pair),
            "connectMs": round((opened - began) * 1000),
            "acknowledgedMs": after("acknowledgement"),
            "firstCandleMs": after("candle"),
            "firstTickerMs": after("ticker"),
            "heard": dict(self._seen),
            "unknown": dict(self._unknown),
            "unreadable": list(dict.fromkeys(self._bad))[:MOST_BAD],
        }
        self._stream_check(pair, after("candle"))
        self._messages_check()

    def _stream_check(self, pair: Pair, first_ms: int | None) -> None:
        heard = ", ".join(f"{count} {what}{'' if count == 1 else 's'}" for what, count in sorted(self._seen.items()))
        if self._end is not None:
            text = f"It ended the connection with code {self._end.code} {phrase(self._end.reason)}".rstrip()
            self._verdict.add(
                "stream", False, f"{text}, after {heard or 'no word'}.", "Try again; then read its status page."
            )
        elif first_ms is None:
            mend = self._why_none()
            said = f"It sent no candle of {pair} in {FIRST_SECONDS:.0f} s, only {heard or 'silence'}."
            self._verdict.add("stream", False, said, mend)
        else:
            text = f"The first candle of {pair} came after {first_ms} ms; with {LISTEN_SECONDS:.0f} s more: {heard}."
            self._verdict.add("stream", True, text)

    def _why_none(self) -> str:
        """Where candles came, though none that counts, it is no matter of whether the symbol trades."""
        if self._bad:
            return "What came could not be read, see below."
        if self._seen["snapshot"]:
            return "What was before came, and nothing new. Try a livelier one by --symbol."
        return "Does this symbol trade now? Try a livelier one by --symbol."

    def _messages_check(self) -> None:
        count = self._verdict.evidence.get("messages", 0)
        strange = ", ".join(f"{kind} ({times})" for kind, times in self._unknown.items())
        if self._bad:
            bad = list(dict.fromkeys(map(phrase, self._bad)))[:MOST_BAD]
            mend = "Keep them by --save and report it: the exchange has changed what it sends."
            self._verdict.add("messages", False, f"Of {count}, these cannot be read: {'; '.join(bad)}.", mend)
        else:
            text = f"All {count} could be read" + (f"; of unknown kinds, passed over: {strange}." if strange else ".")
            self._verdict.add("messages", True, text)
