"""What the text of a plugin says of its hooks, without running it: decides whether a process imports it at all."""

from __future__ import annotations

import ast
import difflib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

from perseus.pluginhost.admission.groups import CALLED, GENERAL

START = "perseus_"
KNOWN = [*GENERAL, *(hook for hooks in CALLED.values() for hook in hooks)]
MEANT = 0.85


def hooks_in(place: Path) -> set[str]:
    """Hooks that a module, or a package in a folder, has or imports; a misspelt one as what was probably meant.

    Raises SyntaxError for text that is not Python, OSError for a file that cannot be read.
    """
    names = {name for path in _files(place) for name in _names(path)}
    return {hook for name in names for hook in _meant(name)}


def missing(place: Path) -> str:
    """What the import of a text without hooks would fail at, without running it; '' where nothing is seen.

    Raises as `hooks_in`: also for a text that was not looked at because nothing in it begins as a hook does.
    """
    for path in _files(place):
        for node in ast.parse(path.read_bytes(), str(path)).body:
            for name in _imported(node):
                if name not in sys.modules and importlib.util.find_spec(name) is None:
                    file = "" if path == place else f"{path.name} "
                    return f"{file}line {node.lineno}: there is no module {name}"
    return ""


def _imported(node: ast.stmt) -> list[str]:
    """First parts of the names of modules, none of which must be imported to be found."""
    match node:
        case ast.Import(names=names):
            return [one.name.partition(".")[0] for one in names]
        case ast.ImportFrom(module=str(name), level=0):
            return [name.partition(".")[0]]
    return []


def _files(place: Path) -> list[Path]:
    return sorted(path for path in place.rglob("*.py") if path.is_file()) if place.is_dir() else [place]


def _names(path: Path) -> Iterator[str]:
    text = path.read_bytes()
    if START.encode() not in text:
        return  # parsing costs a thousand times more than this look
    for node in ast.walk(ast.parse(text, str(path))):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.alias(name=name, asname=other):
                yield other or name
            case ast.keyword(arg="specname", value=ast.Constant(value=str(name))):
                yield name


def _meant(name: str) -> list[str]:
    if not name.startswith(START):
        return []
    return [name] if name in KNOWN else difflib.get_close_matches(name, KNOWN, 1, MEANT)
