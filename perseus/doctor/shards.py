"""Checks of a Redis Cluster."""

from __future__ import annotations

from collections.abc import Iterator

from perseus.doctor.node import Node
from perseus.doctor.patient import Patient
from perseus.doctor.servers import SLOTS
from perseus.doctor.sign import ABSENT, Said, grave, unknown, warning

LEAST = 3


def slots(patient: Patient) -> Said:
    """By the layout that clients get."""
    found = patient.servers.slots
    if found is None:
        return ABSENT
    return grave(f"{found.unserved:,} of {SLOTS:,} slots have no node.") if found.unserved else None


def cluster_quorum(patient: Patient) -> Said:
    """By the number of primaries."""
    found = patient.servers.slots
    if found is None:
        return ABSENT
    return warning(f"It has {found.primaries} of at least {LEAST} primaries.") if found.primaries < LEAST else None


def cluster_state(node: Node, patient: Patient) -> Said:
    """As each node sees it."""
    if patient.servers.slots is None:
        return ABSENT
    if node.state is None:
        return unknown("CLUSTER INFO")
    state = node.state.get("cluster_state")
    return None if state == "ok" else grave(f"cluster_state is {state}.")


def failing_nodes(node: Node, patient: Patient) -> Said:
    """Which others a node takes for failed, or may."""
    if patient.servers.slots is None:
        return ABSENT
    if node.peers is None:
        return unknown("CLUSTER NODES")
    bad = [place for place, told in node.peers.items() if _is_failing(str(told.get("flags", "")))]
    if not bad:
        return None
    return warning(f"It does not see {len(bad)} other {'node' if len(bad) == 1 else 'nodes'}.")


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
    """Each node tells of its own alone."""
    if patient.servers.slots is None or not node.is_primary:
        return ABSENT
    if node.peers is None:
        return unknown("CLUSTER NODES")
    moving = sorted(set(_moving(node)))
    if not moving:
        return None
    shown = f"{', '.join(moving[:5])}{', ...' if len(moving) > 5 else ''}"
    return warning(f"{len(moving)} {'is' if len(moving) == 1 else 'are'} on the way: {shown}.")


def _is_failing(flags: str) -> bool:
    return any(flag in ("fail", "fail?", "noaddr") for flag in flags.split(","))


def _moving(node: Node) -> Iterator[str]:
    for told in (node.peers or {}).values():
        if "myself" in str(told.get("flags", "")):
            for one in told.get("migrations") or ():
                yield str(one.get("slot", one) if isinstance(one, dict) else one)
