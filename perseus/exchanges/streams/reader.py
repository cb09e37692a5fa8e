"""What each event of a connection changes: what is acknowledged, what was heard, what is in doubt."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection
from typing import Protocol

import msgspec

from perseus.exchanges.dialect import Dialect, Message, Subscription
from perseus.exchanges.events import (
    Acknowledged,
    Beat,
    CandleEvent,
    Event,
    Heard,
    Refused,
    Sequence,
    ShuttingDown,
    Subject,
    Subscribed,
    TickerEvent,
    Unknown,
    Unnumbered,
    Unreadable,
    unended,
)
from perseus.exchanges.streams.candles import Candles
from perseus.exchanges.streams.quiet import Trades
from perseus.exchanges.streams.sequence import Count
from perseus.exchanges.streams.strangers import Strangers
from perseus.exchanges.streams.subscribing import Truth
from perseus.exchanges.streams.watchdog import SILENT, Watchdog
from perseus.exchanges.symbols import named
from perseus.market.candle import Pair

KINDS_MAX = 50
"""Kinds of unknown messages that are counted by name; any more are counted together."""
OTHERS = "others"


class Owner(Protocol):
    """Who is told what happens on a connection. Nothing of it may block or raise."""

    candles: Candles
    strangers: Strangers
    trades: Trades | None

    def took(self, connection: Link, event: Heard) -> None:
        """It brought this."""

    def told_time(self, exchange_ms: int) -> None:
        """The exchange stamped something that has just arrived."""

    def is_ahead(self, exchange_ms: int) -> bool:
        """Is this exchange time in the future?"""

    def live(self, subjects: Collection[Subject]) -> None:
        """The exchange brings these from now on."""

    def doubt(self, connection: Link, subjects: Collection[Subject], since: float, why: str) -> None:
        """What these said since then may be incomplete."""

    def retire(self, connection: Link, why: str, subjects: Collection[Subject] = ()) -> None:
        """It should be replaced while it still works; for the sake of `subjects`, where they are given."""

    def trouble(self, text: str) -> None:
        """Something that a person should know."""


class Link(Protocol):
    """The connection that a reader reads for."""

    last_frame: float

    def subscribe(self, subscriptions: list[Subscription]) -> None:
        """Ask for these again."""


class Reader:
    """Reads for one connection; `link` is that."""

    def __init__(self, link: Link, dialect: Dialect, owner: Owner, time: Callable[[], float]) -> None:
        self.truth = Truth()
        self.dog = Watchdog(dialect.rules.first_heard, dialect.rules.is_ticker_proof, owner.candles.pulse)
        self.is_answering = False
        self.unknown: Counter[str] = Counter()
        self.strays: set[Subject] = set()
        self._link = link
        self._decode = dialect.decode
        self._owner = owner
        self._time = time
        self._numbers: dict[str, Count] = {}
        self._beats = Count()
        self._bad: set[Subject | type[Beat] | None] = set()
        self._asked: tuple[Message, asyncio.Future[None], set[Subject]] | None = None

    def read(self, data: bytes) -> None:
        """One message. `link.last_frame` is still the time of the one before it."""
        for event in self._decode(data):
            if isinstance(event, (CandleEvent, TickerEvent)):
                self._heard(event)
            else:
                self._told(event)

    def await_answer(self, message: Message) -> asyncio.Future[None]:
        """Done when the exchange has answered to `message`, the only one that is out at a time."""
        answered = asyncio.get_running_loop().create_future()
        self._asked = (message, answered, set(self.truth.acknowledged))
        return answered

    def _heard(self, event: Heard) -> None:
        if isinstance(event, CandleEvent):
            subject: Subject = event.pair
            exchange_ms, price = event.candle.event_ms, None
        else:
            subject, exchange_ms, price = event.ticker.symbol, event.ticker.event_ms, event.ticker.price
        routes = self.truth.route(subject)
        if not routes:
            self._stray(subject)
            return
        now = self._time()
        self._owner.told_time(exchange_ms)
        for one in routes:
            back = self.dog.heard(one.subject, now, price)
            if back:
                self._owner.strangers.heard(one.subject)
                if back.since is not None:
                    self._owner.doubt(self._link, [one.subject], back.since, SILENT)
                self._acknowledge([one])
        if self._is_ahead(event, exchange_ms):
            self._unreadable(f"{subject}: it is of a time that has not come yet", subject)
            return
        for one in routes:
            if isinstance(event, CandleEvent) and not event.is_snapshot:
                self._owner.candles.came(one.subject)
            self._owner.took(self._link, event if one.delivered is None else _under(event, one.subject))

    def _is_ahead(self, event: Heard, exchange_ms: int) -> bool:
        """What is said or opens or ends later than now would stand for good: older words never replace newer ones."""
        latest_ms = exchange_ms
        if isinstance(event, CandleEvent):
            candle, frame = event.candle, event.pair.timeframe
            end_ms = frame.close_of(candle.open_ms) if candle.is_closed else candle.open_ms
            latest_ms = max(exchange_ms, end_ms)
        return self._owner.is_ahead(latest_ms)

    def _stray(self, subject: Subject) -> None:
        if subject not in self.strays:
            self.strays.add(subject)
            self._owner.trouble(f"The exchange sends {subject}, which nobody asked for: it is left alone.")

    def _told(self, event: Event) -> None:
        match event:
            case Sequence(number, scope):
                self._count(self._numbers.setdefault(scope, Count()), number, scope, "the number of its messages")
            case Unnumbered(scope):
                self._numbers.setdefault(scope, Count()).skip()
            case Beat(counter, exchange_ms):
                self._owner.told_time(exchange_ms)
                self._count(self._beats, counter, "", "its heartbeat")
            case Acknowledged(id, streams):
                self._acknowledged(id, streams)
            case Subscribed(streams):
                self.is_answering = True
                self._listed(streams, set(self.truth.acknowledged))
            case Refused():
                self._refused(event)
            case ShuttingDown(exchange_ms):
                self._owner.retire(self._link, "the exchange announced its end")
            case Unreadable(text, _, is_beat=True):
                self._beats.skip()
                self._name(text, Beat)
            case Unreadable(text, subject):
                self._unreadable(text, subject)
            case Unknown(text):
                self.unknown[text if text in self.unknown or len(self.unknown) < KINDS_MAX else OTHERS] += 1
                if not event.is_empty:
                    self._stranger(event)

    def _stranger(self, event: Unknown) -> None:
        """It may have been meant for those of ours whom it names: the exchange may have changed their streams."""
        ours = [one.subject for subject in event.subjects for one in self.truth.route(subject)]
        fresh = self._owner.strangers.came(event.text, ours)
        self._owner.doubt(self._link, fresh, self._link.last_frame, "a message of an unknown kind named it")

    def _count(self, count: Count, number: int, scope: str, what: str) -> None:
        why = count.take(number)
        if why is None:
            return
        every = [one.subject for one in self.truth.wanted.values() if scope in ("", one.symbol)]
        self._owner.doubt(self._link, every, self._link.last_frame, f"{what} {why}")
        self._owner.live([subject for subject in every if subject in self.truth.acknowledged])

    def _acknowledged(self, id: str, streams: frozenset[str] | None) -> None:
        self.is_answering = True
        if self._asked is None or self._asked[0].id != id:
            self.unknown["acknowledgement of what was not asked"] += 1
            return
        message, _, before = self._asked
        if streams is None:
            self._acknowledge(message.covers)
        else:
            self._listed(streams, before)
        self._answer()

    def _listed(self, streams: frozenset[str], before: set[Subject]) -> None:
        """The exchange's own list of what is subscribed. `before`: acknowledged already when it was asked for."""
        lost = self.truth.lost(streams, before)
        self._acknowledge(self.truth.listed(streams))
        if lost:
            names = named(str(one.subject) for one in lost)
            self._owner.trouble(f"The exchange has lost the subscription to {names}: it is asked for again.")
            for one in lost:
                since = self.dog.last_heard(one.subject)
                self._owner.doubt(self._link, [one.subject], since or 0.0, "its subscription was lost")
            self._link.subscribe(lost)
        if self._asked and self._asked[0].covers and not self.truth.unacknowledged(self._asked[0].covers):
            self._answer()

    def _refused(self, event: Refused) -> None:
        self.is_answering = True
        code = "" if event.code is None else f" (code {event.code})"
        about = "reports an error" if event.id is None else "refuses our message"
        if self._is_answer(event.id):
            assert self._asked
            about = "refuses our message"
            if self._asked[0].covers:
                about += f" to {named(str(one.subject) for one in self._asked[0].covers)}"
            self._answer()
        self._owner.trouble(f"The exchange {about}: {unended(event.text)}{code}.")

    def _is_answer(self, id: str | None) -> bool:
        """Is it of what is out? Where it does not say, it is while that waits for an answer."""
        if self._asked is None:
            return False
        message, answered, _ = self._asked
        return not answered.done() if id is None else id == message.id

    def _unreadable(self, text: str, subject: Subject | None) -> None:
        """Who is named is in doubt alone. Where nobody of ours is it may have been about any of them."""
        routes = self.truth.route(subject) if subject is not None else ()
        every = [one.subject for one in routes] or list(self.truth.wanted)
        self._owner.doubt(self._link, every, self._link.last_frame, "a message could not be read")
        self._name(text, subject)

    def _name(self, text: str, about: Subject | type[Beat] | None) -> None:
        """Once of each that it is about."""
        if about not in self._bad:
            self._bad.add(about)
            self._owner.trouble(f"The exchange sent what cannot be read: {text}")

    def _acknowledge(self, subscriptions: Collection[Subscription]) -> None:
        """Only what it had not taken yet is live by that: of a stream that has died it may say the same."""
        self._owner.live(self.truth.acknowledge(subscriptions))

    def _answer(self) -> None:
        if self._asked and not self._asked[1].done():
            self._asked[1].set_result(None)
        self._asked = None


def _under(event: Heard, subject: Subject) -> Heard:
    """The same under the name that was asked for."""
    if isinstance(event, CandleEvent):
        assert isinstance(subject, Pair)
        return CandleEvent(subject, event.candle, event.is_snapshot)
    return TickerEvent(msgspec.structs.replace(event.ticker, symbol=str(subject)))
