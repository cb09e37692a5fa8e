"""The rule that no secret is told: what `get_secret_value()` gave goes into no print, log line or error."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from perseus.kit.findings import Finding
from perseus.kit.source import Function, Source

LOGGED = ("debug", "info", "warning", "error", "critical", "exception", "log")
LOGGERS = ("log", "logger", "logging", "LOG", "LOGGER", "_log", "_logger")


def findings(source: Source) -> Iterator[Finding]:
    """All of one module: each function by itself, names followed through plain assignments."""
    for node in ast.walk(source.tree):
        if isinstance(node, Function):
            yield from _in_function(source, node)
    yield from _told(source, source.tree, set())


def _in_function(source: Source, function: Function) -> Iterator[Finding]:
    secret: set[str] = set()
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=targets, value=value) if _holds(value, secret):
                secret |= {target.id for target in targets if isinstance(target, ast.Name)}
            case ast.NamedExpr(target=ast.Name(id=name), value=value) if _holds(value, secret):
                secret.add(name)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if _holds(value, secret):
                secret.add(name)
    yield from _told(source, function, secret)


def _told(source: Source, scope: ast.AST, secret: set[str]) -> Iterator[Finding]:
    for node in ast.walk(scope):
        where = _teller(source, node)
        if where is not None and any(_holds(part, secret) for part in _parts(node)):
            text = f"a secret goes into {where}: leave it out, or name the field instead"
            yield Finding(source.path, node.lineno, "told-secret", text)  # type: ignore[attr-defined]


def _teller(source: Source, node: ast.AST) -> str | None:
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        return "an error"
    if not isinstance(node, ast.Call):
        return None
    if source.dotted(node.func) in ("print", "sys.stdout.write", "sys.stderr.write"):
        return "a print"
    if isinstance(node.func, ast.Attribute) and node.func.attr in LOGGED and _is_logger(node.func.value):
        return "a log line"
    return None


def _is_logger(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name in LOGGERS


def _parts(node: ast.AST) -> list[ast.expr]:
    call = node.exc if isinstance(node, ast.Raise) else node
    assert isinstance(call, ast.Call)
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def _holds(node: ast.expr, secret: set[str]) -> bool:
    """Is a secret part of this value? What a call of another function makes of it is not followed."""
    match node:
        case ast.Call(func=ast.Attribute(attr="get_secret_value")):
            return True
        case ast.Name(id=name):
            return name in secret
        case ast.Call(func=ast.Attribute(value=value, attr="format" | "join" | "strip" | "encode"), args=args):
            return any(_holds(part, secret) for part in (value, *args))
        case ast.Call(func=ast.Name(id="str" | "repr"), args=args):
            return any(_holds(part, secret) for part in args)
        case ast.Call() | ast.Lambda():
            return False
    return any(_holds(part, secret) for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr))
