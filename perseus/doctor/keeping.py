"""Checks of one server: does it keep what it has confirmed, over a restart?"""

from __future__ import annotations

from perseus.doctor.node import Node
from perseus.doctor.patient import Patient
from perseus.doctor.sign import ABSENT, Said, grave, unknown, warning

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
    if policy in ("always", "everysec") and node.set_to("no-appendfsync-on-rewrite") == "yes":
        seen = f"appendfsync is {policy}, but not while it rewrites its file: no-appendfsync-on-rewrite is yes."
        also = () if policy == "always" else (mend,)
        return warning(seen, *also, "redis-cli CONFIG SET no-appendfsync-on-rewrite no")
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
