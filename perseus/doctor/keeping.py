"""Checks of one server: does it keep what it has confirmed, over a restart and over a failover?"""

from __future__ import annotations

from collections.abc import Iterator

from perseus.doctor.node import Node
from perseus.doctor.patient import Patient
from perseus.doctor.sign import ABSENT, Said, grave, unknown, warning

ADVISED_SETTLE = 10
LAG_SECONDS = 8  # PERSEUS_MARGIN_SECONDS - 2: docs/guarantees.md
SEES_REPLICAS = "connected_slaves"
MEND_AOF = ("redis-cli CONFIG SET appendonly yes",)


def persistence(node: Node, patient: Patient) -> Said:
    """Replicas too: one may be promoted, and then restart."""
    is_on = node.number("aof_enabled")
    if is_on is None:
        return unknown("Whether it keeps its data")
    if is_on:
        return None
    save = node.set_to("save")
    if save is None:
        return grave("The append-only file is off.", *MEND_AOF)
    if save:
        return grave(f"It keeps snapshots alone (save {save}): a restart goes back to the last one.", *MEND_AOF)
    return grave("It keeps nothing: no append-only file, no snapshots.", *MEND_AOF)


def append_fsync(node: Node, patient: Patient) -> Said:
    """`always` alone outlives a power failure whole."""
    if node.number("aof_enabled") != 1:
        return ABSENT
    policy = node.set_to("appendfsync")
    mend = "redis-cli CONFIG SET appendfsync always"
    match policy:
        case None:
            return unknown("How often it writes through to its disk")
        case "always":
            return None
        case "no":
            return grave("appendfsync is no: a power failure loses up to half a minute.", mend)
        case _:
            return warning(f"appendfsync is {policy}: a power failure loses about a second.", mend)


def persistence_failing(node: Node, patient: Patient) -> Said:
    """By what its last writes to the disk came to."""
    fields = ("aof_last_write_status", "aof_last_bgrewrite_status", "rdb_last_bgsave_status")
    told = {name: node.said(name) for name in fields}
    if all(value is None for value in told.values()):
        return unknown("Whether it can write to its disk")
    wrong = [name for name, value in told.items() if value not in ("ok", None)]
    return grave(f"{' and '.join(wrong)} {'is' if len(wrong) == 1 else 'are'} not ok.") if wrong else None


def min_replicas(node: Node, patient: Patient) -> Said:
    """Where there are replicas: without one, what mends it would stop all writes.

    INFO has the number of good ones only while some are asked for.
    """
    if not node.is_primary or not _has_replicas(node, patient):
        return ABSENT
    there = node.number(SEES_REPLICAS)
    if there is None:
        return unknown("min-replicas-to-write")
    if not there:
        return ABSENT
    if node.set_to_number("min-replicas-to-write") or node.said("min_slaves_good_slaves") is not None:
        return None
    return warning(
        "min-replicas-to-write is 0.",
        "redis-cli CONFIG SET min-replicas-to-write 1",
        f"redis-cli CONFIG SET min-replicas-max-lag {LAG_SECONDS}",
    )


def durable_replicas(node: Node, patient: Patient) -> Said:
    """This process's setting against what WAIT can get."""
    wanted, there = patient.settings.durable_replicas, node.number(SEES_REPLICAS)
    if not node.is_primary or not wanted:
        return ABSENT
    if not node.may_wait:
        return warning(
            f"PERSEUS_DURABLE_REPLICAS is {wanted}, and WAIT is refused.", "redis-cli ACL SETUSER <user> +wait"
        )
    if there is None:
        return unknown("How many replicas a primary has")
    return warning(f"PERSEUS_DURABLE_REPLICAS is {wanted}, and it has {there}.") if there < wanted else None


def replicas(node: Node, patient: Patient) -> Said:
    """Of each primary where a failover is meant to be."""
    if not node.is_primary or not patient.address.fails_over:
        return ABSENT
    found = node.number(SEES_REPLICAS)
    if found is None:
        return unknown("How many replicas a primary has")
    return None if found else warning("It has no replica.")


def replica_behind(node: Node, patient: Patient) -> Said:
    """As the primary sees them."""
    if not node.is_primary or not node.number(SEES_REPLICAS):
        return ABSENT
    behind = [one for one in _replicas(node) if one.get("state") != "online" or _lag(one) > LAG_SECONDS]
    if not behind:
        return None
    how = ", ".join(f"{one.get('state', 'unknown')}, {_lag(one):,} s behind" for one in behind)
    return warning(f"{len(behind)} of its replicas: {how}.")


def settle_time(node: Node, patient: Patient) -> Said:
    """This process's setting against what the store is."""
    if not node.is_primary or not _has_replicas(node, patient):
        return ABSENT
    settle, lag = patient.settings.settle_seconds, node.set_to_number("min-replicas-max-lag")
    mend = "export PERSEUS_SETTLE_SECONDS={:g}"
    if settle <= 0:
        return grave("The store has replicas, and PERSEUS_SETTLE_SECONDS is 0.", mend.format(ADVISED_SETTLE))
    if node.set_to_number("min-replicas-to-write") and lag is not None and settle < lag:
        seen = f"PERSEUS_SETTLE_SECONDS is {settle:g}, less than the {lag} s of min-replicas-max-lag."
        return warning(seen, mend.format(lag))
    return None


def _has_replicas(node: Node, patient: Patient) -> bool:
    return bool(node.number(SEES_REPLICAS)) or patient.address.fails_over


def _replicas(node: Node) -> Iterator[dict[str, object]]:
    for number in range(node.number(SEES_REPLICAS) or 0):
        told = node.said(f"slave{number}")
        if isinstance(told, dict):
            yield told


def _lag(replica: dict[str, object]) -> int:
    lag = replica.get("lag")
    return lag if isinstance(lag, int) else 0
