"""What an exchange says over a WebSocket, in words that no exchange has for itself.

Times are exchange time in Unix milliseconds. `event.subject` is what a message is about: a Pair for a candle, a
symbol for a ticker.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

import msgspec

from perseus.market.candle import Candle, Pair
from perseus.market.ticker import Ticker

Subject = Pair | str
"""What one stream is about: candles of a pair, or the ticker of a symbol."""


class CandleEvent(msgspec.Struct, frozen=True, gc=False):
    """A state of a candle. `is_snapshot`: sent on subscribing, of which nothing follows but this state itself.

    A snapshot is in no order and has holes where there was trade: it is no history, and a later candle in it closes
    no earlier one.
    """

    pair: Pair
    candle: Candle
    is_snapshot: bool = False

    @property
    def subject(self) -> Subject:
        return self.pair


class TickerEvent(msgspec.Struct, frozen=True, gc=False):
    """What a symbol trades for now, and did in the last 24 h."""

    ticker: Ticker

    @property
    def subject(self) -> Subject:
        return self.ticker.symbol


class Acknowledged(msgspec.Struct, frozen=True, gc=False):
    """The exchange took the message with this id. `streams`: what it listed, where it was asked for a list."""

    id: str
    streams: frozenset[str] | None = None


class Subscribed(msgspec.Struct, frozen=True):
    """The whole of what this connection is subscribed to, by the exchange's word."""

    streams: frozenset[str]


class Beat(msgspec.Struct, frozen=True, gc=False):
    """A heartbeat. `counter` grows by one with each, so that a jump says that some were lost."""

    counter: int
    exchange_ms: int


class Sequence(msgspec.Struct, frozen=True, gc=False):
    """The number of a message, which grows by one with each of the same `scope`."""

    number: int
    scope: str = ""


class Unnumbered(msgspec.Struct, frozen=True, gc=False):
    """A message came of that `scope` whose number cannot be read."""

    scope: str = ""


class ShuttingDown(msgspec.Struct, frozen=True, gc=False):
    """The exchange will end this connection soon; it does not say when."""

    exchange_ms: int


class Refused(msgspec.Struct, frozen=True, gc=False):
    """The exchange did not do what a message of ours asked for. `id`: of that message, None where it does not say."""

    code: int | None
    text: str
    id: str | None = None


class Unknown(msgspec.Struct, frozen=True, gc=False):
    """A message of a kind that is not ours to read. `subjects`: whom it names, so that it may have been meant for them.

    `is_empty`: its kind is ours, but there is nothing in it.
    """

    text: str
    subjects: tuple[Subject, ...] = ()
    is_empty: bool = False


class Unreadable(msgspec.Struct, frozen=True, gc=False):
    """A message of a kind that is ours but cannot be. `text` names what is wrong in it.

    `is_beat`: it was a heartbeat, which brings nothing of any stream.
    """

    text: str
    subject: Subject | None = None
    is_beat: bool = False


Event = (
    CandleEvent
    | TickerEvent
    | Acknowledged
    | Subscribed
    | Beat
    | Sequence
    | Unnumbered
    | ShuttingDown
    | Refused
    | Unknown
    | Unreadable
)
Heard = CandleEvent | TickerEvent


class Listener(Protocol):
    """Who is told what comes in. All of it is called on the loop, must not block and must not raise."""

    def on_event(self, event: Heard) -> None:
        """A candle or a ticker, each once although two connections may bring it."""

    def on_doubt(self, subjects: Collection[Subject], since_ms: int, why: str) -> None:
        """What these streams said from `since_ms` on may be incomplete, up to the next `on_live` of each."""

    def on_live(self, subjects: Collection[Subject], from_ms: int) -> None:
        """These streams are subscribed to and bring all from `from_ms` on."""

    def on_trouble(self, text: str) -> None:
        """Something that a person should know: one line, once for each time that it begins."""


def unended(text: str) -> str:
    """It without the full stop at its end: another sentence goes on behind it."""
    return text.rstrip().removesuffix(".")


def brief(data: bytes, most: int = 80) -> str:
    """The beginning of a message, for a text that people read."""
    text = data[: most + 1].decode("utf-8", "backslashreplace")
    return text if len(text) <= most else f"{text[:most]} ..."


def unread(body: bytes) -> str:
    """What the body of a refusal says that is not of its form, on one line; its status is told beside."""
    return " ".join(brief(body).split()) or "without a reason"
