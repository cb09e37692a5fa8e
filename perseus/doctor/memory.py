"""Checks of one server: will it keep the leases, and has it room for them?"""

from __future__ import annotations

from perseus.doctor.node import Node
from perseus.doctor.patient import Patient
from perseus.doctor.sign import ABSENT, Said, grave, unknown, warning

MIB = 1024 * 1024
NOEVICTION = "noeviction"
FULL, NEARLY_FULL = 0.95, 0.85
SOON_DAYS, KEPT_DAYS = 7, 90
MEND_POLICY = "redis-cli CONFIG SET maxmemory-policy noeviction"


def eviction_policy(node: Node, patient: Patient) -> Said:
    """Replicas too: one may be promoted."""
    policy = node.said("maxmemory_policy")
    if policy is None:
        return unknown("The eviction policy")
    if policy == NOEVICTION:
        return None
    evicted = node.number("evicted_keys") or 0
    past = f" It has evicted {evicted:,} keys since its start." if evicted else ""
    if not node.number("maxmemory"):
        return warning(f"maxmemory-policy is {policy}, but no maxmemory is set yet.{past}", MEND_POLICY)
    return grave(f"maxmemory-policy is {policy} under a maxmemory of {_mib(_limit(node) or 0)}.{past}", MEND_POLICY)


def memory_full(node: Node, patient: Patient) -> Said:
    """By maxmemory, or else the memory of its machine."""
    used, limit = node.number("used_memory"), _limit(node)
    if used is None or limit is None:
        return unknown("The use of memory")
    said, commands = f"{used / limit:.0%} of {_mib(limit)} are used", more(node)
    if used >= FULL * limit:
        return grave(f"{said}.", *commands)
    return warning(f"{said}.", *commands) if used >= NEARLY_FULL * limit else None


def more(node: Node) -> tuple[str, ...]:
    """What gives it twice its maxmemory, where its machine has room for that."""
    limit, has = node.number("maxmemory") or 0, node.number("total_system_memory") or 0
    wanted = max(2 * limit // MIB, 64)
    return (f"redis-cli CONFIG SET maxmemory {wanted}mb",) if limit and wanted * MIB <= has // 2 else ()


def memory_forecast(node: Node, patient: Patient) -> Said:
    """Of a Cluster every primary is taken to get its share of the growth."""
    used, limit = node.number("used_memory"), _limit(node)
    if not node.is_primary or not patient.told.growths:
        return ABSENT
    if used is None or limit is None:
        return unknown("The use of memory")
    most = patient.settings.activity_max_entries
    shares = len(patient.servers.primaries) or 1
    coming = sum(max(one.size_in_the_end(most) - one.size, 0) for one in patient.told.growths) / shares
    a_day = sum(one.a_day * one.each for one in patient.told.growths if one.size_in_the_end(most) > one.size) / shares
    room = FULL * limit - used
    if coming <= room:
        return None
    days = max(room, 0) / a_day
    entries = sum(one.a_day for one in patient.told.growths)
    seen = (
        f"{entries:,.0f} entries a day will need {_mib(round(coming))} more within {KEPT_DAYS} days; "
        f"{_mib(round(max(room, 0)))} are left, enough for {_days(days)}."
    )
    return grave(seen) if days < SOON_DAYS else warning(seen)


def log_cap(patient: Patient) -> Said:
    """Of all activity logs."""
    if not patient.told.growths:
        return ABSENT
    most = patient.settings.activity_max_entries
    over = [one for one in patient.told.growths if one.a_day * KEPT_DAYS > most]
    if not over:
        return None
    worst = max(over, key=lambda one: one.a_day)
    others = f" (and {len(over) - 1} more)" if len(over) > 1 else ""
    a_day, days = worst.a_day, most / worst.a_day
    return warning(f"{worst.exchange.name}{others} gets {a_day:,.0f} entries a day: {most:,} last {days:.0f} days.")


def connection_limit(node: Node, patient: Patient) -> Said:
    """Replicas too."""
    used, limit = node.number("connected_clients"), node.number("maxclients")
    if used is None or limit is None:
        return unknown("The number of connections")
    rejected = node.number("rejected_connections") or 0
    past = f" It has refused {rejected:,} since its start." if rejected else ""
    seen = f"{used:,} of {limit:,} connections are in use.{past}"
    mend = f"redis-cli CONFIG SET maxclients {max(2 * limit, 1_000)}"
    if used >= FULL * limit:
        return grave(seen, mend)
    return warning(seen, mend) if rejected or used >= NEARLY_FULL * limit else None


def _limit(node: Node) -> int | None:
    return node.number("maxmemory") or node.number("total_system_memory")


def _mib(size: int) -> str:
    return f"{size / MIB:,.1f} MiB" if size < 100 * MIB else f"{size / MIB:,.0f} MiB"


def _days(days: float) -> str:
    return "less than a day" if days < 1 else "1 day" if days < 2 else f"{days:.0f} days"
