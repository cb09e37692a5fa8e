"""Rules for calls that wait: none where a card is drawn, none while a plugin is imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from perseus.kit.findings import Finding
from perseus.kit.source import Function, Source

#: Hooks with a budget of milliseconds.
QUICK = ("perseus_card_fragments", "perseus_card_actions", "perseus_status_fields")
BLOCKING = (
    "time.sleep",
    "requests.",
    "httpx.",
    "socket.",
    "urllib.request.",
    "http.client.",
    "smtplib.",
    "subprocess.",
    "os.system",
    "redis.",
    "sqlite3.",
)
IMPORT_TIME = (*BLOCKING, "open", "io.open", "builtins.open", "print", "input", "threading.Timer")
FILE_METHODS = ("read_text", "read_bytes", "write_text", "write_bytes", "get_secret_value")
#: Of the modules above: what only makes a value.
HARMLESS = ("httpx.Timeout", "httpx.Limits", "httpx.URL", "httpx.Headers", "socket.gethostname", "socket.AddressFamily")


def findings(source: Source) -> Iterator[Finding]:
    """All of one module."""
    for hook in source.implementations():
        if hook.hook in QUICK:
            yield from _slow(source, hook.node, hook.hook, {hook.node.name})
    yield from _at_import(source, source.tree.body)


def _slow(source: Source, function: Function, hook: str, seen: set[str]) -> Iterator[Finding]:
    for node in ast.walk(function):
        if not isinstance(node, ast.Call):
            continue
        name = source.dotted(node.func)
        if name is None:
            continue
        if _blocks(name, BLOCKING):
            text = f"{name} may wait, and {hook} has milliseconds: collect on a thread of your own, answer from memory"
            yield Finding(source.path, node.lineno, "blocking-call", text)
        elif name in source.functions and name not in seen:
            yield from _slow(source, source.functions[name], hook, seen | {name})


def _at_import(source: Source, body: list[ast.stmt]) -> Iterator[Finding]:
    for statement in body:
        if isinstance(statement, ast.If) and _is_guard(source, statement.test):
            yield from _at_import(source, statement.orelse)
            continue
        for node in _run_on_import(statement):
            if isinstance(node, ast.Call) and (name := _waiting(source, node)):
                text = f"{name} runs when the plugin is imported: do it in perseus_startup, or when it is needed"
                yield Finding(source.path, node.lineno, "import-time-io", text)


def _waiting(source: Source, call: ast.Call) -> str | None:
    name = source.dotted(call.func)
    if name is not None and _blocks(name, IMPORT_TIME) and name not in source.functions:
        return name
    if isinstance(call.func, ast.Attribute) and call.func.attr in FILE_METHODS:
        return call.func.attr
    return None


def _blocks(name: str, listed: tuple[str, ...]) -> bool:
    if name.startswith(HARMLESS):
        return False
    return any(name.startswith(entry) if entry.endswith(".") else name == entry for entry in listed)


def _run_on_import(node: ast.AST) -> Iterator[ast.AST]:
    """The node and what in it runs at import: of a function only its decorators and default values."""
    if isinstance(node, ast.Lambda):
        return
    yield node
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        inner: list[ast.expr | None] = [*node.decorator_list, *node.args.defaults, *node.args.kw_defaults]
    else:
        inner = list(ast.iter_child_nodes(node))  # type: ignore[arg-type]
    for child in filter(None, inner):
        yield from _run_on_import(child)


def _is_guard(source: Source, test: ast.expr) -> bool:
    """`if __name__ == "__main__"` or `if TYPE_CHECKING`: does not run when a plugin is imported."""
    if isinstance(test, ast.Compare):
        return isinstance(test.left, ast.Name) and test.left.id == "__name__"
    return (source.dotted(test) or "").rpartition(".")[2] == "TYPE_CHECKING"
