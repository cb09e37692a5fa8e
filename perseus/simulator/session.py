"""One WebSocket at the exchange's end: frames in, frames out, and what is the same at both exchanges."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from perseus.exchanges.wire.transport import Closed, Frame, Ping, Text

if TYPE_CHECKING:
    from perseus.simulator.exchange import Exchange
    from perseus.simulator.wire import Asked


class Torn(Text, frozen=True, gc=False):
    """A message that a front sends in several frames and packets, where it can."""


class Session:
    """Made by `Exchange.connect`. A front takes from `outbox` whenever `on_output` is called, until a Closed.

    `number`: from 1, for all connections of the exchange. Half open, it neither sends nor hears.
    """

    def __init__(self, exchange: Exchange, asked: Asked, number: int) -> None:
        self.exchange = exchange
        self.asked = asked
        self.number = number
        self.opened_ms = exchange.timers.now_ms
        self.outbox: deque[Frame] = deque()
        self.on_output: Callable[[], None] | None = None
        self.is_over = False
        self.is_half_open = False
        self.is_dead = False

    def begin(self) -> None:
        """Called once when it is open."""

    def heard_text(self, data: bytes) -> None:
        """One message of the client."""
        raise NotImplementedError

    def heard_pong(self, payload: bytes) -> None:
        self.exchange.counters.seen["pongs"] += 1

    def heard_ping(self, payload: bytes) -> None:
        self.exchange.counters.seen["client_pings"] += 1

    def heard_close(self) -> None:
        """The client closed it, or broke it off."""
        if not self.is_over:
            self.exchange.counters.seen["closed_by_client"] += 1
            self._over()

    def ended(self) -> None:
        """Called once when it is over, whoever ended it."""

    def tell_event(self, stream: str, event: Any, is_torn: bool) -> None:
        """Send what is published in a stream that it subscribed to."""
        raise NotImplementedError

    def flood(self, pings: int) -> None:
        """Send many pings at once."""

    def shut_down(self) -> None:
        """Say that the server will go, where the exchange has a word for it."""

    def reset_sequence(self) -> None:
        """Number messages from 0 again, where the exchange numbers them."""

    def snapshot_again(self) -> None:
        """Send a snapshot in midstream, where the exchange has any."""

    def skip_heartbeats(self, by: int) -> None:
        """Leave out so many numbers of heartbeats, where the exchange has any."""

    def complain(self, message: str) -> None:
        """Send a message of type error, where the exchange has any."""

    def told(self, message: Any) -> None:
        """Send one message as JSON."""
        self.put(Text(msgspec.json.encode(message)))

    def put(self, frame: Frame) -> None:
        """Send one frame, unless there is nobody to send it to."""
        if self.is_over or self.is_half_open or (self.is_dead and not isinstance(frame, Closed)):
            return
        self.outbox.append(frame)
        if self.on_output:
            self.on_output()

    def ping(self, payload: bytes) -> None:
        self.exchange.counters.seen["pings"] += 1
        self.put(Ping(payload))

    def end(self, code: int | None, reason: str = "") -> None:
        """Close it with that code; None breaks it off."""
        if not self.is_over:
            self.exchange.counters.seen[f"closed_{code or 'broken'}"] += 1
            self.put(Closed(code, reason))
            self._over()

    def punish(self, reason: str) -> None:
        """Close by 1008, as a client deserves that broke a rule."""
        self.exchange.counters.breach("ws_1008")
        self.exchange.at_address(self.asked.address).shun(self.exchange.timers.now_ms)
        self.end(1008, reason)

    def _over(self) -> None:
        self.is_over = True
        self.exchange.forget(self)
        self.ended()
