"""One plugin before it is let in: imported, held against the hook contract, its manifest read."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import EntryPoint

import pluggy

from perseus import hookspecs
from perseus.errors import PerseusError
from perseus.pluginhost.boundary import said
from perseus.pluginhost.deadline import TookTooLong, call_within
from perseus.pluginhost.manifest import Manifest

LOAD_SECONDS = 5.0


class PluginState(StrEnum):
    """What became of a plugin: in use, raised an exception, breaks the contract, wants another version of it."""

    LOADED = "loaded"
    FAILED = "failed"
    INVALID = "invalid"
    INCOMPATIBLE = "incompatible"


class PluginRejected(PerseusError):
    """Raised when a plugin cannot be used; `state` says in which way, the text why."""

    def __init__(self, state: PluginState, reason: str) -> None:
        super().__init__(reason)
        self.state = state


@dataclass(frozen=True, slots=True)
class Candidate:
    """A plugin fit for use. `hooks`: names of the hooks it implements, sorted."""

    plugin: object
    manifest: Manifest
    hooks: tuple[str, ...]


#: Hook name -> the arguments it gives.
HOOKS: Mapping[str, tuple[str, ...]] = {
    name: tuple(inspect.signature(hook).parameters)
    for name, hook in vars(hookspecs).items()
    if hasattr(hook, f"{hookspecs.PROJECT}_spec")
}


def examine(entry: EntryPoint) -> Candidate:
    """Import one plugin and check it. Raises PluginRejected; runs only its import and manifest, 5 s each."""
    plugin = _imported(entry)
    found = list(_implementations(plugin, entry.name))
    problems = [*_unmarked(plugin), *filter(None, (_problem(name, hook) for name, hook in found))]
    if problems:
        raise PluginRejected(PluginState.INVALID, "; ".join(problems))
    manifest = _manifest(entry.name, dict(found).get("perseus_manifest"))
    return Candidate(plugin, manifest, tuple(sorted(name for name, _ in found)))


def _imported(entry: EntryPoint) -> object:
    try:
        plugin: object = call_within(LOAD_SECONDS, f"plugin:{entry.name}", entry.load)
    except TookTooLong as error:
        raise PluginRejected(PluginState.FAILED, f"its import took longer than {error.seconds:g} s") from None
    except Exception as error:
        raise PluginRejected(PluginState.FAILED, f"its import raised {said(error)}") from error
    if inspect.isclass(plugin):
        raise PluginRejected(PluginState.INVALID, f"{entry.value} is a class: name a module or an object")
    return plugin


def _implementations(plugin: object, name: str) -> Iterator[tuple[str, pluggy.HookImpl]]:
    """By a manager that knows no contract: it takes everything, so that every fault can be told at once."""
    lenient = pluggy.PluginManager(hookspecs.PROJECT)
    lenient.register(plugin, name)
    for caller in lenient.get_hookcallers(plugin) or ():
        for implementation in caller.get_hookimpls():
            yield caller.name, implementation


def _problem(name: str, hook: pluggy.HookImpl) -> str | None:
    if name not in HOOKS:
        return None if hook.optionalhook else f"{name} is not a hook{_near(name)}"
    if hook.wrapper or hook.hookwrapper:
        return f"{name} is a wrapper: only plain implementations are called"
    if inspect.iscoroutinefunction(hook.function) or inspect.isgeneratorfunction(hook.function):
        return f"{name} must be a plain function, without async or yield"
    if hook.kwargnames:
        return f"{name} gives a default value to {', '.join(hook.kwargnames)}: remove it, Perseus gives the value"
    unknown = [argument for argument in hook.argnames if argument not in HOOKS[name]]
    if unknown:
        given = ", ".join(HOOKS[name]) or "no arguments"
        return f"{name} asks for {', '.join(unknown)}, but hooks of version {_text(hookspecs.API)} give it {given}"
    return None


def _near(name: str) -> str:
    near = difflib.get_close_matches(name, HOOKS, n=1)
    return f". Did you mean {near[0]}?" if near else ": see docs/hooks.md"


def _unmarked(plugin: object) -> Iterator[str]:
    for name in HOOKS:
        function = inspect.getattr_static(plugin, name, None)
        if callable(function) and not hasattr(function, f"{hookspecs.PROJECT}_impl"):
            yield f"{name} is never called: mark it with @perseus.hookimpl"


def _manifest(plugin: str, hook: pluggy.HookImpl | None) -> Manifest:
    if hook is None:
        raise PluginRejected(PluginState.INVALID, "it has no perseus_manifest: return perseus.Manifest(api='>=1,<2')")
    try:
        manifest = call_within(LOAD_SECONDS, f"plugin:{plugin}", hook.function)
    except TookTooLong as error:
        raise PluginRejected(PluginState.FAILED, f"perseus_manifest took longer than {error.seconds:g} s") from None
    except Exception as error:
        raise PluginRejected(PluginState.FAILED, f"perseus_manifest raised {said(error)}") from error
    if not isinstance(manifest, Manifest):
        raise PluginRejected(PluginState.INVALID, f"perseus_manifest gave {manifest!r}, not a perseus.Manifest")
    if not manifest.accepts(hookspecs.API):
        raise PluginRejected(
            PluginState.INCOMPATIBLE,
            f"it is made for hooks {manifest.api}, this Perseus has {_text(hookspecs.API)}: get another version of it",
        )
    return manifest


def _text(api: tuple[int, int]) -> str:
    return f"{api[0]}.{api[1]}"
