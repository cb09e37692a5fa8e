"""Rules for the implementations of hooks: their names, marks, arguments and form."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator

from perseus.kit.findings import Finding
from perseus.kit.source import Implementation, Source
from perseus.pluginhost.admission.candidate import HOOKS

NOT_PLAIN = {
    "wrapper": "is a wrapper: only plain implementations are called",
    "async": "must be a plain function, without async",
    "yield": "must be a plain function, without yield",
    "star": "takes {stars}: name the arguments that it needs",
}


def findings(source: Source) -> Iterator[Finding]:
    """All of one module."""
    for hook in source.implementations():
        if hook.hook not in HOOKS:
            yield from _unknown(source, hook)
            continue
        if hook.mark is None:
            yield _at(source, hook.node, "not-marked", f"{hook.hook} is never called: mark it with @perseus.hookimpl")
        yield from _form(source, hook)
        yield from _arguments(source, hook)


def _unknown(source: Source, hook: Implementation) -> Iterator[Finding]:
    near = difflib.get_close_matches(hook.hook, HOOKS, n=1)
    if hook.has("optionalhook") or (hook.mark is None and not near):
        return
    mend = f"did you mean {near[0]}?" if near else "see docs/hooks.md"
    yield _at(source, hook.node, "unknown-hook", f"{hook.hook} is not a hook: {mend}")


def _form(source: Source, hook: Implementation) -> Iterator[Finding]:
    arguments = hook.node.args
    stars = [f"*{star.arg}" for star in (arguments.vararg,) if star] + [
        f"**{star.arg}" for star in (arguments.kwarg,) if star
    ]
    broken = {
        "wrapper": hook.has("wrapper") or hook.has("hookwrapper"),
        "async": isinstance(hook.node, ast.AsyncFunctionDef),
        "yield": any(isinstance(node, ast.Yield | ast.YieldFrom) for node in _own(hook.node)),
        "star": bool(stars),
    }
    if broken["wrapper"]:
        broken["yield"] = False
    for what in (name for name, is_broken in broken.items() if is_broken):
        text = NOT_PLAIN[what].format(stars=" and ".join(stars))
        yield _at(source, hook.node, "not-plain", f"{hook.hook} {text}")


def _arguments(source: Source, hook: Implementation) -> Iterator[Finding]:
    arguments = hook.node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = positional[len(positional) - len(arguments.defaults) :] if arguments.defaults else []
    if hook.is_method and not _is_static(hook.node):
        positional = positional[1:]
    for argument in defaults:
        text = f"{hook.hook} gives a default value to {argument.arg}: remove it, Perseus gives the value"
        yield _at(source, argument, "default-value", text)
    for argument in arguments.kwonlyargs:
        text = f"{hook.hook} takes {argument.arg} by keyword only: remove the *, hooks are called by position"
        yield _at(source, argument, "not-plain", text)
    for argument in positional:
        if argument.arg not in HOOKS[hook.hook] and argument not in defaults:
            yield _at(source, argument, "unknown-argument", _no_such(hook.hook, argument.arg))


def _no_such(hook: str, argument: str) -> str:
    given = HOOKS[hook]
    near = difflib.get_close_matches(argument, given, n=1)
    meant = f" Did you mean {near[0]}?" if near else ""
    return f"{hook} has no argument {argument}; it is given {', '.join(given) or 'none'}.{meant}"


def _is_static(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(isinstance(name, ast.Name) and name.id == "staticmethod" for name in node.decorator_list)


def _own(function: ast.AST) -> Iterator[ast.AST]:
    """What stands in a function, without the functions inside it."""
    for node in ast.iter_child_nodes(function):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield node
            yield from _own(node)


def _at(source: Source, node: ast.stmt | ast.arg, rule: str, text: str) -> Finding:
    return Finding(source.path, node.lineno, rule, text)
