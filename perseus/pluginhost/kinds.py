"""The kinds of destinations that plugins offer, by `perseus_register_notifiers` and by `perseus_notify` alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perseus.notify.notifier import NoConfig, Notifier, NotifierKind
from perseus.pluginhost.admission.candidate import PluginRejected
from perseus.pluginhost.admission.contract import NOTIFY, PROBE
from perseus.pluginhost.admission.kindcheck import REGISTER, check, registered
from perseus.pluginhost.calling.hooknotifier import HookNotifier, ProbingHookNotifier
from perseus.pluginhost.info import PluginState

if TYPE_CHECKING:
    from perseus.pluginhost.plugins import Plugins


@dataclass(frozen=True, slots=True)
class OfferedKind:
    """A kind of destination and the plugin that offers it."""

    plugin: str
    kind: NotifierKind


class Kinds:
    """The kinds of one process. Each plugin is asked once."""

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins
        self._asked: set[str] = set()
        self._offered: dict[str, tuple[NotifierKind, ...]] = {}

    def offered(self) -> tuple[OfferedKind, ...]:
        """Those of all plugins that were let in, in calling order; what cannot be used costs its plugin.

        Plugins that are switched off are asked once they are on. The first time it raises PluginsUnusable as
        `Plugins.insist` does.
        """
        is_first = not self._asked
        self._ask()
        if is_first:
            self._plugins.insist()
        in_use = self._plugins.implementing((REGISTER, NOTIFY))
        return tuple(OfferedKind(plugin, kind) for plugin in in_use for kind in self._offered.get(plugin, ()))

    def _ask(self) -> None:
        new = [info.name for info in self._plugins.plugins() if info.state is PluginState.LOADED]
        new = [plugin for plugin in new if plugin not in self._asked]
        self._asked.update(new)
        answers = dict(self._plugins.offered(REGISTER, lambda plugin, answer: (plugin, registered(answer)), new))
        found: dict[str, tuple[NotifierKind, ...]] = {}
        for plugin in self._plugins.implementing((REGISTER, NOTIFY)):
            if plugin in new:
                self._take(plugin, answers.get(plugin, ()), found)
        for plugin, reason in self._clashes(found).items():
            self._plugins.drop(plugin, PluginState.INVALID, reason)
            del found[plugin]
        self._offered |= found

    def _take(
        self, plugin: str, registered: tuple[NotifierKind, ...], found: dict[str, tuple[NotifierKind, ...]]
    ) -> None:
        try:
            kinds = (*registered, *self._of_hooks(plugin))
            check(kinds)
        except PluginRejected as error:
            self._plugins.drop(plugin, error.state, str(error))
        else:
            found[plugin] = kinds

    def _of_hooks(self, plugin: str) -> tuple[NotifierKind, ...]:
        notify = self._plugins.implementation(plugin, NOTIFY)
        if notify is None:
            return ()
        probe = self._plugins.implementation(plugin, PROBE)

        def make(_config: object) -> Notifier:
            return HookNotifier(notify) if probe is None else ProbingHookNotifier(notify, probe)

        manifest = self._plugins.manifest(plugin)
        return (NotifierKind(plugin, make, manifest.config or NoConfig, about=manifest.about),)

    def _clashes(self, found: Mapping[str, tuple[NotifierKind, ...]]) -> dict[str, str]:
        """Plugins that must go, and why: a kind that is bundled, or was there before, keeps its name."""
        before = {kind.name: plugin for plugin, kinds in self._offered.items() for kind in kinds}
        owners: dict[str, list[str]] = {}
        for plugin, kinds in found.items():
            for kind in kinds:
                owners.setdefault(kind.name, []).append(plugin)
        reasons: dict[str, str] = {}
        for name, plugins in owners.items():
            everybody = [*filter(None, [before.get(name)]), *plugins]
            if len(everybody) > 1:
                bundled = [plugin for plugin in plugins if self._plugins.is_bundled(plugin)]
                kept = before.get(name) or (bundled[0] if bundled else None)
                reason = f"the kind {name} is offered more than once, by {' and '.join(everybody)}"
                reasons |= {plugin: reason for plugin in plugins if plugin != kept}
        return reasons
