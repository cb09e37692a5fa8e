"""Checks of one server: does it answer, in time, and may Perseus use it?"""

from __future__ import annotations

import re
from math import ceil

from perseus.doctor import memory, quorum, rights
from perseus.doctor.following import GOOD_REPLICAS
from perseus.doctor.node import Node
from perseus.doctor.patient import DEFAULT_USER, Patient
from perseus.doctor.sign import ABSENT, Said, Sign, grave, redis_cli, unknown, warning

OLDEST = (6, 2, 7)
SHARE = 0.25
SLOW_DAY_SECONDS, SLOW_HOUR_SECONDS = 86_400, 3_600
BEATS = 4
ALL_REFUSE = " No server that was asked does: first check user and password in PERSEUS_REDIS_URL."
DEFAULTS = (redis_cli("CONFIG", "SET", "requirepass", "PASSWORD"), redis_cli("CONFIG", "REWRITE"))


def store_silent(node: Node, patient: Patient) -> Said:
    """Of a primary; a replica that is away is `node-silent`."""
    if not node.is_primary or node.denied or node.lacks_user or node.late_ms is not None:
        return ABSENT
    return grave(f"{node.silent}.") if node.silent is not None else None


def unreachable(patient: Patient) -> Said:
    """Of a Cluster none of whose nodes tells who the others are."""
    return grave(f"{patient.servers.silent}.")


def node_silent(node: Node, patient: Patient) -> Said:
    """Of a replica, and of a node of a Cluster that nothing leads to any more."""
    if node.is_primary or node.denied or node.lacks_user or node.late_ms is not None:
        return ABSENT
    return warning(f"{node.silent}.") if node.silent is not None else None


def nodes_untold(patient: Patient) -> Said:
    """A Cluster leaves dead nodes out of the layout that clients get: CLUSTER NODES alone has them.

    Of a service it is the sentinels that have its replicas.
    """
    if patient.servers.watchers:
        return quorum.replicas_untold(patient)
    known = patient.servers.answering
    if patient.servers.slots is None or not known or any(node.peers is not None for node in known):
        return ABSENT
    return unknown("CLUSTER NODES")._replace(where=tuple(node.place for node in known))


def user_unknown(node: Node, patient: Patient) -> Said:
    """Of a replica it is felt once that is the primary. A password without a user is that of the default user."""
    if not node.lacks_user:
        return ABSENT if node.silent is not None else None
    user, first = patient.address.user, "" if patient.servers.answering else ALL_REFUSE
    severity = grave if node.is_primary or first else warning
    if user == DEFAULT_USER:
        return severity(f"It does not take the password of PERSEUS_REDIS_URL.{first}", *DEFAULTS)
    seen = f"It does not know the user of PERSEUS_REDIS_URL, or not with that password.{first}"
    kept = redis_cli("ACL", "SAVE"), redis_cli("CONFIG", "REWRITE")
    return severity(seen, redis_cli("ACL", "SETUSER", *rights.full(user)), *kept)


def busy_script(node: Node, patient: Patient) -> Said:
    """It says so itself."""
    if node.silent is None:
        return None
    if not re.search(r"\bBUSY\b|busy running", node.silent):
        return ABSENT
    return grave(f"{node.silent}.", "redis-cli SCRIPT KILL")


def refuses_writes(node: Node, patient: Patient) -> Said:
    """What it said when one was tried. That of a Cluster that is down is `cluster-state`."""
    if node.refused is None or node.is_down:
        return ABSENT
    if not node.refused:
        return None
    return grave(f"It answers: {node.refused.rstrip('.')}.", *_taking_writes(node))


def _taking_writes(node: Node) -> tuple[str, ...]:
    """What mends it, or shows why."""
    assert node.refused is not None
    if "NOREPLICAS" in node.refused:
        return redis_cli("INFO", "replication"), redis_cli("CONFIG", "SET", "min-replicas-to-write", _least(node))
    if "maxmemory" in node.refused:
        return memory.more(node) or (redis_cli("INFO", "memory"),)
    if "MISCONF" in node.refused:
        return redis_cli("INFO", "persistence"), redis_cli("BGSAVE")
    return (redis_cli("ROLE"),)


def _least(node: Node) -> int:
    """The limit that takes writes at once and, where there are replicas for both, outlives the death of one."""
    good = node.number(GOOD_REPLICAS) or 0
    return max(good - 1, min(good, 1))


def store_version(node: Node, patient: Patient) -> Said:
    """Replicas too."""
    said = node.said("redis_version")
    found = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", str(said))
    if found is None:
        return unknown("Its version")
    version = int(found[1]), int(found[2]), int(found[3] or 0)
    needed = ".".join(map(str, OLDEST))
    return grave(f"It is Redis {said}; Perseus needs {needed}.") if version < OLDEST else None


def missing_rights(node: Node, patient: Patient) -> Said:
    """Of each primary: every node has a list of its own."""
    if not node.is_primary:
        return ABSENT
    missing = [right for right in node.denied if "channel" not in right]
    if not missing and node.silent is not None:
        return ABSENT
    if not missing:
        return unknown("Most rights") if node.refused else None
    return grave(f"It may not: {', '.join(missing)}.", redis_cli("ACL", "SETUSER", patient.address.user, *missing))


def hint_rights(node: Node, patient: Patient) -> Said:
    """Asked at one primary: what is published at one is told at all."""
    if not node.is_primary:
        return ABSENT
    missing = [right for right in node.denied if "channel" in right]
    if not missing:
        return None
    granted = (f"+{name}" for name in sorted(rights.HINTS))
    mend = redis_cli("ACL", "SETUSER", patient.address.user, "&channel:*", *granted)
    return warning(f"It may not: {', '.join(missing)}.", mend)


def idle_timeout(node: Node, patient: Patient) -> Said:
    """Against the heartbeat, which is what a connection is used for."""
    seconds, beat = node.set_to_number("timeout"), patient.settings.heartbeat_seconds
    if seconds is None:
        return unknown("After how long it closes idle connections")
    if not seconds or seconds >= BEATS * beat:
        return None
    return warning(f"timeout is {seconds} s; a heartbeat comes every {beat:g} s.", "redis-cli CONFIG SET timeout 0")


def slow_commands(node: Node, patient: Patient) -> Said:
    """Of the last day; grave is what was silence to holders within the last hour."""
    if node.slow is None:
        return unknown("Its slow commands")
    limit, now = patient.settings.store_timeout_seconds, (node.number("server_time_usec") or 0) / 1e6
    some = [one for one in node.slow if one.seconds >= SHARE * limit and one.at >= now - SLOW_DAY_SECONDS]
    if not some:
        return None
    worst = max(some, key=lambda one: one.seconds)
    seen = f"{len(some)} in the last day; {worst.command} took {worst.seconds:.1f} s, and the time-out is {limit:g} s."
    is_now = any(one.seconds >= limit and one.at >= now - SLOW_HOUR_SECONDS for one in some)
    return (grave if is_now else warning)(seen, "redis-cli SLOWLOG GET 16")


def slow_answers(node: Node, patient: Patient) -> Said:
    """The quickest of a few. One that answers too late is not dead, whatever all processes take it for."""
    limit = patient.settings.store_timeout_seconds
    if node.late_ms is not None:
        return _too_late(node, node.late_ms, limit)
    if node.silent is not None:
        return ABSENT
    if node.rtt_ms < SHARE * limit * 1000:
        return None
    return warning(f"Its quickest of a few answers took {node.rtt_ms:,.0f} ms; the time-out is {limit:g} s.")


def _too_late(node: Node, late_ms: float, limit: float) -> Sign:
    enough = ceil(late_ms / SHARE / 100) / 10
    return (grave if node.is_primary else warning)(
        f"It answers after {late_ms:,.0f} ms. All processes wait for {limit:g} s (PERSEUS_STORE_TIMEOUT_SECONDS) and "
        f"take it for dead: set that to {enough:g} or more for all of them, or mend the network between."
    )
