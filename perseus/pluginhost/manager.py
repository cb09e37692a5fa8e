"""The plugins of one process: found, let in, called one by one, so that each can cost only itself."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from importlib import metadata
from importlib.metadata import EntryPoint
from typing import Any, NamedTuple, TypeVar

import pluggy

from perseus import hookspecs
from perseus.pluginhost.boundary import is_interrupt, said
from perseus.pluginhost.candidate import PluginRejected, PluginState, examine
from perseus.pluginhost.context import Context
from perseus.pluginhost.deadline import TookTooLong, begin, call_within, result_by, told_while

log = logging.getLogger(__name__)

INGEST = "perseus.ingest"
BUNDLED = "perseus.plugins."
STARTUP_SECONDS = 5.0
SLOW_SECONDS = 5.0

Failed = Callable[[str, BaseException], object]
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """One plugin as people are told of it. `reason` is None while it is loaded."""

    name: str
    origin: str
    state: PluginState
    reason: str | None = None
    hooks: tuple[str, ...] = ()
    priority: int = 0

    @property
    def verdict(self) -> str:
        """What became of it and why, with the full stop of a sentence."""
        why = f"{self.state}: {self.reason}" if self.reason else str(self.state)
        return why if why.endswith((".", "?", "!")) else f"{why}."


class Answer(NamedTuple):
    """What one plugin returned."""

    plugin: str
    value: Any


class Plugins:
    """A plugin manager of its own for each process and each test; nothing here is global.

    Calls go in the order of priority, then name, whatever the order of installation. An exception is logged with
    plugin and hook, and the next plugin is called.
    """

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._infos: list[PluginInfo] = []

    def plugins(self) -> tuple[PluginInfo, ...]:
        """Every plugin that was found, in calling order, whatever became of it."""
        return tuple(sorted(self._infos, key=lambda info: (-info.priority, info.name, info.origin)))

    def implementing(self, hooks: Iterable[str]) -> list[str]:
        """Names of the loaded plugins that implement any of `hooks`, in calling order."""
        wanted = set(hooks)
        return [info.name for info in self.plugins() if wanted.intersection(info.hooks)]

    def add(self, entry: EntryPoint) -> None:
        """Let one plugin in, or note why not. Never raises for what the plugin does."""
        info = PluginInfo(entry.name, _origin(entry), PluginState.LOADED)
        try:
            candidate = examine(entry)
            self._manager.register(candidate.plugin, entry.name)
        except PluginRejected as error:
            self._note(replace(info, state=error.state, reason=str(error)), error.__cause__)
        except ValueError as error:
            self._note(replace(info, state=PluginState.INVALID, reason=f"it is there twice: {error}"[:200]), None)
        else:
            self._infos.append(replace(info, hooks=candidate.hooks, priority=candidate.manifest.priority))

    def refuse(self, entry: EntryPoint, reason: str) -> None:
        """Note a plugin that is not even imported."""
        self._note(PluginInfo(entry.name, _origin(entry), PluginState.INVALID, reason), None)

    def _note(self, info: PluginInfo, cause: BaseException | None) -> None:
        self._infos.append(info)
        log.error("Plugin %s (%s) is %s", info.name, info.origin, info.verdict, exc_info=cause)

    def _drop(self, info: PluginInfo, reason: str, cause: BaseException | None = None) -> None:
        self._manager.unregister(name=info.name)
        self._infos.remove(info)
        self._note(replace(info, state=PluginState.FAILED, reason=reason, hooks=()), cause)

    def startup(self, context: Context) -> None:
        """Call `perseus_startup` of each plugin, 5 s each; one that fails is taken out wholly."""
        hooks = {hook.plugin_name: hook for hook in self._ordered("perseus_startup")}
        for info in self.plugins():
            hook = hooks.get(info.name)
            if hook is None:
                continue
            try:
                call_within(STARTUP_SECONDS, f"plugin:{info.name}", partial(_call, hook, {"context": context}))
            except TookTooLong as error:
                self._drop(info, f"perseus_startup took longer than {error.seconds:g} s")
            except Exception as error:  # noqa: BLE001 - the log has it, and the plugin is out
                self._drop(info, f"perseus_startup raised {said(error)}", error)

    def call_each(self, name: str, *, seconds: float | None = None, **arguments: object) -> list[Answer]:
        """Call every implementation of a hook; the answers that are not None, in calling order.

        With `seconds` all are called at once, each on a thread of its own; one that takes longer is left behind.
        """
        calls = [(hook, partial(_call, hook, arguments)) for hook in self._ordered(name)]
        if seconds is None:
            return list(_answers(name, calls))
        end = time.monotonic() + seconds
        begun = [(hook, begin(f"plugin:{hook.plugin_name}", call)) for hook, call in calls]
        return list(_answers(name, [(hook, partial(_result, future, end)) for hook, future in begun]))

    def call_first(
        self,
        name: str,
        *,
        kind: type[object] = object,
        passes: tuple[type[Exception], ...] = (),
        failed: Failed | None = None,
        **arguments: object,
    ) -> Answer | None:
        """Call implementations until one answers. An exception of a type in `passes` is an answer and is raised.

        An answer that is no `kind` is a failure. `failed(plugin, error)` hears of each; a slow plugin is told each 5 s.
        """
        calls = [(hook, partial(_watched, hook, arguments, name, kind)) for hook in self._ordered(name)]
        return next(_answers(name, calls, passes, failed), None)

    def call_one(self, plugin: str, name: str, **arguments: object) -> Answer | None:
        """Call one plugin's implementation. None when it has none, returned None, or raised."""
        calls = [(hook, partial(_call, hook, arguments)) for hook in self._ordered(name) if hook.plugin_name == plugin]
        return next(_answers(name, calls), None)

    def implementation(self, plugin: str, name: str) -> Callable[..., Any] | None:
        """One plugin's hook, for who handles its faults himself: takes all arguments by name, raises what it raises."""
        hook = next((hook for hook in self._ordered(name) if hook.plugin_name == plugin), None)
        return None if hook is None else lambda **arguments: _call(hook, arguments)

    def offered(self, name: str, sound: Callable[[str, Any], Made]) -> list[Made]:
        """What `sound(plugin, answer)` makes of each answer to a hook that is called once, 5 s each.

        A plugin that fails in it, takes longer, or whose answer `sound` refuses by an exception, is taken out wholly.
        """
        made = []
        for hook in self._ordered(name):
            try:
                answer = call_within(STARTUP_SECONDS, f"plugin:{hook.plugin_name}", partial(_call, hook, {}))
                made.append(sound(hook.plugin_name, answer))
            except TookTooLong as error:
                self._drop(self._info(hook.plugin_name), f"{name} took longer than {error.seconds:g} s")
            except Exception as error:  # noqa: BLE001 - the log has it, and the plugin is out
                self._drop(self._info(hook.plugin_name), f"{name} raised {said(error)}", error)
        return made

    def _info(self, plugin: str) -> PluginInfo:
        return next(info for info in self._infos if info.name == plugin and info.state is PluginState.LOADED)

    def _ordered(self, name: str) -> list[pluggy.HookImpl]:
        priority = {info.name: info.priority for info in self._infos if info.state is PluginState.LOADED}

        def order(hook: pluggy.HookImpl) -> tuple[int, int, str]:
            rank = 0 if hook.tryfirst else 2 if hook.trylast else 1
            return rank, -priority[hook.plugin_name], hook.plugin_name

        return sorted(getattr(self._manager.hook, name).get_hookimpls(), key=order)


def load(group: str = INGEST, entry_points: Iterable[EntryPoint] | None = None) -> Plugins:
    """Find and let in the plugins of a group: the installed ones, or those given. Never raises for a plugin's fault.

    When several bear one name, the bundled one is used; without one, none is, for the choice would be chance.
    """
    found = metadata.entry_points(group=group) if entry_points is None else entry_points
    plugins = Plugins()
    by_name = sorted(found, key=lambda entry: (entry.name, _origin(entry)))
    for _, same in itertools.groupby(by_name, key=lambda entry: entry.name):
        _let_in(plugins, list(same))
    return plugins


def _let_in(plugins: Plugins, same: list[EntryPoint]) -> None:
    bundled = [entry for entry in same if entry.value.startswith(BUNDLED)]
    chosen = same if len(same) == 1 else bundled if len(bundled) == 1 else []
    origins = " and ".join(_origin(entry) for entry in same)
    for entry in same:
        if entry in chosen:
            plugins.add(entry)
        else:
            plugins.refuse(entry, f"the name is taken more than once, by {origins}: uninstall all but one")


def _answers(
    name: str,
    calls: Iterable[tuple[pluggy.HookImpl, Callable[[], Any]]],
    passes: tuple[type[Exception], ...] = (),
    failed: Failed | None = None,
) -> Iterator[Answer]:
    for hook, call in calls:
        try:
            value = call()
        except passes:
            raise
        except BaseException as error:  # what would end the process is one plugin's failure too
            if is_interrupt(error):
                raise
            log.exception("Plugin %s failed in %s.", hook.plugin_name, name)
            if failed is not None:
                failed(hook.plugin_name, error)
        else:
            if value is not None:
                yield Answer(hook.plugin_name, value)


def _call(hook: pluggy.HookImpl, arguments: dict[str, object]) -> Any:
    return hook.function(*(arguments[name] for name in hook.argnames))


def _watched(hook: pluggy.HookImpl, arguments: dict[str, object], name: str, kind: type[object]) -> Any:
    def tell(seconds: float) -> None:
        log.warning("Plugin %s has not come back from %s for %.0f s.", hook.plugin_name, name, seconds)

    with told_while(SLOW_SECONDS, tell):
        answer = _call(hook, arguments)
    if answer is not None and not isinstance(answer, kind):
        raise TypeError(f"it returned {answer!r:.80}, which is no {kind.__name__}")
    return answer


def _result(future: Future[Any], end: float) -> Any:
    return result_by(future, max(0.0, end - time.monotonic()))


def _origin(entry: EntryPoint) -> str:
    if entry.dist is None:
        return entry.value
    return f"{entry.value} of {entry.dist.name} {entry.dist.version}"
