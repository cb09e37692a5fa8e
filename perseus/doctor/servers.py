"""The servers behind PERSEUS_REDIS_URL, each asked by itself: one, all nodes of a Cluster, a service of sentinels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import count

from redis.crc import key_slot

from perseus import keys
from perseus.clock import Clock
from perseus.doctor.lookup import one_name
from perseus.doctor.node import Node, examined
from perseus.doctor.patience import late_ms, patience
from perseus.doctor.sentinels import Sides, Watcher, watchers
from perseus.errors import StoreRefused, StoreUnavailable, StoreUserRefused
from perseus.store import Client, answers, at, connect, where, wording
from perseus.store.cluster import Cluster
from perseus.store.layout import Layout, Place, has_address
from perseus.store.sentinel import Sentinel
from perseus.store.url import StoreURL

NAME = "perseus-doctor"
SCRATCH = keys.doctor_probe(0)
AT_ONCE = 8
SLOTS = 16_384
#: Flags of CLUSTER NODES whose address is none to ask.
NOWHERE = frozenset(("myself", "noaddr", "handshake"))


@dataclass(frozen=True, slots=True)
class Slots:
    """How many slots of a Cluster nobody serves, and how many primaries share the others.

    `disputed`: how many the node that clients are sent to does not take for its own; `at`: those nodes.
    `lost`: how many that nobody serves are of nodes that the Cluster does not know the address of.
    """

    unserved: int
    primaries: int
    disputed: int = 0
    at: tuple[str, ...] = ()
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Servers:
    """All that were found. `silent`: why the store as a whole does not answer.

    `slots`: of a Cluster alone, `watchers`: the sentinels of a service. `hosts`: of those and their servers each name
    or address, by one of them where several are one host; None where it could not be looked up. `strange`: names of
    PERSEUS_REDIS_URL that are of another Cluster.
    """

    nodes: tuple[Node, ...] = ()
    slots: Slots | None = None
    watchers: tuple[Watcher, ...] = ()
    silent: str | None = None
    hosts: Mapping[str, str | None] = field(default_factory=dict)
    strange: tuple[str, ...] = ()

    @property
    def primaries(self) -> tuple[Node, ...]:
        """Those that take writes, and answer."""
        return tuple(node for node in self.nodes if node.is_primary and node.silent is None)

    @property
    def is_away(self) -> bool:
        """Could it not be asked? A server that alone does not know our user leaves the others, which were examined."""
        known = all(node.lacks_user or node.denied for node in self.nodes if node.silent is not None)
        return self.silent is not None and not (self.answering and known)

    @property
    def answering(self) -> tuple[Node, ...]:
        """Those that answer."""
        return tuple(node for node in self.nodes if node.silent is None)


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks: `url` of the store, `timeout` of each answer in seconds, and the clock of this host."""

    url: str
    timeout: float
    clock: Clock

    @property
    def places(self) -> tuple[Place, ...]:
        """What the URL names."""
        return StoreURL.parse(self.url).places

    def node(self, place: Place, key: str, *, is_primary: bool, channel: bool) -> Node:
        """One server, asked by itself. `key`: a scratch key that it serves."""
        with at(self.url, place, timeout=self.timeout, name=NAME) as client:
            node = examined(client, written(place), self.clock, is_primary=is_primary, key=key, channel=channel)
        node = self.patiently(node, place)
        if node.silent is None or place in self.places:
            return node
        return replace(node, silent=wording.of_told(node.silent))

    def patiently(self, node: Node, place: Place) -> Node:
        """The same; of one whose answer did not come in time, how late it comes."""
        return replace(node, late_ms=late_ms(self.url, place, self.timeout, node.silent, self.clock))


def servers(client: Client, asking: Asking) -> Servers:
    """Ask every server of the store that this client is of. Never raises for one that does not answer."""
    found = _servers(client, asking)
    if found.nodes or found.silent is None or not wording.is_late(found.silent):
        return found
    # Nobody told in time which servers there are: who is slow does so now.
    with connect(asking.url, timeout=patience(asking.timeout), name=NAME) as waiting:
        late = _servers(waiting, asking)
    return replace(late, silent=late.silent or found.silent)


def _servers(client: Client, asking: Asking) -> Servers:
    if isinstance(client, Cluster):
        return _of_cluster(client, asking)
    if isinstance(client, Sentinel):
        return _of_sentinels(client, asking)
    node = examined(client, where(client), asking.clock, is_primary=True, key=SCRATCH, channel=True)
    node = asking.patiently(node, asking.places[0])
    return Servers((node,), silent=node.silent)


def _of_cluster(client: Cluster, asking: Asking) -> Servers:
    try:
        with answers(client):
            layout = client.layout()
    except StoreUserRefused as error:
        named = _at_once(lambda place: asking.node(place, SCRATCH, is_primary=False, channel=False), asking.places)
        lacking = tuple(replace(one, is_primary=one.lacks_user) for one in named)
        return Servers(lacking, Slots(0, 0), silent=error.reason)
    except (StoreUnavailable, StoreRefused) as error:
        return Servers(silent=error.reason)

    def node(place: Place) -> Node:
        is_primary = place in layout.primaries
        key = scratch(layout, place) if is_primary else SCRATCH
        return asking.node(place, key, is_primary=is_primary, channel=place == layout.primaries[0])

    nodes = _at_once(node, layout.places)
    disowned = _disowned(layout, nodes)
    at = tuple(dict.fromkeys(written(layout.slots[slot]) for slot in disowned))
    lost = sum(not has_address(place) for place in layout.slots.values())
    slots = Slots(SLOTS - len(layout.slots) + lost, len(layout.primaries), len(disowned), at, lost)
    others = _others(asking, layout, nodes)
    away = tuple(node for node in others if node.silent is not None)
    return Servers((*nodes, *away), slots, silent=_silent(nodes), strange=_strange(asking, nodes, others))


def _disowned(layout: Layout, nodes: Iterable[Node]) -> list[int]:
    """Slots that the layout gives to a node which says itself that nobody has them, or that another node has.

    Each node has its own word for that, and clients ask any. An address that no other tells is no other node.
    """
    told = {node.place: node.layout for node in nodes if node.layout is not None}
    others = {None, *layout.primaries}
    return [
        slot
        for slot, place in layout.slots.items()
        if (own := told.get(written(place))) is not None and own.slots.get(slot) in others - {place}
    ]


def written(place: Place) -> str:
    """Host and port as addresses write them."""
    return f"{place[0]}:{place[1]}"


def _others(asking: Asking, layout: Layout, nodes: Iterable[Node]) -> tuple[Node, ...]:
    """Nodes that the layout leaves out: those of the URL, and those that other nodes know."""
    named = dict.fromkeys((*asking.places, *(place for node in nodes for place in _known_to(node, layout))))
    return _at_once(
        lambda place: asking.node(place, SCRATCH, is_primary=False, channel=False),
        (place for place in named if place not in layout.places),
    )


def _strange(asking: Asking, nodes: Iterable[Node], others: Iterable[Node]) -> tuple[str, ...]:
    """Seeds that know none of the nodes that the others know."""
    named = {written(place) for place in asking.places}
    known = {one for node in nodes for one in _ids(node)}
    return tuple(
        node.place for node in others if node.place in named and known and _ids(node) and not known & _ids(node)
    )


def _ids(node: Node) -> set[str]:
    """Of the nodes that it knows, itself too; none where it may not be asked."""
    return {str(told.get("node_id")) for told in (node.peers or {}).values()}


def _known_to(node: Node, layout: Layout) -> Iterator[Place]:
    """By address, where the layout does not have the same by its name."""
    for written, told in (node.peers or {}).items():
        host, _, port = written.rpartition(":")
        flags = str(told.get("flags", "")).split(",")
        if not host or not port.isdigit() or NOWHERE.intersection(flags):
            continue
        if (str(told.get("hostname")), int(port)) not in layout.places:
            yield host, int(port)


def _of_sentinels(client: Sentinel, asking: Asking) -> Servers:
    """The primary that the client finds is the one that counts; replicas are those that any sentinel of it knows."""
    known = watchers(client)
    try:
        with answers(client):
            primary = client.finder.primary()
    except (StoreUnavailable, StoreRefused) as error:
        return Servers(watchers=known, silent=error.reason)
    strangers = Sides.of(known).strangers
    ours = [one for one in known if one not in strangers]
    places = dict.fromkeys((primary, *(place for one in ours for place in one.replicas)))
    nodes = _at_once(
        lambda place: asking.node(place, SCRATCH, is_primary=place == primary, channel=place == primary), places
    )
    told = [host for host, _ in (*places, *(place for one in ours for place in one.others), *asking.places)]
    return Servers(nodes, watchers=known, silent=_silent(nodes), hosts=one_name(told, asking.timeout))


def _at_once(ask: Callable[[Place], Node], places: Iterable[Place]) -> tuple[Node, ...]:
    with ThreadPoolExecutor(AT_ONCE, "doctor") as pool:
        return tuple(pool.map(ask, places))


def _silent(nodes: Iterable[Node]) -> str | None:
    return next((node.silent for node in nodes if node.is_primary and node.silent), None)


def scratch(layout: Layout, place: Place) -> str:
    """A key that this primary serves."""
    names = map(keys.doctor_probe, count())
    return next(name for name in names if layout.slots.get(key_slot(name.encode())) == place)
