"""Where plugins are found: bundled with Perseus, installed with pip, in the folder that PERSEUS_PLUGINS_DIR names.

Nothing is imported here. To which groups a bundled plugin and one of the folder belong is read from their text.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from importlib.metadata import EntryPoint
from pathlib import Path

from perseus import plugins as bundled_plugins
from perseus.errors import SettingError
from perseus.pluginhost.admission import peek
from perseus.pluginhost.admission.groups import GENERAL, GROUPS, groups_of
from perseus.pluginhost.calling.boundary import said
from perseus.version import VERSION

log = logging.getLogger(__name__)

BUNDLED = "perseus.plugins."
DIR_SETTING = "PERSEUS_PLUGINS_DIR"
MODULE = "perseus_plugins_dir_"
NO_HOOKS = "it has no hooks: see docs/hooks.md. If it is no plugin, begin its name with _"
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Found:
    """A plugin before its import. `origin` is for people; `value`: what is imported; `load()` imports it.

    `version`: None when only the plugin itself can tell. `problem`: why it cannot even be imported.
    """

    name: str
    origin: str
    value: str
    load: Callable[[], object]
    version: str | None = None
    is_bundled: bool = False
    problem: str | None = None


def find(group: str, plugins_dir: Path | None = None) -> list[Found]:
    """All plugins of a group, by name, then origin. Raises SettingError for a `plugins_dir` that cannot be read."""
    own = list(bundled(group))
    names = {found.name for found in own}
    installed = [
        of_entry(entry)
        for entry in _entries(group)
        if not (entry.value.startswith(BUNDLED) and entry.value.removeprefix(BUNDLED) in names)
    ]
    placed = [] if plugins_dir is None else list(in_folder(plugins_dir, group))
    return sorted([*own, *installed, *placed], key=lambda found: (found.name, found.origin))


def names(plugins_dir: Path | None = None) -> frozenset[str]:
    """Names of all plugins of this machine, in whichever group."""
    return frozenset(found.name for group in GROUPS for found in find(group, plugins_dir))


def of_entry(entry: EntryPoint) -> Found:
    """A plugin that a distribution names."""
    origin, version = entry.value, None
    if entry.dist is not None:
        version = entry.dist.version
        origin = f"{entry.value} of {entry.dist.name} {version}"
    return Found(entry.name, origin, entry.value, entry.load, version, entry.value.startswith(BUNDLED))


def bundled(group: str) -> Iterator[Found]:
    """Those that are part of Perseus, whether or not it was installed with pip."""
    for folder in sorted(Path(place) for place in bundled_plugins.__path__):
        for place in sorted(folder.iterdir()):
            if (place / "__init__.py").is_file():
                problem, hooks = _looked_at(place)
                if problem is not None or (hooks and group in groups_of(hooks)):
                    module = BUNDLED + place.name
                    load = partial(importlib.import_module, module)
                    yield Found(place.name, module, module, load, VERSION, True, problem)


def in_folder(folder: Path, group: str) -> Iterator[Found]:
    """Those of a folder: a `<name>.py` or a package `<name>/` each; other files, and names with `_` or `.`, are not."""
    try:
        places = sorted(folder.iterdir())
    except OSError as error:
        raise SettingError(DIR_SETTING, f"{folder} cannot be read: {error.strerror}", "Make that folder.") from None
    for place in places:
        if place.name.startswith(("_", ".")) or not (place.is_dir() or place.suffix == ".py"):
            continue
        problem, hooks = _looked_at(place)
        if problem is None and not hooks:
            problem = NO_HOOKS
        if problem is not None or group in groups_of(hooks):
            load = partial(_import_file, place)
            yield Found(place.stem if place.is_file() else place.name, str(place), str(place), load, problem=problem)


def _looked_at(place: Path) -> tuple[str | None, set[str]]:
    """What is wrong with a plugin, told without its import, and which hooks it has."""
    name = place.name if place.is_dir() else place.stem
    if not NAME.fullmatch(name):
        return f"{name} is no name for a module: use letters, digits and _", set()
    if place.is_dir() and not (place / "__init__.py").is_file():
        return "the folder has no __init__.py, so it is no package", set()
    try:
        hooks = peek.hooks_in(place)
        missing = "" if hooks else peek.missing(place)
        return (f"{missing}; {NO_HOOKS}" if missing else None), hooks
    except Exception:  # noqa: BLE001 - its import will fail likewise, and the log then says where
        return None, set(GENERAL)


def _import_file(place: Path) -> object:
    name = MODULE + place.stem
    folder = [str(place)] if place.is_dir() else None
    path = place / "__init__.py" if folder else place
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=folder)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def _entries(group: str) -> Iterable[EntryPoint]:
    try:
        return metadata.entry_points(group=group)
    except Exception:
        log.exception("The list of installed plugins cannot be read whole: a distribution is broken.")
    return [entry for dist in metadata.distributions() for entry in _entries_of(dist) if entry.group == group]


def _entries_of(dist: metadata.Distribution) -> Iterable[EntryPoint]:
    try:
        return list(dist.entry_points)
    except Exception as error:  # noqa: BLE001 - one broken distribution costs its own plugins only
        log.warning("The plugins of one distribution are not found: %s.", said(error))
        return []
