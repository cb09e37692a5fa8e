"""A plugin's hooks held against the contract: every fault with its line, and what was probably meant."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable, Iterator, Mapping

import pluggy

from perseus import hookspecs
from perseus.pluginhost.admission.groups import CALLED, GENERAL, GROUPS, groups_of
from perseus.pluginhost.admission.manifest import Manifest
from perseus.pluginhost.admission.place import defined_at

MANIFEST = "perseus_manifest"
CONFIGURED = "perseus_configured"
NOTIFY = "perseus_notify"
PROBE = "perseus_probe"
MARK = f"{hookspecs.PROJECT}_impl"
NAMED = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)

#: Hook name -> the arguments it gives.
HOOKS: Mapping[str, tuple[str, ...]] = {
    name: tuple(inspect.signature(hook).parameters)
    for name, hook in vars(hookspecs).items()
    if hasattr(hook, f"{hookspecs.PROJECT}_spec")
}


def implementations(plugin: object, name: str) -> list[tuple[str, pluggy.HookImpl]]:
    """What a plugin marks as hooks, known or not, with the name each is for."""
    lenient = pluggy.PluginManager(hookspecs.PROJECT)  # it knows no contract and takes everything: all faults are told
    lenient.register(plugin, name)
    callers = lenient.get_hookcallers(plugin) or ()
    return [(caller.name, found) for caller in callers for found in caller.get_hookimpls()]


def problems(plugin: object, found: Iterable[tuple[str, pluggy.HookImpl]]) -> Iterator[str]:
    """What is wrong with the hooks of a plugin, each with its line."""
    yield from _unmarked(plugin)
    for name, hook in found:
        problem = _problem(name, hook)
        if problem:
            yield f"{defined_at(hook.function, plugin)}{problem}"


def misplaced(group: str, hooks: Iterable[str]) -> str | None:
    """Why a plugin is in the wrong group: none of its hooks is called there."""
    own = set(hooks) - GENERAL
    known = {hook for called in CALLED.values() for hook in called}
    if not own & known or group not in GROUPS or own.intersection(CALLED[group]):
        return None
    right = " and ".join(groups_of(own))
    return f"none of its hooks is called in {GROUPS[group]}: name it in the group {right}, not in {group}"


def at_odds(manifest: Manifest, hooks: Iterable[str]) -> Iterator[str]:
    """What does not fit together: a declared configuration and the hook that takes it, probe and notify."""
    has = set(hooks)
    if PROBE in has and NOTIFY not in has:
        yield f"{PROBE} is only called beside {NOTIFY}: give the notifiers of your kinds a method probe"
    if CONFIGURED in has and manifest.config is None:
        yield f"{CONFIGURED} is never called: declare the model, Manifest(config=...)"
    if manifest.config is not None and not has & {CONFIGURED, NOTIFY}:
        yield f"its manifest declares a configuration that nothing takes: add {CONFIGURED}"


def _problem(name: str, hook: pluggy.HookImpl) -> str | None:
    if name not in HOOKS:
        return None if hook.optionalhook else f"{name} is not a hook{_near(name)}"
    if hook.wrapper or hook.hookwrapper:
        return f"{name} is a wrapper: only plain implementations are called"
    if inspect.iscoroutinefunction(hook.function) or inspect.isgeneratorfunction(hook.function):
        return f"{name} must be a plain function, without async or yield"
    if hook.kwargnames:
        return f"{name} gives a default value to {', '.join(hook.kwargnames)}: remove it, Perseus gives the value"
    odd = [str(each) for each in inspect.signature(hook.function).parameters.values() if each.kind not in NAMED]
    if odd:
        return f"{name} takes {', '.join(odd)} behind a *: take arguments by their names only"
    unknown = [argument for argument in hook.argnames if argument not in HOOKS[name]]
    return _unknown_arguments(name, unknown) if unknown else None


def _unknown_arguments(name: str, unknown: list[str]) -> str:
    given = ", ".join(HOOKS[name]) or "no arguments"
    near = [found for argument in unknown for found in difflib.get_close_matches(argument, HOOKS[name], 1)]
    meant = f". Did you mean {', '.join(near)}?" if len(near) == len(unknown) else ""
    return f"{name} asks for {', '.join(unknown)}, but hooks of version {version()} give it {given}{meant}"


def version() -> str:
    """That of the hooks which this Perseus has."""
    return "{}.{}".format(*hookspecs.API)


def _near(name: str) -> str:
    near = difflib.get_close_matches(name, HOOKS, n=1)
    return f". Did you mean {near[0]}?" if near else ": see docs/hooks.md"


def _unmarked(plugin: object) -> Iterator[str]:
    for name in HOOKS:
        function = inspect.getattr_static(plugin, name, None)
        if callable(function) and not hasattr(function, MARK):
            yield f"{defined_at(function, plugin)}{name} is never called: mark it with @perseus.hookimpl"
