"""Checks of a Redis Cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from redis.crc import key_slot

from perseus.doctor.finding import PLACE
from perseus.doctor.node import Node
from perseus.doctor.patient import Patient
from perseus.doctor.servers import SLOTS
from perseus.doctor.sign import ABSENT, Said, grave, redis_cli, unknown, warning

LEAST = 3
FAILING = frozenset(("fail", "fail?", "noaddr"))
#: It looks at every node, whichever it begins at.
FIX = f"redis-cli --cluster fix {PLACE}"
FORGETTABLE = frozenset(("fail", "noaddr"))


def slots(patient: Patient) -> Said:
    """By the layout that clients get, and by what each of its nodes says of its own."""
    found = patient.servers.slots
    if found is None:
        return ABSENT
    begin = found.at or tuple(one.place for one in patient.servers.answering[:1])
    if found.unserved:
        lost = f" {found.lost:,} are of a node that the Cluster has no address of (noaddr)." if found.lost else ""
        return grave(f"{found.unserved:,} of {SLOTS:,} slots have no node.{lost}", FIX)._replace(where=begin[:1])
    if found.disputed:
        seen = (
            f"{found.disputed:,} of {SLOTS:,} slots are not served by the node that others name: {', '.join(found.at)}."
        )
        return grave(seen, FIX)._replace(where=begin[:1])
    return None


def cluster_quorum(patient: Patient) -> Said:
    """By the number of primaries."""
    found = patient.servers.slots
    if found is None:
        return ABSENT
    return warning(f"It has {found.primaries} of at least {LEAST} primaries.") if found.primaries < LEAST else None


def seed_foreign(patient: Patient) -> Said:
    """By the ids of the nodes that each knows. Which Cluster is ours nobody can tell but the operator."""
    servers = patient.servers
    if servers.slots is None:
        return ABSENT
    if not servers.strange:
        return None if any(one.peers for one in servers.answering) else ABSENT
    ours = next((one.place for one in servers.answering if one.peers), "the others")
    verb = "is a node" if len(servers.strange) == 1 else "are nodes"
    seen = f"{', '.join(servers.strange)} {verb} of another Cluster than {ours}, which knows none of the same nodes."
    return grave(seen)._replace(where=servers.strange)


def cluster_state(node: Node, patient: Patient) -> Said:
    """As each node sees it, and by what it answers to a write, which needs no right to ask."""
    if patient.servers.slots is None:
        return ABSENT
    if node.is_down:
        return grave(f"It answers: {node.refused}.{_missed(node, patient)}")
    if node.state is None:
        # A replica is never written to: what primaries answer is told of them.
        return ABSENT if any(one.is_down for one in patient.servers.primaries) else unknown("CLUSTER INFO")
    state = node.state.get("cluster_state")
    return None if state == "ok" else grave(f"cluster_state is {state}.{_missed(node, patient)}")


def failing_nodes(node: Node, patient: Patient) -> Said:
    """Which others a node takes for failed, or may."""
    if patient.servers.slots is None:
        return ABSENT
    if node.peers is None:
        return unknown("CLUSTER NODES")
    bad = _failing(node)
    return warning(f"It does not see {', '.join(bad)}.", *_forgetting(node)) if bad else None


def _failing(node: Node) -> list[str]:
    """The others that this node takes for failed: address, or id where it has none, and how sure it is."""
    found = []
    for place, told in (node.peers or {}).items():
        flags = _flags(told)
        if FAILING.intersection(flags):
            written = str(told.get("node_id")) if "noaddr" in flags else place
            found.append(f"{written} ({'fail?, not sure yet' if 'fail?' in flags else 'fail'})")
    return sorted(found)


def _forgetting(node: Node) -> tuple[str, ...]:
    """For those that have failed and serve no slots: slots of one that is forgotten would have nobody."""
    ids = (
        str(told.get("node_id"))
        for told in (node.peers or {}).values()
        if FORGETTABLE.intersection(_flags(told)) and not told.get("slots")
    )
    return tuple(redis_cli("CLUSTER", "FORGET", one) for one in sorted(ids))


def _missed(node: Node, patient: Patient) -> str:
    """Who is not there: as this node has it, or else those that do not answer us."""
    if node.peers is not None:
        bad = _failing(node)
        return f" It does not see {', '.join(bad)}." if bad else ""
    silent = [one.place for one in patient.servers.nodes if one.silent is not None]
    return f" No answer from {', '.join(silent)}." if silent else ""


def full_coverage(node: Node, patient: Patient) -> Said:
    """Replicas too: one may be promoted."""
    if patient.servers.slots is None:
        return ABSENT
    found = node.set_to("cluster-require-full-coverage")
    if found is None:
        return unknown("cluster-require-full-coverage")
    mend = "redis-cli CONFIG SET cluster-require-full-coverage no"
    return warning("cluster-require-full-coverage is yes.", mend) if found == "yes" else None


def open_slots(node: Node, patient: Patient) -> Said:
    """Each node tells of its own alone. Grave where a lease or a log is in one."""
    if patient.servers.slots is None or not node.is_primary:
        return ABSENT
    if node.peers is None:
        return unknown("CLUSTER NODES")
    moving = sorted(set(_moving(node)))
    if not moving:
        return None
    shown = f"{', '.join(moving[:5])}{', ...' if len(moving) > 5 else ''}"
    seen = f"{len(moving)} {'is' if len(moving) == 1 else 'are'} on the way: {shown}."
    hit = [f"{what} of {name} ({slot})" for what, name, slot in _needed(patient) if slot in moving]
    return grave(f"{seen} In them: {', '.join(hit)}.", FIX) if hit else warning(seen, FIX)


def _needed(patient: Patient) -> Iterator[tuple[str, str, str]]:
    """What is in which slot, of every exchange."""
    for exchange in patient.database.exchanges:
        for what, names in zip(("the lease", "the log"), exchange.written, strict=True):
            yield what, exchange.name, str(key_slot(names[0].encode()))


def _flags(told: Mapping[str, object]) -> list[str]:
    return str(told.get("flags", "")).split(",")


def _moving(node: Node) -> Iterator[str]:
    for told in (node.peers or {}).values():
        if "myself" in str(told.get("flags", "")):
            for one in told.get("migrations") or ():
                yield str(one.get("slot", one) if isinstance(one, dict) else one)
