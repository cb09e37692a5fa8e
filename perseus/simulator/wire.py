"""What passes between a front (sockets, or the same process) and the core, which knows neither."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

Flaw = Literal["none", "reset", "stall", "short", "bomb"]
"""reset: cut without an answer. stall: headers, then half a body for ever. short: less body than its length says.
bomb: a small body that unpacks to 64 MB."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One GET, or the request that opens a WebSocket. `path` begins with `/`, below the exchange's prefix."""

    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    address: str = "127.0.0.1"

    @property
    def length(self) -> int:
        return len(self.path) + sum(len(name) + len(value) + 2 for name, value in self.params.items())


@dataclass(slots=True)
class Reply:
    """One answer, and how badly it arrives. Waits are milliseconds of the exchange's time."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    head_wait_ms: int = 0
    body_wait_ms: int = 0
    flaw: Flaw = "none"


def in_json(status: int, told: Any, headers: Mapping[str, str] | None = None) -> Reply:
    """An answer as both exchanges give it."""
    return Reply(status, msgspec.json.encode(told), {"content-type": "application/json", **(headers or {})})
