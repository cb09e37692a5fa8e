"""Where sentinels stand: may they promote a replica while the old primary, on the other side of a cut, confirms writes?

They decide by a majority of theirs, which knows nothing of replicas. docs/guarantees.md has the rule that this follows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import combinations

from perseus.doctor.node import Node
from perseus.doctor.patient import Patient
from perseus.doctor.sign import ABSENT, Said, grave, redis_cli, unknown

#: Beyond that many hosts not every cut is tried.
MOST_HOSTS = 12
TO_MEND = "Put one sentinel beside each server and none elsewhere"


def sentinel_places(patient: Patient) -> Said:
    """By the addresses that servers and sentinels are known at. Without a limit, `min-replicas` says all that there is.

    Which hosts are cut off together is not known, so every way is tried.
    """
    servers, limits = _servers(patient), _limits(patient)
    if not patient.servers.watchers or len(servers) < 2:
        return ABSENT
    if not may_split(patient, 1):
        return None
    if None in limits:
        return unknown("min-replicas-to-write")
    wanted = min(one for one in limits if one is not None)
    if not wanted:
        return ABSENT
    if not may_split(patient, wanted):
        return None
    most = len(servers) - 1
    enough = next((one for one in range(wanted, most) if not may_split(patient, one)), most)
    seen = (
        f"Sentinels are at {_hosts(_sentinels(patient))}, servers at {_hosts(_hosted(servers))}, and "
        f"min-replicas-to-write is {wanted}: a primary that is cut off with {_counted(wanted)} goes on while the "
        f"sentinels promote another. {TO_MEND}, or have it wait for {_counted(enough)}."
    )
    return grave(seen, redis_cli("CONFIG", "SET", "min-replicas-to-write", enough))._replace(where=servers)


def may_split(patient: Patient, wanted: int) -> bool:
    """Is there a cut with which two primaries take writes, were min-replicas-to-write `wanted`?

    On one side a primary with so many replicas, on the other a server that may be promoted and a majority of sentinels.
    """
    if not patient.servers.watchers:
        return False
    servers, sentinels = _hosted(_servers(patient)), _sentinels(patient)
    heirs = _hosted(one.place for one in patient.servers.nodes if may_be_promoted(one))
    hosts, majority = sorted(servers), _majority(patient, sentinels.total())
    if len(hosts) > MOST_HOSTS:
        return True
    return any(
        sum(servers[one] for one in side) > wanted
        and any(heirs[one] for one in side)
        and any(heirs[one] for one in hosts if one not in side)
        and sentinels.total() - sum(sentinels[one] for one in side) >= majority
        for count in range(1, len(hosts))
        for side in combinations(hosts, count)
    )


def may_be_promoted(node: Node) -> bool:
    """Is it a primary, or a replica that does not say no? One that is silent now may be back."""
    return node.is_primary or node.number("slave_priority") != 0


def _majority(patient: Patient, sentinels: int) -> int:
    """Of those that must agree: more than half, or the quorum where that is more."""
    quorums = [one.number("quorum") or 0 for one in patient.servers.watchers]
    return max(sentinels // 2 + 1, min(quorums, default=0))


def _servers(patient: Patient) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.place for one in patient.servers.nodes))


def _limits(patient: Patient) -> set[int | None]:
    """Of each server that may be the primary and answers."""
    return {one.set_to_number("min-replicas-to-write") for one in patient.servers.answering if may_be_promoted(one)}


def _sentinels(patient: Patient) -> Counter[str]:
    """How many at each host. As they know each other: by addresses of the kind that servers have too."""
    known = patient.servers.watchers
    told = dict.fromkeys(place for one in known for place in one.others)
    if len(known) == 1 or not told:
        return _hosted(dict.fromkeys((*(one.place for one in known), *(f"{host}:{port}" for host, port in told))))
    return Counter(host for host, _ in told)


def _hosted(places: Iterator[str] | tuple[str, ...] | dict[str, None]) -> Counter[str]:
    return Counter(place.rpartition(":")[0] for place in places)


def _hosts(counted: Counter[str]) -> str:
    return ", ".join(f"{host} ({count})" if count > 1 else host for host, count in sorted(counted.items()))


def _counted(count: int) -> str:
    return f"{count} {'replica' if count == 1 else 'replicas'}"
