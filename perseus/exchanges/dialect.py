"""A dialect: how one exchange puts what all exchanges say.

It speaks no network and keeps nothing: text in, text out. One class an exchange; `perseus.exchanges.registry` names
them. Times are Unix milliseconds of the exchange.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from types import MappingProxyType
from typing import Protocol

from perseus.errors import PerseusError
from perseus.exchanges.events import Event, Refused, Subject
from perseus.exchanges.history import History
from perseus.exchanges.symbols import Listings
from perseus.exchanges.wire.request import Limit, Request
from perseus.exchanges.wire.transport import Answer
from perseus.market.candle import Pair
from perseus.market.timeframes import LATEST_MS, Timeframe

NO_ALIASES: Mapping[str, str] = MappingProxyType({})


class BadAnswer(PerseusError):
    """Raised when an answer is not what was asked for: HTML, half of a JSON text, a row that is no candle."""

    def __init__(self, exchange: str, asked: str, problem: str) -> None:
        super().__init__(f"{exchange} answered {asked} with what cannot be read: {problem}.")
        self.exchange = exchange
        self.asked = asked
        self.problem = problem


class NotFetched(PerseusError):
    """Raised when an exchange has no candles of a timeframe, or gives fewer at once than are asked for."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One stream of a connection. `key`: its name among the exchange's streams.

    `alias_key`, `delivered`: the name and the subject under which the exchange delivers it, where they are others.
    """

    key: str
    subject: Subject
    alias_key: str | None = None
    delivered: Subject | None = None

    @property
    def symbol(self) -> str:
        return self.subject.symbol if isinstance(self.subject, Pair) else self.subject


@dataclass(frozen=True, slots=True)
class Shard:
    """What one connection is for. `url_path`: below the exchange's wsUrl, beginning with `/`, or empty."""

    url_path: str
    subscriptions: tuple[Subscription, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of ours. `id`: comes back in what acknowledges it, None where no id is sent.

    `covers`: the streams that it is about.
    """

    text: str
    id: str | None
    covers: tuple[Subscription, ...] = ()


@dataclass(frozen=True, slots=True)
class SocketRules:
    """What an exchange allows and does on its WebSockets. Seconds.

    `streams`: at most on one connection, by our choice below what is allowed. `messages`: ours in any span of
    `messages_span`, pongs among them, of one connection, or of all from this address where `are_messages_shared`.
    `connects`: attempts to connect. `lifetime`: when to move to a new connection, from and to, None where a connection
    lasts. `probe_after`: silence after which to ask for a sign of life; `dead_after`: silence that ends it.
    `first_heard`: seconds within which a stream says something at first, unless its market is quiet.
    `is_ticker_proof`: tickers move only when there was a trade.
    """

    streams: int
    messages: int
    messages_span: float
    are_messages_shared: bool
    connects: Limit
    lifetime: tuple[float, float] | None
    probe_after: float
    dead_after: float
    first_heard: float
    is_ticker_proof: bool


@dataclass(frozen=True, slots=True)
class Spent:
    """By a response's headers: `used` of what a limit with this kind and interval allows, by all of this address.

    `amount`: what it allows, where the headers tell that too.
    """

    kind: str
    interval_ms: int
    used: int
    amount: int | None = None


class Dialect(Protocol):
    """One exchange's way of putting things.

    `streamed`, `fetched`: the timeframes that come over WebSocket, and by REST. `history_limit`: candles in one
    answer. `first_limits`: what holds until the exchange was asked. `rules`: of its WebSockets.
    `is_close_told`: its streams say when a candle is finished.
    """

    name: str
    streamed: frozenset[Timeframe]
    fetched: frozenset[Timeframe]
    history_limit: int
    first_limits: tuple[Limit, ...]
    rules: SocketRules
    is_close_told: bool

    def time_request(self) -> Request:
        """Ask for the exchange's time."""

    def listings_request(self) -> Request:
        """Ask for all symbols, and the limits where the exchange tells them."""

    def history_request(self, pair: Pair, start_ms: int, end_ms: int, limit: int) -> Request:
        """Ask for candles that open from `start_ms` on and before `end_ms`, at most `limit`. Raises NotFetched."""

    def parse_time(self, answer: Answer) -> int:
        """The exchange's time. Raises BadAnswer, as all of these."""

    def parse_listings(self, answer: Answer) -> tuple[Listings, tuple[Limit, ...]]:
        """All symbols, and the limits that hold."""

    def parse_history(self, answer: Answer, pair: Pair, asked_ms: int) -> History:
        """Oldest first. One that ends after `asked_ms`, exchange time at which it was asked, is still open."""

    def spent(self, headers: Mapping[str, str]) -> tuple[Spent, ...]:
        """What the headers of an answer say about the budget."""

    def refusal(self, answer: Answer) -> Refused:
        """Why the exchange did not do what was asked, in its own code and words, whatever form they have."""

    def socket_plan(
        self, pairs: Iterable[Pair], tickers: Iterable[str], aliases: Mapping[str, str] = NO_ALIASES
    ) -> list[Shard]:
        """Streams of these, cut into connections. `aliases`: as `Listings.aliases` gives them.

        Raises NotFetched for a timeframe that is not streamed.
        """

    def subscribe_messages(self, subscriptions: Sequence[Subscription], first_id: int) -> list[Message]:
        """What to send for them; ids count up from `first_id`."""

    def unsubscribe_messages(self, subscriptions: Sequence[Subscription], first_id: int) -> list[Message]:
        """What to send to hear them no longer."""

    def greetings(self) -> list[Message]:
        """What to send first on any connection."""

    def probe_message(self, id: int) -> Message | None:
        """Ask what is subscribed, which is a sign of life too. None where heartbeats are that."""

    def decode(self, data: bytes) -> list[Event]:
        """What a message says. Raises nothing: what cannot be read is an event of its own."""


def cut(subscriptions: Iterable[Subscription], most: int, url_path: str) -> list[Shard]:
    """Into connections of at most `most`. All streams of a symbol stay together: each tells about the others."""
    shards: list[Shard] = []
    held: list[Subscription] = []
    ordered = sorted(subscriptions, key=lambda one: one.symbol)
    for _, group in groupby(ordered, key=lambda one: one.symbol):
        together = list(group)
        if held and len(held) + len(together) > most:
            shards.append(Shard(url_path, tuple(held)))
            held = []
        held += together
    return [*shards, Shard(url_path, tuple(held))] if held else shards


def possible_time(exchange: str, told_ms: int) -> int:
    """It, where it can be the time of an exchange. Raises BadAnswer."""
    if not 0 < told_ms < LATEST_MS:
        raise BadAnswer(exchange, "its time", "it is no time in Unix milliseconds")
    return told_ms


def unless_known(exchange: str, pairs: Collection[Pair], streamed: frozenset[Timeframe], act: str) -> None:
    """Raise NotFetched for the first pair whose timeframe is not among `streamed`."""
    for pair in pairs:
        if pair.timeframe not in streamed:
            known = ", ".join(timeframe.name for timeframe in sorted(streamed))
            raise NotFetched(f"{exchange} {act} no {pair.timeframe.name} candles of {pair.symbol}. It has: {known}.")
