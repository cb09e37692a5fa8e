"""`perseus lint-plugin`: a plugin's text held against the contract of hooks, without running it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from perseus.errors import PerseusError
from perseus.kit import callrules, hookrules, manifestrules, secretrules
from perseus.kit.findings import Finding, kept
from perseus.kit.source import Source, Unreadable
from perseus.pluginhost.admission.groups import GROUPS, NOTIFIERS


class NoPlugin(PerseusError):
    """Raised when there is no plugin at a path."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path}: {reason}. Give a module, a package, or a folder whose pyproject.toml names its entry points."
        )
        self.path = path


class Plugin:
    """One plugin on disk: its name, the module that is loaded, the folder to import it from. Raises NoPlugin.

    `group`: of its entry point, None where it has none.
    """

    def __init__(self, name: str, module: str, folder: Path, group: str | None = None) -> None:
        self.name = name
        self.group = group
        self.module = module
        self.folder = folder
        place = folder.joinpath(*module.split("."))
        self.root = place if place.is_dir() else place.with_suffix(".py")
        if not self.root.exists():
            raise NoPlugin(self.root, f"the entry point {name} = {module} names a module that is not there")

    @property
    def files(self) -> list[Path]:
        """Its modules, in the order of their names."""
        if self.root.is_file():
            return [self.root]
        return sorted(path for path in self.root.rglob("*.py") if "__pycache__" not in path.parts)

    @property
    def entry(self) -> EntryPoint:
        """As the plugin host would find it."""
        return EntryPoint(self.name, self.module, self.group or NOTIFIERS)


def plugins(path: Path) -> list[Plugin]:
    """What there is at a path: a module, a package, or a project's folder. Raises NoPlugin."""
    path = path.resolve()
    if path.is_file() and path.suffix == ".py":
        return [Plugin(path.stem, path.stem, path.parent)]
    if (path / "__init__.py").is_file():
        return [Plugin(path.name, path.name, path.parent)]
    if (path / "pyproject.toml").is_file():
        return list(_project(path))
    raise NoPlugin(path, "is no plugin" if path.exists() else "there is no such file or folder")


def check(plugin: Plugin) -> list[Finding]:
    """Everything that is wrong with its text, file by file."""
    found: list[Finding] = []
    sources: list[Source] = []
    for path in plugin.files:
        try:
            source = Source(path)
        except Unreadable as error:
            found.append(Finding(path, error.line, "syntax", error.reason))
            continue
        sources.append(source)
        found += kept(source, _of(source))
    if len(sources) == len(plugin.files):
        found += manifestrules.missing(sources, plugin.root)
    return found


def _of(source: Source) -> Iterator[Finding]:
    for rules in (hookrules, callrules, secretrules, manifestrules):
        yield from rules.findings(source)


def _project(folder: Path) -> Iterator[Plugin]:
    try:
        project: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    except ValueError as error:
        raise NoPlugin(folder / "pyproject.toml", f"cannot be read: {error}") from None
    groups = project.get("project", {}).get("entry-points", {})
    entries = [(name, value, group) for group in GROUPS for name, value in groups.get(group, {}).items()]
    if not entries:
        raise NoPlugin(folder / "pyproject.toml", f"names no entry point in {', '.join(GROUPS)}")
    source = folder / "src" if (folder / "src").is_dir() else folder
    for name, module, group in entries:
        yield Plugin(name, module.partition(":")[0], source, group)
