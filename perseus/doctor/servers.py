"""The servers behind PERSEUS_REDIS_URL, each asked by itself: one, all nodes of a Cluster, a service of sentinels."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import count

from redis.crc import key_slot

from perseus.clock import Clock
from perseus.cluster import Cluster
from perseus.doctor.node import Node, examined
from perseus.errors import StoreRefused, StoreUnavailable
from perseus.layout import Layout, Place
from perseus.store import Client, answers, where

SCRATCH = "perseus:doctor:probe"
AT_ONCE = 8
SLOTS = 16_384


@dataclass(frozen=True, slots=True)
class Slots:
    """How many slots of a Cluster nobody serves, and how many primaries share the others."""

    unserved: int
    primaries: int


@dataclass(frozen=True, slots=True)
class Servers:
    """All that were found. `slots`: of a Cluster alone. `silent`: why the store as a whole does not answer."""

    nodes: tuple[Node, ...] = ()
    slots: Slots | None = None
    silent: str | None = None

    @property
    def primaries(self) -> tuple[Node, ...]:
        """Those that take writes, and answer."""
        return tuple(node for node in self.nodes if node.is_primary and node.silent is None)

    @property
    def answering(self) -> tuple[Node, ...]:
        """Those that answer."""
        return tuple(node for node in self.nodes if node.silent is None)


def servers(client: Client, clock: Clock) -> Servers:
    """Ask every server. Never raises for one that does not answer."""
    if isinstance(client, Cluster):
        return _of_cluster(client, clock)
    node = examined(client, where(client), clock, is_primary=True, key=SCRATCH, channel=True)
    return Servers((node,), silent=node.silent)


def _of_cluster(client: Cluster, clock: Clock) -> Servers:
    try:
        with answers(client):
            layout = client.layout()
    except (StoreUnavailable, StoreRefused) as error:
        return Servers(silent=error.reason)
    with ThreadPoolExecutor(AT_ONCE, "doctor") as pool:
        nodes = tuple(pool.map(partial(_node, client, layout, clock), layout.places))
    slots = Slots(SLOTS - len(layout.slots), len(layout.primaries))
    away = next((node.silent for node in nodes if node.is_primary and node.silent), None)
    return Servers(nodes, slots, away)


def _node(client: Cluster, layout: Layout, clock: Clock, place: Place) -> Node:
    is_primary = place in layout.primaries
    key = _scratch(layout, place) if is_primary else SCRATCH
    with client.node(place) as node:
        channel = place == layout.primaries[0]
        return examined(node, f"{place[0]}:{place[1]}", clock, is_primary=is_primary, key=key, channel=channel)


def _scratch(layout: Layout, place: Place) -> str:
    """A key that this primary serves."""
    names = (f"{SCRATCH}:{number}" for number in count())
    return next(name for name in names if layout.slots.get(key_slot(name.encode())) == place)
