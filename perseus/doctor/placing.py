"""Where sentinels stand: may they promote a replica while the old primary, on the other side of a cut, confirms writes?

They decide by a majority of theirs, which knows nothing of replicas. docs/guarantees.md has the rule that this follows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Final

from perseus.doctor.finding import Severity
from perseus.doctor.node import Node
from perseus.doctor.patient import Patient
from perseus.doctor.sentinels import OTHERS, Sides, Watcher
from perseus.doctor.sign import ABSENT, Said, Sign, grave, redis_cli, unknown

#: Beyond that many hosts not every cut is tried.
MOST_HOSTS = 12
RIGHT: Final = f"+sentinel|{OTHERS}"
TO_MEND = "Put one sentinel beside each server and none elsewhere"


def sentinel_places(patient: Patient) -> Said:
    """By the hosts of servers and sentinels. Without a limit, `min-replicas` says all that there is.

    Which hosts are cut off together is not known, so every way is tried. Where not all sentinels tell, it is not known
    to be well; that it is not may be known.
    """
    said = _said(patient)
    if said == ABSENT or (said is not None and said.severity is Severity.UNKNOWN) or _is_well_anyhow(patient):
        return said
    if not _is_complete(patient) or (said is None and _untold(patient)):
        seen = f"It could not be judged where the sentinels stand: {_why_untold(patient)}."
        return Sign(Severity.UNKNOWN, seen, where=tuple(one.place for one in _untold(patient)))
    lost = sorted(host for host, name in patient.servers.hosts.items() if name is None)
    if said is not None and lost:
        return Sign(Severity.UNKNOWN, f"It could not be judged: no address was found of {', '.join(lost)}.")
    return said


def _said(patient: Patient) -> Said:
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
        f"Sentinels are at {_hosts(_sentinels(patient))}, servers at {_hosts(_hosted(patient, servers))}, and "
        f"min-replicas-to-write is {wanted}: a primary that is cut off with {_counted(wanted)} goes on while the "
        f"sentinels promote another. {TO_MEND}, or have it wait for {_counted(enough)}."
    )
    return grave(seen, redis_cli("CONFIG", "SET", "min-replicas-to-write", enough))._replace(where=servers)


def _is_well_anyhow(patient: Patient) -> bool:
    """Wherever the sentinels stand? As of servers on one host, which no cut parts."""
    wanted = min((one for one in _limits(patient) if one is not None), default=1)
    is_small = len(_hosted(patient, _servers(patient))) <= MOST_HOSTS
    return is_small and not any(_cuts(patient, max(wanted, 1)))


def may_split(patient: Patient, wanted: int) -> bool:
    """Is there a cut with which two primaries take writes, were min-replicas-to-write `wanted`?

    On one side a primary with so many replicas, on the other a server that may be promoted and a majority of sentinels.
    """
    if not patient.servers.watchers:
        return False
    sentinels = _sentinels(patient)
    majority = _majority(patient, sentinels.total())
    if len(_hosted(patient, _servers(patient))) > MOST_HOSTS:
        return True
    return any(sentinels.total() - sum(sentinels[one] for one in side) >= majority for side in _cuts(patient, wanted))


def _cuts(patient: Patient, wanted: int) -> Iterator[tuple[str, ...]]:
    """Hosts with a primary that goes on, an heir being elsewhere: then it is for the sentinels."""
    servers = _hosted(patient, _servers(patient))
    heirs = _hosted(patient, (one.place for one in patient.servers.nodes if may_be_promoted(one)))
    for count in range(1, len(servers)):
        for side in combinations(sorted(servers), count):
            goes_on = sum(servers[one] for one in side) > wanted and any(heirs[one] for one in side)
            if goes_on and any(heirs[one] for one in servers if one not in side):
                yield side


def may_be_promoted(node: Node) -> bool:
    """Is it a primary, or a replica that does not say no? One that is silent now may be back."""
    return node.is_primary or node.number("slave_priority") != 0


def _majority(patient: Patient, sentinels: int) -> int:
    """Of those that must agree: more than half, or the quorum where that is more."""
    quorums = [one.number("quorum") or 0 for one in _ours(patient)]
    return max(sentinels // 2 + 1, min(quorums, default=0))


def _servers(patient: Patient) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.place for one in patient.servers.nodes))


def _limits(patient: Patient) -> set[int | None]:
    """Of each server that may be the primary and answers."""
    return {one.set_to_number("min-replicas-to-write") for one in patient.servers.answering if may_be_promoted(one)}


def _ours(patient: Patient) -> tuple[Watcher, ...]:
    """Without those of another service, whose sentinels decide on nothing here."""
    strangers = Sides.of(patient.servers.watchers).strangers
    return tuple(one for one in patient.servers.watchers if one not in strangers)


def _sentinels(patient: Patient) -> Counter[str]:
    """How many at each host."""
    return Counter(host for host, _ in _standing(patient))


def _standing(patient: Patient) -> set[tuple[str, str]]:
    """Host and port of each sentinel: as they know each other, and of one that alone tells its own place too."""
    ours = _ours(patient)
    told = {(_host(patient, host), str(port)) for one in ours for host, port in one.others}
    if len(told) >= _counting(ours):
        return told
    own = (one.place.rpartition(":") for one in ours if one.tells)
    return told | {(_host(patient, host), port) for host, _, port in own}


def _counting(ours: tuple[Watcher, ...]) -> int:
    """How many there are, as they say."""
    return max((one.number("num-other-sentinels") or 0 for one in ours), default=0) + 1


def _is_complete(patient: Patient) -> bool:
    return len(_standing(patient)) >= _counting(_ours(patient))


def _untold(patient: Patient) -> list[Watcher]:
    """Those that do not tell where others are."""
    return [one for one in _ours(patient) if not one.tells or RIGHT in one.lacks]


def _why_untold(patient: Patient) -> str:
    silent = [one.place for one in _untold(patient) if not one.tells]
    lacking = [one.place for one in _untold(patient) if one.tells]
    told = (
        f"{', '.join(silent)} {'does' if len(silent) == 1 else 'do'} not tell" if silent else "",
        f"the user lacks {RIGHT} at {', '.join(lacking)}" if lacking else "",
    )
    return " and ".join(filter(None, told)) or "those that answer do not know all"


def _hosted(patient: Patient, places: Iterable[str]) -> Counter[str]:
    return Counter(_host(patient, place.rpartition(":")[0]) for place in places)


def _host(patient: Patient, host: str) -> str:
    """One name for all names and addresses of a host."""
    return patient.servers.hosts.get(host) or host


def _hosts(counted: Counter[str]) -> str:
    return ", ".join(f"{host} ({count})" if count > 1 else host for host, count in sorted(counted.items()))


def _counted(count: int) -> str:
    return f"{count} {'replica' if count == 1 else 'replicas'}"
