"""What a recording is made of: all that passes the wire to and from one exchange, one entry each.

`at` is Unix microseconds by this host. `connection`: a number that no other connection of a ring has. `again`: told
before, and repeated so that each file of a ring can be read without the ones before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

VERSION = 1
LENGTH_BYTES = 4


class Began(msgspec.Struct, tag="began", array_like=True, frozen=True):
    """The first entry of every file. `run`: when the process began to record."""

    at: int
    version: int
    exchange: str
    run: int


class Opened(msgspec.Struct, tag="opened", array_like=True, frozen=True):
    """A WebSocket was opened."""

    at: int
    connection: int
    url: str
    again: bool = False


class NotOpened(msgspec.Struct, tag="not opened", array_like=True, frozen=True):
    """None was. `status`: of what came in its place over HTTP."""

    at: int
    url: str
    kind: str
    text: str
    status: int | None


class Sent(msgspec.Struct, tag="sent", array_like=True, frozen=True):
    """A message of ours."""

    at: int
    connection: int
    text: str
    again: bool = False


class Heard(msgspec.Struct, tag="heard", array_like=True, frozen=True):
    """A message of the exchange, byte for byte."""

    at: int
    connection: int
    data: bytes


class Control(msgspec.Struct, tag="control", array_like=True, frozen=True):
    """A ping or pong of the exchange, or a pong of ours."""

    at: int
    connection: int
    what: Literal["ping", "pong", "our pong"]
    payload: bytes


class Ended(msgspec.Struct, tag="ended", array_like=True, frozen=True):
    """A connection is over. `code` None: it broke. `is_ours`: we closed it."""

    at: int
    connection: int
    code: int | None
    reason: str
    is_ours: bool


class Asked(msgspec.Struct, tag="asked", array_like=True, frozen=True):
    """A GET was sent."""

    at: int
    request: int
    url: str
    params: dict[str, str]
    headers: dict[str, str]


class Answered(msgspec.Struct, tag="answered", array_like=True, frozen=True):
    """Its answer."""

    at: int
    request: int
    status: int
    headers: dict[str, str]
    body: bytes


class Unanswered(msgspec.Struct, tag="unanswered", array_like=True, frozen=True):
    """It has none. `kind`: as `TransportError` has it, or `given up` when nobody waited any more."""

    at: int
    request: int
    kind: str
    text: str


class Dropped(msgspec.Struct, tag="dropped", array_like=True, frozen=True):
    """So many entries are missing here: the disk was slower than the wire, full, or the ring too small for one."""

    at: int
    count: int


Entry = Began | Opened | NotOpened | Sent | Heard | Control | Ended | Asked | Answered | Unanswered | Dropped

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Entry).decode


def packed(entry: Entry) -> bytes:
    """As a file has it: its length in four bytes, then MessagePack."""
    body = _encode(entry)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def unpacked(data: bytearray) -> Iterator[Entry]:
    """Take every whole entry from the front of `data`. Raises msgspec.MsgspecError for what is none."""
    start = 0
    while start + LENGTH_BYTES <= len(data):
        end = start + LENGTH_BYTES + int.from_bytes(data[start : start + LENGTH_BYTES], "big")
        if end > len(data):
            break
        yield _decode(memoryview(data)[start + LENGTH_BYTES : end])
        start = end
    del data[:start]
