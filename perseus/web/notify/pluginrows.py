"""Plugins and dispatchers as the Plugins page shows them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from perseus.notify.configuration import Configuration
from perseus.notify.told.dispatchers import Dispatchers, PluginReport, Report
from perseus.pluginhost.manager import PluginInfo
from perseus.web import moments, words
from perseus.web.card.badges import Badge
from perseus.web.moments import Moment

MEGABYTE = 1024 * 1024
STATES = {
    "loaded": Badge("active", "Loaded"),
    "failed": Badge("failed", "Failed"),
    "invalid": Badge("corrupt", "Invalid"),
    "incompatible": Badge("corrupt", "Incompatible"),
    "disabled": Badge("closed", "Switched off"),
}
FINE = ("loaded", "disabled")
WEB = "perseus.ui"
INGEST = "perseus.ingest"


@dataclass(frozen=True, slots=True)
class DispatcherRow:
    """One dispatcher that runs."""

    worker: str
    host: str
    pid: str
    version: str
    since: Moment | None
    memory: str
    holds: int
    safe_mode: bool


@dataclass(frozen=True, slots=True)
class PluginRow:
    """One plugin. `where`: on which processes it is so, '' for all. `is_on`: nobody has switched it off.

    `can_switch`: an ingest process asks nobody whether its plugins are switched off.
    """

    key: str
    name: str
    badge: Badge
    reason: str
    about: str
    version: str | None
    origin: str
    group: str
    hooks: tuple[str, ...]
    priority: str
    api: str | None
    grade: str | None
    kinds: tuple[str, ...]
    where: str
    is_on: bool
    can_switch: bool
    is_wrong: bool


def dispatcher(report: Report) -> DispatcherRow:
    """One that reported."""
    limit = f" of {report.memory_limit_mb:,} MB" if report.memory_limit_mb else " MB"
    memory = "unknown" if report.rss_bytes is None else f"{report.rss_bytes // MEGABYTE:,}{limit}"
    return DispatcherRow(
        words.plain(report.worker, 120),
        words.plain(report.host, 120) or "unknown",
        "unknown" if report.pid is None else str(report.pid),
        words.plain(report.version or "unknown", 40),
        moments.lasting(report.started_ms),
        memory,
        sum(one.holds for one in report.destinations),
        report.safe_mode,
    )


def plugins(running: Dispatchers, web: Iterable[PluginInfo], configuration: Configuration) -> tuple[PluginRow, ...]:
    """Every plugin of every dispatcher, one row while they agree, and those of the web pages. What is wrong first."""
    told: dict[PluginReport, list[str]] = {}
    for report in running.running:
        for plugin in report.plugins:
            told.setdefault(plugin, []).append(f"{report.host} ({report.pid})")
    everywhere = len(running.running)
    rows = [
        _row(plugin, "" if len(hosts) == everywhere else ", ".join(hosts), running, configuration)
        for plugin, hosts in told.items()
    ]
    rows += [_row(_of_web(info), "these pages", running, configuration) for info in web]
    return tuple(sorted(rows, key=lambda row: (not row.is_wrong, row.group, row.name, row.where)))


def _of_web(info: PluginInfo) -> PluginReport:
    return PluginReport(
        name=info.name,
        state=info.state,
        origin=info.origin,
        group=WEB,
        reason=info.reason,
        hooks=info.hooks,
        priority=info.priority,
    )


def _row(plugin: PluginReport, where: str, running: Dispatchers, configuration: Configuration) -> PluginRow:
    state, name = plugin.state, words.plain(plugin.name, 100)
    offered = [kind.name for kind in running.kinds().values() if kind.plugin == plugin.name]
    return PluginRow(
        key=plugin.name,
        name=name,
        badge=STATES.get(state) or Badge("unknown", words.plain(state, 40)),
        reason=words.plain(plugin.reason or "", 1_000),
        about=words.plain(plugin.about or "", 300),
        version=words.plain(plugin.version, 40) if plugin.version else None,
        origin=words.plain(plugin.origin, 200),
        group=words.plain(plugin.group, 60),
        hooks=tuple(words.plain(hook, 80) for hook in plugin.hooks),
        priority="0" if plugin.priority is None else str(plugin.priority),
        api=words.plain(plugin.api, 40) if plugin.api else None,
        grade=words.plain(plugin.grade, 20) if plugin.grade else None,
        kinds=tuple(words.plain(kind, 60) for kind in sorted(offered)) if plugin.group not in (WEB, INGEST) else (),
        where=words.plain(where, 200),
        is_on=plugin.group == INGEST or plugin.name not in configuration.disabled,
        can_switch=plugin.group != INGEST,
        is_wrong=state not in FINE,
    )
