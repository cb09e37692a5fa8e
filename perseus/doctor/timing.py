"""Checks of the site's clocks and times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median_low
from typing import Final

from perseus.doctor.node import Node
from perseus.doctor.patient import Patient
from perseus.doctor.sign import ABSENT, Said, grave, redis_cli, unknown, warning
from perseus.version import VERSION

SKEW_MS = 1_000
SHOWN = 5
#: At the host of the server that is off.
STEPPED: Final = ("chronyc makestep", "timedatectl set-ntp true")


def node_clocks(patient: Patient) -> Said:
    """Between all servers that answer: any of them may be promoted. Named are those that differ from the most."""
    skews = _skews(patient.servers.answering)
    if len(skews) < 2:
        return ABSENT
    blur = max(node.rtt_ms for node in patient.servers.answering)
    apart = max(skews.values()) - min(skews.values()) - blur
    if apart < SKEW_MS:
        return None
    margin = patient.settings.margin_seconds
    ahead = {place: _usual_ms(patient) - ms for place, ms in skews.items()}
    off = {place: ms for place, ms in ahead.items() if abs(ms) - blur / 2 >= SKEW_MS}
    off = off or {place: ms for place, ms in ahead.items() if abs(ms) == max(map(abs, ahead.values()))}
    named = [f"{place} is {_side(ms)} the others" for place, ms in off.items()]
    seen = f"{'; '.join(named[:SHOWN])}{_more(len(named) - SHOWN)}. The margin of a lease is {margin:g} s."
    said = (grave if apart >= margin * 500 else warning)(seen, *STEPPED)
    return said._replace(where=tuple(off))


def clock_skew(patient: Patient) -> Said:
    """This host against most servers, and the hosts of instances as they say themselves."""
    if not _skews(patient.servers.answering):
        return ABSENT
    off = [*_here(patient), *_elsewhere(patient)]
    return warning(f"{'; '.join(off[:SHOWN])}{_more(len(off) - SHOWN)}.") if off else None


def _skews(nodes: Sequence[Node]) -> dict[str, float]:
    """Of those that tell the time, by address."""
    return {node.place: node.skew_ms for node in nodes if node.skew_ms is not None}


def _usual_ms(patient: Patient) -> float:
    """How far this host is ahead of what most clocks say. Of an even number of servers this host's own decides."""
    skews = list(_skews(patient.servers.answering).values())
    return median_low(skews if len(skews) % 2 else [*skews, 0.0])


def _here(patient: Patient) -> Iterator[str]:
    known = patient.servers.answering
    if known:
        ahead_ms = _usual_ms(patient)
        blur = max(node.rtt_ms for node in known) / 2
        if abs(ahead_ms) - blur >= SKEW_MS:
            yield f"this host is {_side(ahead_ms)} the store"


def _elsewhere(patient: Patient) -> Iterator[str]:
    """Each says how far it is ahead of the server that has its lease, which may be the one that is off."""
    told = {one.hostname: one.clock_skew_ms for one in patient.told.instances if one.clock_skew_ms is not None}
    primaries = [_usual_ms(patient) - ms for ms in _skews(patient.servers.primaries).values()] or [0.0]
    for host, skew_ms in sorted(told.items()):
        least_ms = min((skew_ms + ms for ms in primaries), key=abs)
        if abs(least_ms) >= SKEW_MS:
            yield f"{host} is {_side(least_ms)} the store"


def time_outs(patient: Patient) -> Said:
    """The check of settings at start counts one time-out a call."""
    s = patient.settings
    if not patient.address.fails_over:
        return ABSENT
    needed = 2 * s.store_timeout_seconds + s.retry_seconds
    if needed < s.heartbeat_seconds:
        return None
    return warning(
        f"2 x PERSEUS_STORE_TIMEOUT_SECONDS + PERSEUS_RETRY_SECONDS are {needed:g} s, the heartbeat comes after "
        f"{s.heartbeat_seconds:g} s."
    )


def slow_failover(node: Node, patient: Patient) -> Said:
    """Of a Cluster: the time after which it calls a node failed, once more for the vote.

    For as long a primary in the minority takes writes, so it obeys the rule of docs/guarantees.md as well.
    """
    if patient.servers.slots is None:
        return ABSENT
    timeout_ms = node.set_to_number("cluster-node-timeout")
    if timeout_ms is None:
        return unknown("After how long a node counts as failed")
    room_ms, cut_off_ms = _room_ms(patient), patient.cut_off_seconds * 1000
    most_ms = int(min(room_ms / 2, cut_off_ms)) // 1000 * 1000
    mend = (redis_cli("CONFIG", "SET", "cluster-node-timeout", most_ms),) if most_ms > 0 else ()
    said = f"cluster-node-timeout is {timeout_ms / 1000:g} s"
    if 2 * timeout_ms > room_ms:
        return warning(f"{said}, a failover about twice that; {_room(patient)}.", *mend)
    if timeout_ms > cut_off_ms:
        most = f"PERSEUS_MARGIN_SECONDS allows {patient.cut_off_seconds}"
        return warning(f"{said}; a primary that is cut off takes writes for so long, and {most}.", *mend)
    return None


def sentinel_failover(patient: Patient, after_ms: int, service: str) -> Said:
    """The same of a service of sentinels, which call its primary down `after_ms`."""
    if 2 * after_ms <= _room_ms(patient):
        return None
    most_ms = int(_room_ms(patient) / 2) // 1000 * 1000
    mend = (redis_cli("SENTINEL", "SET", service, "down-after-milliseconds", most_ms),) if most_ms > 0 else ()
    seen = f"down-after-milliseconds is {after_ms:,}, and then comes the vote; {_room(patient)}."
    return warning(seen, *mend)._replace(where=tuple(one.place for one in patient.servers.watchers))


def times_differ(patient: Patient) -> Said:
    """What instances say against the settings here."""
    if not patient.told.instances:
        return ABSENT
    ours = patient.settings.heartbeat_seconds, patient.settings.ttl_seconds
    others = [one for one in patient.told.instances if (one.heartbeat_seconds, one.ttl_seconds) != ours]
    told = [f"{one.exchange_name} {one.heartbeat_seconds:g} / {one.ttl_seconds:g} s" for one in others]
    if not told:
        return None
    here = f"heartbeat / TTL here: {ours[0]:g} / {ours[1]:g} s"
    return warning(f"{here}; {', '.join(told[:SHOWN])}{_more(len(told) - SHOWN)}.")


def versions_differ(patient: Patient) -> Said:
    """Of instances and dispatchers against this process."""
    told = {one.version for one in patient.told.instances} | {
        one.version for one in patient.told.dispatchers or () if one.version
    }
    if not told:
        return ABSENT
    others = sorted(told - {VERSION})
    return warning(f"This one is {VERSION}; there also runs {', '.join(others)}.") if others else None


def _room_ms(patient: Patient) -> float:
    """How long a holder can do without an answer when the last one is a heartbeat old."""
    s = patient.settings
    return (s.ttl_seconds - s.margin_seconds - s.heartbeat_seconds) * 1000


def _room(patient: Patient) -> str:
    return f"a holder may be left with {_room_ms(patient) / 1000:g} s"


def _side(skew_ms: float) -> str:
    return f"{abs(skew_ms) / 1000:.1f} s {'ahead of' if skew_ms > 0 else 'behind'}"


def _more(count: int) -> str:
    return f" and {count} more" if count > 0 else ""
