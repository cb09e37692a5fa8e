"""A new plugin's folder: everything there, tests green on their first run."""

from __future__ import annotations

import importlib.resources
import keyword
import re
from collections.abc import Iterator, Mapping
from importlib import metadata
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from perseus.errors import PerseusError
from perseus.pluginhost.admission.groups import GROUPS

KINDS = ("notifier", "ingest", "ui")
NAME = re.compile(r"[a-z][a-z0-9_]{0,29}")
ENDING = ".txt"


class BadName(PerseusError):
    """Raised for a name that no plugin can bear."""

    def __init__(self, name: str, problem: str, mend: str) -> None:
        super().__init__(f"{name!r} {problem}. {mend}")
        self.name = name


class AlreadyThere(PerseusError):
    """Raised when the folder to make exists. Nothing was written."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} is there already. Choose another name, or --into another folder.")
        self.folder = folder


def make(kind: str, name: str, into: Path) -> list[Path]:
    """Write the folder `into`/`name`; the files, in order. Raises BadName, AlreadyThere, or OSError."""
    _check(name)
    folder = into / name
    if folder.exists():
        raise AlreadyThere(folder)
    names = _names(name)
    written = []
    for parts, text in _files(importlib.resources.files("perseus.kit").joinpath("skeleton", kind)):
        path = folder.joinpath(*({"package": names["module"], "suite": "tests"}.get(part, part) for part in parts))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template(text).substitute(names), "utf-8")
        written.append(path)
    return written


def _names(name: str) -> Mapping[str, str]:
    return {
        "name": name,
        "module": f"perseus_{name}",
        "distribution": f"perseus-{name.replace('_', '-')}",
        "cls": "".join(part.capitalize() for part in name.split("_")),
        "title": name.replace("_", " ").capitalize(),
        "upper": name.upper(),
    }


def _check(name: str) -> None:
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_").lstrip("0123456789_")[:30]
    if not NAME.fullmatch(name) or name.endswith("_"):
        mend = f"Try {plain}." if NAME.fullmatch(plain) else "Try pager."
        raise BadName(name, "is no name of a plugin: small letters, digits and _, beginning with a letter", mend)
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        raise BadName(name, "is a word of Python", f"Try {name}_plugin.")
    taken = sorted(entry.value for group in GROUPS for entry in metadata.entry_points(group=group, name=name))
    if taken:
        raise BadName(name, f"is the name of a plugin that is installed, {taken[0]}", f"Try my_{name}.")


def _files(folder: Traversable, *above: str) -> Iterator[tuple[tuple[str, ...], str]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _files(entry, *above, entry.name)
        elif entry.name.endswith(ENDING):
            yield (*above, entry.name.removesuffix(ENDING)), entry.read_text("utf-8")
