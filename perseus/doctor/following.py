"""Checks of replicas: does a failover keep what was confirmed, and is there somebody to fail over to?"""

from __future__ import annotations

from collections.abc import Iterator

from perseus.doctor import placing
from perseus.doctor.node import Node
from perseus.doctor.patient import Patient
from perseus.doctor.sign import ABSENT, Said, grave, redis_cli, unknown, warning

ADVISED_SETTLE = 10
#: Replicas report once a second: less than this says nothing.
LEAST_LAG = 3
#: So that one may die while another keeps min-replicas-to-write 1.
ENOUGH = 2
SEES_REPLICAS = "connected_slaves"
GOOD_REPLICAS = "min_slaves_good_slaves"
RULE = "docs/guarantees.md"
UNSAFE = (
    "Do not lower it while the sentinels stand where they do: a primary that is cut off from most of them would go on "
    "beside the promoted one."
)


def min_replicas(node: Node, patient: Patient) -> Said:
    """Where there are replicas: without one, what mends it would stop all writes. Replicas that may be promoted too.

    INFO has the number of good ones only while both limits are set, and never how long the lag may be.
    """
    if not _has_replicas(node, patient) or (not node.is_primary and not _may_take_over(node, patient)):
        return ABSENT
    there = node.number(SEES_REPLICAS)
    if there is None:
        return unknown("min-replicas-to-write")
    if node.is_primary and not there:
        return ABSENT
    wanted, lag = node.set_to_number("min-replicas-to-write"), node.set_to_number("min-replicas-max-lag")
    if wanted is None or lag is None:
        is_on = node.said(GOOD_REPLICAS) is not None
        return unknown("min-replicas-max-lag") if is_on else _off(node, patient)
    return _judged(node, wanted, lag, patient)


def spare_replica(node: Node, patient: Patient) -> Said:
    """Of a primary that wants as many replicas as it has: where one dies it takes no writes any more.

    Who takes over from it has one less. One that lacks some already is `refuses-writes`. INFO has the number of good
    ones while the limit is on: those alone count.
    """
    wanted, good = node.set_to_number("min-replicas-to-write"), node.number(GOOD_REPLICAS)
    there = node.number(SEES_REPLICAS) if good is None else good
    if not node.is_primary or not there or wanted == 0 or node.set_to_number("min-replicas-max-lag") == 0:
        return ABSENT
    if wanted is None:
        return ABSENT if good is None else unknown("min-replicas-to-write")
    if there != wanted:
        return None if there > wanted else ABSENT
    heirs = [one.place for one in _followers(node, patient) if _may_take_over(one, patient)]
    seen = f"min-replicas-to-write of {node.place} is {wanted}, and it has {_counted(there)}."
    if placing.may_split(patient, there - 1):
        return warning(f"{seen} {UNSAFE}")._replace(where=(node.place, *heirs))
    mend = redis_cli("CONFIG", "SET", "min-replicas-to-write", there - 1)
    return warning(seen, mend)._replace(where=(node.place, *heirs))


def _counted(there: int) -> str:
    return f"{there} {'replica' if there == 1 else 'replicas'}"


def _off(node: Node, patient: Patient, why: str = "min-replicas-to-write is 0") -> Said:
    """Without a second replica the limit would stop all writes when the first dies: so that comes first."""
    seen = f"{why}." if node.is_primary else f"{why}, which counts once this replica is the primary."
    primaries = _followed(node, patient)
    if primaries and all((one.number(SEES_REPLICAS) or 0) < ENOUGH for one in primaries):
        return warning(f"{seen} Add a second replica first: with one, its death would stop all writes.")
    return warning(seen, *_limits(node, patient))


def _followed(node: Node, patient: Patient) -> list[Node]:
    """The primary of that node, or all of them where none is known by the address that it names."""
    if node.is_primary:
        return [node]
    named = f"{node.said('master_host')}:{node.said('master_port')}"
    primaries = list(patient.servers.primaries)
    return [one for one in primaries if one.place == named] or primaries


def _judged(node: Node, wanted: int, lag: int, patient: Patient) -> Said:
    most = patient.cut_off_seconds
    if not wanted:
        return _off(node, patient)
    if not lag:
        return _off(node, patient, "min-replicas-max-lag is 0, which switches min-replicas-to-write off")
    if lag <= most:
        return None
    seen = f"min-replicas-max-lag is {lag:,} s; PERSEUS_MARGIN_SECONDS allows {most}, as {RULE} says."
    return warning(seen, *_limits(node, patient))


def _limits(node: Node, patient: Patient) -> tuple[str, ...]:
    """Of both settings those that are wrong: a line for the other could undo what another finding says.

    None where the margin is too short for any.
    """
    most = patient.cut_off_seconds
    if most < 1:
        return ()
    wanted, lag = node.set_to_number("min-replicas-to-write"), node.set_to_number("min-replicas-max-lag")
    first = () if wanted else (redis_cli("CONFIG", "SET", "min-replicas-to-write", 1),)
    is_short = lag is not None and 0 < lag <= most
    return first if is_short else (*first, redis_cli("CONFIG", "SET", "min-replicas-max-lag", most))


def durable_replicas(node: Node, patient: Patient) -> Said:
    """This process's setting against what WAIT can get."""
    wanted, there = patient.settings.durable_replicas, node.number(SEES_REPLICAS)
    if not node.is_primary or not wanted:
        return ABSENT
    if not node.may_wait:
        mend = redis_cli("ACL", "SETUSER", patient.address.user, "+wait")
        return warning(f"PERSEUS_DURABLE_REPLICAS is {wanted}, and WAIT is refused.", mend)
    if there is None:
        return unknown("How many replicas a primary has")
    return warning(f"PERSEUS_DURABLE_REPLICAS is {wanted}, and it has {there}.") if there < wanted else None


def replicas(node: Node, patient: Patient) -> Said:
    """Of each primary where a failover is meant to be: one at least, and one that may take over."""
    if not node.is_primary or not patient.address.fails_over:
        return ABSENT
    found = node.number(SEES_REPLICAS)
    if found is None:
        return unknown("How many replicas a primary has")
    if not found:
        return warning("It has no replica.")
    known = _followers(node, patient)
    if not known or any(_may_take_over(one, patient) for one in known):
        return unknown("Whether its replicas may take over") if known and _is_untold(known, patient) else None
    name, value = ("cluster-replica-no-failover", "yes") if _in_cluster(patient) else ("replica-priority", "0")
    mend = redis_cli("CONFIG", "SET", name, "no" if _in_cluster(patient) else 100)
    seen = f"{name} is {value} at every replica of {node.place}: none may take over."
    return warning(seen, mend)._replace(where=tuple(one.place for one in known))


def replica_behind(node: Node, patient: Patient) -> Said:
    """As the primary sees them, and as each sees its link: the primary forgets one whose link is down."""
    if not node.is_primary:
        return _link(node)
    if not node.number(SEES_REPLICAS):
        return ABSENT
    most = max(patient.cut_off_seconds, LEAST_LAG)
    behind = [one for one in _replicas(node) if one.get("state") != "online" or _lag(one) > most]
    if not behind:
        return None
    how = ", ".join(f"{one.get('state', 'unknown')}, {_lag(one):,} s behind" for one in behind)
    return warning(f"{len(behind)} of its replicas: {how}.")


def _link(node: Node) -> Said:
    status = node.said("master_link_status")
    if status is None:
        return unknown("Whether a replica is in step")
    if status == "up":
        return None
    seconds = node.number("master_link_down_since_seconds")
    since = f" for {seconds:,} s" if seconds is not None and seconds >= 0 else ""
    return warning(f"master_link_status is {status}{since}.")


def settle_time(node: Node, patient: Patient) -> Said:
    """Where scripts are told of failovers, who claims first waits a whole lease anyway: what is left is a restart."""
    if not node.is_primary or not _has_replicas(node, patient):
        return ABSENT
    settle, lag = patient.settings.settle_seconds, node.set_to_number("min-replicas-max-lag")
    mend = "export PERSEUS_SETTLE_SECONDS={:g}"
    if node.said("master_replid"):
        seen = "PERSEUS_SETTLE_SECONDS is 0: after a restart a promoted replica may pass for one that lacks nothing."
        return warning(seen, mend.format(ADVISED_SETTLE)) if settle <= 0 else None
    if settle <= 0:
        seen = "The store does not tell of failovers, and PERSEUS_SETTLE_SECONDS is 0."
        return grave(seen, mend.format(ADVISED_SETTLE))
    if node.set_to_number("min-replicas-to-write") and lag is not None and settle < lag:
        seen = f"PERSEUS_SETTLE_SECONDS is {settle:g}, less than the {lag} s of min-replicas-max-lag."
        return warning(seen, mend.format(lag))
    return None


def _has_replicas(node: Node, patient: Patient) -> bool:
    return bool(node.number(SEES_REPLICAS)) or patient.address.fails_over


def _in_cluster(patient: Patient) -> bool:
    return patient.servers.slots is not None


def _followers(node: Node, patient: Patient) -> list[Node]:
    """Replicas that answer: those of this primary, or all where none names it by the address that we have."""
    all_ = [one for one in patient.servers.answering if not one.is_primary]
    own = [one for one in all_ if f"{one.said('master_host')}:{one.said('master_port')}" == node.place]
    return own or all_


def _may_take_over(replica: Node, patient: Patient) -> bool:
    """As long as it does not say no. A Cluster looks at no priority."""
    if _in_cluster(patient):
        return replica.set_to("cluster-replica-no-failover") != "yes"
    return replica.number("slave_priority") != 0


def _is_untold(known: list[Node], patient: Patient) -> bool:
    if _in_cluster(patient):
        return all(one.set_to("cluster-replica-no-failover") is None for one in known)
    return all(one.number("slave_priority") is None for one in known)


def _replicas(node: Node) -> Iterator[dict[str, object]]:
    for number in range(node.number(SEES_REPLICAS) or 0):
        told = node.said(f"slave{number}")
        if isinstance(told, dict):
            yield told


def _lag(replica: dict[str, object]) -> int:
    lag = replica.get("lag")
    return lag if isinstance(lag, int) else 0
