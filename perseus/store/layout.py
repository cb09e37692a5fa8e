"""Which node of a Redis Cluster serves which slot, as one of the nodes tells it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Place = tuple[str, int]
UNKNOWN_HOSTS = ("", "?")


@dataclass(frozen=True, slots=True)
class Layout:
    """`slots`: by slot, the primary that serves it; `primaries` and `places` (replicas too) without repeats.

    A primary that has no address stands in `slots` alone, with port 0.
    """

    slots: dict[int, Place]
    primaries: tuple[Place, ...]
    places: tuple[Place, ...]

    @classmethod
    def parse(cls, ranges: Sequence[Sequence[Any]], told_by: Place) -> Layout:
        """Read CLUSTER SLOTS. A node whose address its own cluster does not know is where `told_by` is."""
        slots: dict[int, Place] = {}
        primaries: dict[Place, None] = {}
        replicas: dict[Place, None] = {}
        for first, last, *nodes in ranges:
            primary, *others = (_place(node, told_by) for node in nodes)
            slots.update(dict.fromkeys(range(int(first), int(last) + 1), primary))
            primaries.update(dict.fromkeys(filter(has_address, (primary,))))
            replicas.update(dict.fromkeys(filter(has_address, others)))
        return cls(slots, tuple(primaries), tuple({**primaries, **replicas}))


def has_address(place: Place) -> bool:
    """False for a node whose address its Cluster has lost, as after CLUSTER RESET there: `noaddr` in CLUSTER NODES."""
    return place[1] != 0


def _place(node: Sequence[Any], told_by: Place) -> Place:
    host = node[0]
    return (told_by[0] if host is None or host in UNKNOWN_HOSTS else str(host)), int(node[1])
