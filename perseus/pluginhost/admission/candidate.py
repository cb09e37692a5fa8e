"""One plugin before it is let in: imported, its manifest read, held against the hook contract."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import pluggy

from perseus import hookspecs
from perseus.errors import PerseusError
from perseus.pluginhost.admission import contract
from perseus.pluginhost.admission.contract import HOOKS
from perseus.pluginhost.admission.manifest import Manifest
from perseus.pluginhost.admission.place import raised_at
from perseus.pluginhost.calling.boundary import said
from perseus.pluginhost.calling.deadline import TookTooLong, call_within
from perseus.pluginhost.info import PluginState

__all__ = ["HOOKS", "LOAD_SECONDS", "Candidate", "Importable", "PluginRejected", "PluginState", "examine"]

LOAD_SECONDS = 5.0

Answer = TypeVar("Answer")


class Importable(Protocol):
    """What can be examined: an EntryPoint, or what `discovery` found."""

    @property
    def name(self) -> str:
        """Of the plugin."""

    @property
    def value(self) -> str:
        """What is imported, for people."""

    def load(self) -> object:
        """Import it."""


class PluginRejected(PerseusError):
    """Raised when a plugin cannot be used; `state` says in which way, the text why."""

    def __init__(self, state: PluginState, reason: str) -> None:
        super().__init__(reason)
        self.state = state


@dataclass(frozen=True, slots=True)
class Candidate:
    """A plugin fit for use. `hooks`: names of the hooks it implements, sorted. `import_ms`: what its import took."""

    plugin: object
    manifest: Manifest
    hooks: tuple[str, ...]
    import_ms: int = 0


def examine(entry: Importable, group: str | None = None) -> Candidate:
    """Import one plugin and check it. Raises PluginRejected; runs only its import and manifest, 5 s each.

    With `group`: also whether any of its hooks is called there.
    """
    began = time.monotonic()
    plugin = _attempt(entry.name, "its import", entry.load)
    took_ms = round((time.monotonic() - began) * 1000)
    if inspect.isclass(plugin):
        raise PluginRejected(PluginState.INVALID, f"{entry.value} is a class: name a module or an object")
    found = _attempt(entry.name, "the look at its hooks", lambda: contract.implementations(plugin, entry.name))
    manifest, faults = _manifest(plugin, entry.name, found)
    hooks = tuple(sorted({name for name, _ in found}))
    problems = [*contract.problems(plugin, found), *faults]
    if not problems and manifest is not None:
        problems += contract.at_odds(manifest, hooks)
        problems += filter(None, [group and contract.misplaced(group, hooks)])
    if problems or manifest is None:
        raise PluginRejected(PluginState.INVALID, "; ".join(problems))
    return Candidate(plugin, manifest, hooks, took_ms)


def _attempt(plugin: str, what: str, call: Callable[[], Answer]) -> Answer:
    try:
        return call_within(LOAD_SECONDS, f"plugin:{plugin}", call)
    except TookTooLong as error:
        raise PluginRejected(PluginState.FAILED, f"{what} took longer than {error.seconds:g} s") from None
    except Exception as error:
        where = raised_at(error)
        raise PluginRejected(PluginState.FAILED, f"{where}{what} raised {said(error)}") from error


def _manifest(plugin: object, name: str, found: list[tuple[str, pluggy.HookImpl]]) -> tuple[Manifest | None, list[str]]:
    """The manifest, or what is wrong with it. Raises PluginRejected when it fails, or wants another API."""
    hook = next((hook for hook_name, hook in found if hook_name == contract.MANIFEST), None)
    if hook is None:
        unmarked = callable(inspect.getattr_static(plugin, contract.MANIFEST, None))
        return None, [] if unmarked else ["it has no perseus_manifest: return perseus.Manifest(api='>=1,<2')"]
    if [*contract.problems(object(), [(contract.MANIFEST, hook)])]:
        return None, []
    manifest: object = _attempt(name, contract.MANIFEST, hook.function)
    if not isinstance(manifest, Manifest):
        return None, [f"perseus_manifest gave {_kind(manifest)}, not a perseus.Manifest"]
    if not manifest.accepts(hookspecs.API):
        raise PluginRejected(
            PluginState.INCOMPATIBLE,
            f"it is made for hooks {manifest.api}, this Perseus has {contract.version()}: get another version of it",
        )
    return manifest, []


def _kind(thing: object) -> str:
    return "None" if thing is None else f"a {type(thing).__name__}"
