"""Where one destination is: what stands in its keys when somebody takes it over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from perseus import keys
from perseus.notify.planning.memory import Memory
from perseus.notify.told.standing import Mark, cursor, mapping
from perseus.store import Client
from perseus.store.batch import Batch

READ = {
    "cursor": ("HGETALL",),
    "memory": ("HGETALL",),
    "inflight": ("HGETALL",),
    "state": ("HGETALL",),
    "not_before": ("GET",),
    "sent": ("LRANGE", 0, -1),
}


@dataclass(frozen=True, slots=True)
class Position:
    """`marks`: by exchange name, the last event that is settled. `since_ms`: when it began, None for never yet.

    `inflight`, `state`: the hashes as they stand. `sent_ms`: when requests went out, oldest first. `now_ms`: when this
    was read, by the store.
    """

    now_ms: int
    since_ms: int | None = None
    marks: Mapping[str, Mark] = field(default_factory=dict)
    memories: Mapping[str, Memory] = field(default_factory=dict)
    inflight: Mapping[str, str] = field(default_factory=dict)
    state: Mapping[str, str] = field(default_factory=dict)
    not_before_ms: int = 0
    sent_ms: tuple[int, ...] = ()


def read(client: Client, destination: str) -> Position:
    """Junk counts as not there. Raises StoreUnavailable, StoreRefused."""
    batch = Batch(client)
    for part, (command, *arguments) in READ.items():
        batch.add(str(command), keys.destination(destination, part), *arguments)
    found = dict(zip(READ, batch.run(), strict=True))
    place = cursor(found["cursor"])
    return Position(
        batch.now_ms(keys.destination(destination, "cursor")),
        place.since_ms,
        place.marks,
        {str(name): Memory.read(str(text)) for name, text in mapping(found["memory"]).items()},
        _texts(found["inflight"]),
        _texts(found["state"]),
        number(found["not_before"]) or 0,
        tuple(ms for ms in map(number, reversed(_listed(found["sent"]))) if ms is not None),
    )


def number(value: object) -> int | None:
    """A text of digits as a number; None for anything else."""
    text = str(value)
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 19 else None


def _texts(found: Any) -> dict[str, str]:
    return {str(name): str(value) for name, value in mapping(found).items()}


def _listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else []
