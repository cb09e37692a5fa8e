"""One examination: every check of every server and of the site, as a report."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from perseus.clock import Clock, SystemClock
from perseus.doctor import answering, around, commanding, following, keeping, memory, placing, quorum, shards, timing
from perseus.doctor.finding import REDIS_CLI, Finding, Report, Severity, merged
from perseus.doctor.node import Node
from perseus.doctor.patient import Patient, gathered
from perseus.doctor.sign import ABSENT, Said
from perseus.doctor.site import Site
from perseus.settings import Settings

OfNode = Callable[[Node, Patient], Said]
OfSite = Callable[[Patient], Said]

MACHINE = SystemClock()

#: Also of a server that does not answer.
OF_SILENT: Final[Mapping[str, OfNode]] = {
    "store-silent": answering.store_silent,
    "node-silent": answering.node_silent,
    "user-unknown": answering.user_unknown,
    "busy-script": answering.busy_script,
    "rights": answering.missing_rights,
    "slow-answers": answering.slow_answers,
}
OF_NODES: Final[Mapping[str, OfNode]] = {
    "refuses-writes": answering.refuses_writes,
    "store-version": answering.store_version,
    "hint-rights": answering.hint_rights,
    "eviction-policy": memory.eviction_policy,
    "memory-full": memory.memory_full,
    "memory-forecast": memory.memory_forecast,
    "persistence": keeping.persistence,
    "append-fsync": keeping.append_fsync,
    "persistence-failing": keeping.persistence_failing,
    "settle-time": following.settle_time,
    "min-replicas": following.min_replicas,
    "spare-replica": following.spare_replica,
    "durable-replicas": following.durable_replicas,
    "replicas": following.replicas,
    "replica-behind": following.replica_behind,
    "idle-timeout": answering.idle_timeout,
    "slow-commands": answering.slow_commands,
    "slow-failover": timing.slow_failover,
    "connection-limit": memory.connection_limit,
    "cluster-state": shards.cluster_state,
    "failing-nodes": shards.failing_nodes,
    "full-coverage": shards.full_coverage,
    "open-slots": shards.open_slots,
}
OF_SITE: Final[Mapping[str, OfSite]] = {
    "store-mark": around.store_mark,
    "stand-in": around.stand_in,
    "log-cap": memory.log_cap,
    "node-clocks": timing.node_clocks,
    "clock-skew": timing.clock_skew,
    "time-outs": timing.time_outs,
    "times-differ": timing.times_differ,
    "versions-differ": timing.versions_differ,
    "node-silent": answering.nodes_untold,
    "slots": shards.slots,
    "cluster-quorum": shards.cluster_quorum,
    "seed-foreign": shards.seed_foreign,
    "sentinels": quorum.sentinels,
    "sentinel-refusal": quorum.sentinel_refusal,
    "sentinel-quorum": quorum.sentinel_quorum,
    "sentinel-split": quorum.sentinel_split,
    "sentinel-places": placing.sentinel_places,
    "slow-failover": quorum.sentinel_times,
    "plain-text": around.plain_text,
    "tls-unchecked": around.tls_unchecked,
    "open-store": around.open_store,
    "database-silent": around.database_silent,
    "database-refused": around.database_refused,
    "database-read-only": around.database_read_only,
    "database-schema": around.database_schema,
    "no-exchanges": around.no_exchanges,
    "secret-key": around.secret_key,
    "control-key": commanding.control_key,
    "home": around.home,
    "disk-space": around.disk_space,
    "plugin-failed": around.plugin_failed,
    "no-dispatcher": around.no_dispatcher,
}
#: What sentinels are told and asked begins so.
OF_SENTINEL: Final = "SENTINEL "
#: They say nothing while no server answers.
NEED_THE_STORE: Final = frozenset(("clock-skew", "open-store"))


def examine(settings: Settings, url: str, site: Site, clock: Clock = MACHINE) -> Report:
    """Ask and judge. `url`: of the store. Takes a few time-outs at most; never raises for what does not answer."""
    return judged(gathered(settings, url, site, clock), clock.wall_ms())


def judged(patient: Patient, at_ms: int) -> Report:
    """The report on what was gathered. Pure but for the name of this host."""
    said = list(_said(patient))
    found = merged(_reached(one, patient) for one in said if isinstance(one, Finding))
    named = {one.name for one in found}
    fine = tuple(dict.fromkeys(one for one in said if isinstance(one, str) and one not in named))
    unasked = [
        name
        for name, is_away in (
            ("store", patient.servers.is_away),
            ("database", patient.database.is_away),
        )
        if is_away
    ]
    return Report(at_ms, socket.gethostname(), found, fine, tuple(unasked))


def _said(patient: Patient) -> Iterator[Finding | str]:
    """Findings, and the names of what was looked for and not found."""
    if patient.servers.silent is not None and not any(node.silent for node in patient.servers.nodes):
        yield from _one("store-silent", answering.unreachable(patient))
    for node in patient.servers.nodes:
        checks = {**OF_SILENT, **(OF_NODES if node.silent is None else {})}
        for name, check in checks.items():
            yield from _one(name, check(node, patient), node.place)
    for name, of_site in OF_SITE.items():
        if name not in NEED_THE_STORE or patient.servers.answering:
            yield from _one(name, of_site(patient))


def _reached(one: Finding, patient: Patient) -> Finding:
    """With the options by which redis-cli reaches its servers, where it has a command for them.

    What is not known is for an administrator, of whom we know neither user nor password.
    """
    if one.severity is Severity.UNKNOWN:
        return replace(one, reach=patient.address.sentinel_tls if OF_SENTINEL in one.seen else patient.address.tls)
    if not any(command.startswith(REDIS_CLI) for command in one.commands):
        return one
    if all(command.startswith(f"{REDIS_CLI}{OF_SENTINEL}") for command in one.commands):
        return replace(one, reach=patient.address.to_sentinels)
    return replace(one, reach=patient.address.tls if one.name == "user-unknown" else patient.to_servers)


def _one(name: str, said: Said, *where: str) -> Iterator[Finding | str]:
    if said is None:
        yield name
    elif said != ABSENT:
        yield Finding(name, said.severity, said.seen, said.commands, said.where or where)
