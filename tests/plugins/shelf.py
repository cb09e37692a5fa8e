"""Plugins that a test writes: real modules, imported from a folder that is theirs while the test runs."""

from __future__ import annotations

import queue
import sys
import textwrap
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from perseus.pluginhost.manager import INGEST, Plugins, load
from perseus.settings import Settings

MANIFEST = """
import queue
from perseus import Manifest, hookimpl

calls = queue.Queue()

@hookimpl
def perseus_manifest():
    return Manifest(api=">=1,<2", priority={priority})
"""

REGISTRY = EntryPoint("registry", "perseus.plugins.registry", INGEST)

_numbers = count()


class Shelf:
    """`add` writes a plugin; its module has a manifest and a queue `calls` unless `bare`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._names: dict[str, str] = {}
        self.entries: list[EntryPoint] = []

    def add(self, name: str, source: str, *, priority: int = 0, bare: bool = False) -> EntryPoint:
        module = f"shelved_{name}_{next(_numbers)}"
        head = "" if bare else MANIFEST.format(priority=priority)
        (self.folder / f"{module}.py").write_text(head + textwrap.dedent(source))
        self._names[name] = module
        self.entries.append(EntryPoint(name, module, INGEST))
        return self.entries[-1]

    def load(self, *more: EntryPoint, group: str = INGEST, settings: Settings | None = None) -> Plugins:
        return load(group, [*self.entries, *more], settings=settings)

    def module(self, name: str) -> ModuleType:
        return sys.modules[self._names[name]]

    def heard(self, name: str, timeout: float = 10) -> Any:
        """The next thing that the plugin put into its `calls`; fails the test when nothing comes."""
        try:
            return self.module(name).calls.get(timeout=timeout)
        except queue.Empty:
            raise AssertionError(f"plugin {name} was not called within {timeout} s") from None

    def close(self) -> None:
        for module in self._names.values():
            sys.modules.pop(module, None)


def installed(folder: Path, owner: str, name: str, source: str) -> None:
    """A distribution with one plugin, as pip leaves it behind."""
    (folder / f"{owner}_{name}.py").write_text(MANIFEST.format(priority=0) + textwrap.dedent(source))
    info = folder / f"{owner}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {owner}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{INGEST}]\n{name} = {owner}_{name}\n")


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    folder = tmp_path / "shelf"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    shelf = Shelf(folder)
    yield shelf
    shelf.close()
