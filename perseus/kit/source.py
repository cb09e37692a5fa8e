"""A module of a plugin as its text says it: parsed, never run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from perseus.errors import PerseusError

MARKS = ("perseus.hookimpl", "perseus.hookspecs.hookimpl")
IGNORED = re.compile(r"#\s*perseus:\s*ignore\[([a-z, -]+)\]")

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Unreadable(PerseusError):
    """Raised when a file is not Python that can be parsed; `line` is where."""

    def __init__(self, path: Path, line: int, reason: str) -> None:
        super().__init__(f"{path}:{line}: {reason}")
        self.path = path
        self.line = line
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Implementation:
    """A function that implements a hook, or was meant to. `mark`: the options of its mark, None without a mark."""

    hook: str
    node: Function
    mark: dict[str, ast.expr] | None
    is_method: bool

    def has(self, option: str) -> bool:
        """Is this option of the mark set?"""
        value = (self.mark or {}).get(option)
        return isinstance(value, ast.Constant) and bool(value.value)


class Source:
    """One parsed module. Raises Unreadable for text that is not Python, OSError for a file that cannot be read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            text = path.read_text("utf-8")
            self.tree = ast.parse(text)
        except SyntaxError as error:
            raise Unreadable(path, error.lineno or 1, f"is not Python: {error.msg}") from None
        except ValueError as error:  # null bytes, or not UTF-8
            raise Unreadable(path, 1, f"is not Python: {error}") from None
        self._lines = text.splitlines()
        self.names = dict(_imported(self.tree))
        self.functions = {node.name: node for node in self.tree.body if isinstance(node, Function)}
        self._markers = {*MARKS, *_own_markers(self.tree, self)}

    def dotted(self, node: ast.AST) -> str | None:
        """The full name of what an expression names, with imports followed: `time.sleep`; None for anything else."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            of = self.dotted(node.value)
            return f"{of}.{node.attr}" if of else None
        return None

    def is_ignored(self, line: int, rule: str) -> bool:
        """Does the line itself say `# perseus: ignore[rule]`?"""
        text = self._lines[line - 1] if 0 < line <= len(self._lines) else ""
        found = IGNORED.search(text)
        return found is not None and rule in re.split(r"[,\s]+", found[1])

    def implementations(self) -> Iterator[Implementation]:
        """Functions of the module and methods of its classes that are marked, or named like a hook."""
        for body, is_method in _bodies(self.tree):
            for node in body:
                if isinstance(node, Function):
                    mark = self._mark(node)
                    if mark is not None or node.name.startswith("perseus_"):
                        yield Implementation(_named(node, mark), node, mark, is_method)

    def _mark(self, node: Function) -> dict[str, ast.expr] | None:
        for decorator in node.decorator_list:
            call = decorator.func if isinstance(decorator, ast.Call) else decorator
            if self.dotted(call) in self._markers:
                keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
                return {keyword.arg: keyword.value for keyword in keywords if keyword.arg}
        return None


def _named(node: Function, mark: dict[str, ast.expr] | None) -> str:
    other = (mark or {}).get("specname")
    return str(other.value) if isinstance(other, ast.Constant) and other.value else node.name


def _bodies(tree: ast.Module) -> Iterator[tuple[list[ast.stmt], bool]]:
    yield tree.body, False
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield node.body, True


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield (name.asname, name.name) if name.asname else (name.name.split(".")[0],) * 2
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for name in node.names:
                yield name.asname or name.name, f"{node.module}.{name.name}"


def _own_markers(tree: ast.Module, source: Source) -> Iterator[str]:
    """Names bound to a marker of the plugin's own: `mark = pluggy.HookimplMarker("perseus")`."""
    for node in tree.body:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Call)
            and source.dotted(node.value.func) == "pluggy.HookimplMarker"
        ):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))
