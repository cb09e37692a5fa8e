"""The plugins of one process, started and called one by one, so that each can cost only itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from perseus.pluginhost import starting
from perseus.pluginhost.admission.candidate import PluginRejected
from perseus.pluginhost.admission.contract import HOOKS
from perseus.pluginhost.admission.groups import INGEST
from perseus.pluginhost.admission.place import raised_at
from perseus.pluginhost.admission.register import Names, Register
from perseus.pluginhost.admission.trial import Trial, untried
from perseus.pluginhost.calling.boundary import said
from perseus.pluginhost.calling.calls import Answer, Failed, answers, call, together, watched
from perseus.pluginhost.calling.deadline import TookTooLong, call_within
from perseus.pluginhost.context import Context
from perseus.pluginhost.info import PluginInfo, PluginState, SwitchedOff

if TYPE_CHECKING:
    from perseus.pluginhost.kinds import Kinds, OfferedKind

SHUTDOWN = "perseus_shutdown"

Made = TypeVar("Made")


class Plugins(Register):
    """A plugin manager of its own for each process and each test; nothing here is global.

    Calls go in the order of priority, then name, whatever the order of installation. An exception is logged with
    plugin and hook, and the next plugin is called. One that is switched off is passed over.
    """

    def __init__(
        self, group: str = INGEST, is_strict: bool = False, names: Names = frozenset, trial: Trial = untried
    ) -> None:
        super().__init__(group, is_strict, names, trial)
        self._was_started = False
        self._started: set[str] = set()
        self._kinds: Kinds | None = None

    def startup(self, context: Context, environ: Mapping[str, str] | None = None) -> None:
        """Configure and start each plugin that is switched on and was not started yet, 5 s each; one that fails is out.

        Configuration comes from `environ`, by default the environment. The first time it raises PluginsUnusable as
        `insist` does; what is switched on later ends no process.
        """
        is_first = not self._was_started
        self._was_started = True
        for info in self._in_use():
            if info.name not in self._started and info.name not in self._disabled:
                self._started.add(info.name)
                self._start(info, context, os.environ if environ is None else environ)
        if is_first:
            self.insist()

    def shut_down(self, plugin: str, context: Context) -> None:
        """Call `perseus_shutdown` of a plugin, also when it is switched off by now, but not when it never started."""
        never = plugin in self._disabled and plugin not in self._started
        hooks = [] if never else [hook for hook in self._hooks(SHUTDOWN) if hook.plugin_name == plugin]
        list(answers(SHUTDOWN, [(hook, partial(call, hook, {"context": context})) for hook in hooks]))

    def kinds(self) -> tuple[OfferedKind, ...]:
        """The kinds of destinations that plugins offer. Asks those that are switched on and were not asked yet."""
        from perseus.pluginhost.kinds import Kinds  # it knows of notifications, which only the dispatcher needs

        self._kinds = self._kinds or Kinds(self)
        return self._kinds.offered()

    def call_each(self, name: str, *, seconds: float | None = None, **arguments: object) -> list[Answer]:
        """Call every implementation of a hook; the answers that are not None, in calling order.

        With `seconds` all are called at once, each on a thread of its own; one that takes longer is left behind.
        """
        hooks = self._ordered(name)
        if seconds is None:
            return list(answers(name, [(hook, partial(call, hook, arguments)) for hook in hooks]))
        return list(answers(name, together(name, hooks, arguments, seconds)))

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
        calls = [(hook, partial(watched, hook, arguments, name, kind)) for hook in self._ordered(name)]
        return next(answers(name, calls, passes, failed), None)

    def call_one(self, plugin: str, name: str, **arguments: object) -> Answer | None:
        """Call one plugin's implementation. None when it has none, is switched off, returned None, or raised."""
        calls = [(hook, partial(call, hook, arguments)) for hook in self._ordered(name) if hook.plugin_name == plugin]
        return next(answers(name, calls), None)

    def implementation(self, plugin: str, name: str) -> Callable[..., Any] | None:
        """One plugin's hook, for who handles its faults himself: takes all arguments by name, raises what it raises.

        Raises SwitchedOff while the plugin is switched off.
        """
        hook = next((hook for hook in self._hooks(name) if hook.plugin_name == plugin), None)
        if hook is None:
            return None

        def called(**arguments: object) -> Any:
            if plugin in self._disabled:
                raise SwitchedOff(plugin)
            return call(hook, arguments)

        return called

    def offered(self, name: str, sound: Callable[[str, Any], Made], among: Container[str] | None = None) -> list[Made]:
        """What `sound(plugin, answer)` makes of each answer to a hook that is called once, 5 s each.

        A plugin that fails in it, takes longer, or whose answer `sound` refuses by an exception, is taken out wholly;
        PluginRejected says its state. `among`: the plugins to ask, all by default.
        """
        made = []
        for hook in self._ordered(name):
            plugin = hook.plugin_name
            if among is not None and plugin not in among:
                continue
            try:
                answer = call_within(starting.SECONDS, f"plugin:{plugin}", partial(call, hook, {}))
                made.append(sound(plugin, answer))
            except TookTooLong as error:
                self.drop(plugin, PluginState.FAILED, f"{name} took longer than {error.seconds:g} s")
            except PluginRejected as error:
                self.drop(plugin, error.state, str(error))
            except Exception as error:  # noqa: BLE001 - the log has it, and the plugin is out
                self.drop(plugin, PluginState.FAILED, f"{raised_at(error)}{name} raised {said(error)}", error)
        return made

    def _start(self, info: PluginInfo, context: Context, environ: Mapping[str, str]) -> None:
        try:
            hooks = self._by_name(info.name)
            starting.start(info.name, self.manifest(info.name), hooks, context, environ, self.names)
        except PluginRejected as error:
            self.drop(info.name, error.state, str(error), error.__cause__)

    def _by_name(self, plugin: str) -> dict[str, pluggy.HookImpl]:
        found = ((name, hook) for name in HOOKS for hook in self._hooks(name))
        return {name: hook for name, hook in found if hook.plugin_name == plugin}

    def _ordered(self, name: str) -> list[pluggy.HookImpl]:
        return [hook for hook in self._hooks(name) if hook.plugin_name not in self._disabled]
