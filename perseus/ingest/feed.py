"""What an ingest process works with: a source of market data, seen from the network."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from perseus.network.instance import Instance


class BegunAnew(ConnectionError):
    """Raised by a feed whose source has become another one: no trouble; it is connected again at once."""


class Feed(Protocol):
    """One connection to one exchange, made anew by `connect` as often as it is lost.

    Threads: `connect`, `warm` and `receive` are called on one thread, never at the same time. `close` may come from
    another thread while one of them runs, which must then return or raise within a second: that is how work stops
    the moment the lease is not valid or the process is asked to stop.

    Errors: a PerseusError is final and ends the process with its exit code. Any other exception, SystemExit and
    CancelledError among them, fails the start before the instance is active; later it is reported, and after a pause
    (0.5 s, doubling to 30 s) the feed is closed, connected and warmed again.

    Effects: whatever the feed writes (candles, orders) it writes under `instance.guard()`, with `instance.token`.
    """

    @property
    def name(self) -> str:
        """What people read on the card: the kind of source. A source that is not real says so."""

    @property
    def symbols(self) -> Collection[str]:
        """The symbols it carries, known once it is warm; may change later."""

    def connect(self) -> None:
        """Connect and subscribe. Called while starting, and again after each loss."""

    def warm(self) -> None:
        """Get what must be there before the first message counts: history, indicators. Called after each `connect`."""

    def receive(self, timeout: float) -> int:
        """Wait for messages, for `timeout` seconds at most, and handle them. Gives their number, 0 on time-out.

        Anything but an int of 0 or more is a failure of the feed.
        """

    def close(self) -> None:
        """Let go of the connection. Safe at any time, from any thread, and more than once; does not raise."""


FeedMaker = Callable[["Instance"], Feed]
