"""The port to the wire: GET requests and WebSockets, as all else here sees them.

`perseus.exchanges.wire.aiohttp_transport` is the real one. Another one, in the same process, makes thousands of runs
without sockets possible.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import msgspec

from perseus.errors import PerseusError

NORMAL_CLOSE = 1000

Kind = Literal["address", "refused", "unreached", "timeout", "reset", "tls", "handshake", "body", "size"]
"""address: no such host, or no such URL. refused: nothing listens. unreached: nobody took the connection, so nothing
was sent. timeout: silence. reset: cut in between. tls: no trust. handshake: HTTP in place of a WebSocket. body: not
what its headers say. size: more than we take."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole answer over HTTP. Names of `headers` are in lower case; of a repeated one the last."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class TransportError(PerseusError):
    """Raised when the wire gave no whole answer. `answer`: what came in place of a WebSocket, if anything did."""

    def __init__(self, kind: Kind, text: str, answer: Answer | None = None) -> None:
        super().__init__(text)
        self.kind: Kind = kind
        self.answer = answer

    @property
    def status(self) -> int | None:
        """HTTP status of a refused handshake."""
        return self.answer.status if self.answer else None


class Text(msgspec.Struct, frozen=True, gc=False):
    """One whole message, as bytes: whether they are text is for the reader to find out."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Ping:
    """To be answered at once by `Socket.pong` with the same payload."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Pong:
    """An answer to a ping of ours, or a beat that nobody asked for."""

    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class Closed:
    """The end. `code` is None when the connection just broke, without a closing frame."""

    code: int | None
    reason: str


Frame = Text | Ping | Pong | Closed


class Socket(Protocol):
    """One open WebSocket. It answers a close by itself, and no ping."""

    async def send(self, text: str) -> None:
        """Send one message. Raises TransportError (reset) when the connection is gone."""

    async def receive(self) -> Frame:
        """The next frame, however long it takes. After Closed comes Closed again; a broken line is no error here."""

    async def pong(self, payload: bytes) -> None:
        """Answer a ping. Raises as `send`."""

    async def close(self, code: int = NORMAL_CLOSE) -> None:
        """Close it, waiting 2 s at most for the other side. Any number of times; raises nothing."""


class Transport(Protocol):
    """Opens what is asked for, once: nothing is tried again here."""

    async def get(self, url: str, params: Mapping[str, str], headers: Mapping[str, str], timeout: float) -> Answer:
        """GET, whatever the status. `timeout` (s) bounds all of it. Raises TransportError."""

    async def connect(self, url: str, timeout: float) -> Socket:
        """Open a WebSocket. `timeout` (s) bounds the handshake. Raises TransportError."""
