"""The plugins of one process: found, and let in by their names."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from functools import partial
from importlib.metadata import EntryPoint

from perseus.pluginhost.admission import discovery
from perseus.pluginhost.admission.discovery import Found
from perseus.pluginhost.admission.groups import INGEST, NOTIFIERS, UI
from perseus.pluginhost.admission.trial import Trials
from perseus.pluginhost.calling.calls import Answer
from perseus.pluginhost.info import PluginInfo, PluginState, PluginsUnusable
from perseus.pluginhost.plugins import Plugins
from perseus.settings import Settings

__all__ = ["INGEST", "NOTIFIERS", "UI", "Answer", "PluginInfo", "PluginState", "Plugins", "PluginsUnusable", "load"]

SAFE = "it is left out: PERSEUS_SAFE_MODE loads the bundled plugins only"


def load(
    group: str = INGEST, entry_points: Iterable[EntryPoint] | None = None, *, settings: Settings | None = None
) -> Plugins:
    """Find and let in the plugins of a group, or those given. Never raises for a plugin's fault, unless it is to.

    `settings`: where else to look, and whether to leave out what is not bundled (safe mode) or to raise
    PluginsUnusable (strict). Raises SettingError for a folder of plugins that cannot be read.
    When several bear one name, the bundled one is used; without one, none is, for the choice would be chance.
    """
    is_safe = settings is not None and settings.safe_mode
    folder = settings.plugins_dir if settings else None
    if is_safe and folder is not None and not folder.is_dir():
        folder = None  # safe mode starts, whatever else is wrong
    given = entry_points is not None
    found = [discovery.of_entry(entry) for entry in entry_points or ()] if given else discovery.find(group, folder)
    names = frozenset if given else partial(discovery.names, folder)
    trials = Trials(settings.home if settings else None, group)
    plugins = Plugins(group, settings is not None and settings.strict_plugins, names, trials.of)
    for _, same in itertools.groupby(sorted(found, key=_order), key=_slug):
        _let_in(plugins, list(same), is_safe)
    plugins.insist()
    return plugins


def _let_in(plugins: Plugins, same: list[Found], is_safe: bool) -> None:
    bundled = [found for found in same if found.is_bundled]
    chosen = same if len(same) == 1 else bundled if len(bundled) == 1 else []
    origins = " and ".join(found.origin for found in same)
    for found in same:
        if is_safe and not found.is_bundled:
            plugins.refuse(found, SAFE, PluginState.DISABLED)
        elif found in chosen:
            plugins.add(found)
        else:
            plugins.refuse(found, f"the name is taken more than once, by {origins}: {_mend(same)}")


def _mend(same: list[Found]) -> str:
    return "remove or rename all but one" if any(found.version is None for found in same) else "uninstall all but one"


def _slug(found: Found) -> str:
    """Names that differ in nothing that a variable of the environment could tell are one name."""
    return found.name.lower().replace("-", "_")


def _order(found: Found) -> tuple[str, str]:
    return _slug(found), found.origin
