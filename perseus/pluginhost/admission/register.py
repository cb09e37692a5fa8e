"""The plugins of one process as they stand: let in, refused, taken out, switched off and on."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import replace

import pluggy

from perseus import hookspecs
from perseus.pluginhost.admission.candidate import Candidate, PluginRejected, examine
from perseus.pluginhost.admission.discovery import BUNDLED, Found
from perseus.pluginhost.admission.groups import INGEST, NOTIFIERS
from perseus.pluginhost.admission.manifest import Manifest
from perseus.pluginhost.admission.trial import Trial, untried
from perseus.pluginhost.calling.boundary import said
from perseus.pluginhost.calling.scrub import scrubber
from perseus.pluginhost.info import UNUSABLE, PluginInfo, PluginState, PluginsUnusable

log = logging.getLogger(__name__)

OFF = "it is switched off"

Names = Callable[[], frozenset[str]]


class Register:
    """Which plugins there are for one group. `is_strict`: `insist` raises when one cannot be used.

    `names()`: the plugins of the whole machine, asked only where variables of the environment are told apart.
    `trial`: around each import.
    """

    def __init__(
        self, group: str = INGEST, is_strict: bool = False, names: Names = frozenset, trial: Trial = untried
    ) -> None:
        self.group = group
        self._trial = trial
        self._is_strict = is_strict
        self._names = names
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._infos: list[PluginInfo] = []
        self._manifests: dict[str, Manifest] = {}
        self._disabled: frozenset[str] = frozenset()

    def plugins(self) -> tuple[PluginInfo, ...]:
        """Every plugin that was found, in calling order, whatever became of it."""
        off = self._disabled
        told = [
            replace(info, state=PluginState.DISABLED, reason=OFF)
            if info.name in off and info.state is PluginState.LOADED
            else info
            for info in list(self._infos)
        ]
        return tuple(sorted(told, key=lambda info: (-info.priority, info.name, info.origin)))

    def implementing(self, hooks: Iterable[str]) -> list[str]:
        """Names of the plugins that implement any of `hooks`, in calling order; also of those that are switched off."""
        wanted = set(hooks)
        return [info.name for info in self._in_use() if wanted.intersection(info.hooks)]

    def manifest(self, plugin: str) -> Manifest:
        """What a plugin that was let in declares of itself."""
        return self._manifests[plugin]

    def is_bundled(self, plugin: str) -> bool:
        """Is it part of Perseus?"""
        return any(info.name == plugin and info.origin.startswith(BUNDLED) for info in self._infos)

    def names(self) -> frozenset[str]:
        """Names of all plugins of this machine, in whichever group."""
        return self._names() | {info.name for info in self._infos}

    def add(self, found: Found) -> None:
        """Let one plugin in, or note why not. Never raises for what the plugin does."""
        info = PluginInfo(found.name, found.origin, PluginState.LOADED, group=self.group, version=found.version)
        try:
            if found.problem is not None:
                raise PluginRejected(PluginState.INVALID, found.problem)
            with self._trial(found):
                candidate = examine(found, self.group)
            self._register(found.name, candidate.plugin)
        except PluginRejected as error:
            self._note(replace(info, state=error.state, reason=str(error)), error.__cause__)
        else:
            self._manifests[found.name] = candidate.manifest
            self._infos.append(_described(info, candidate))

    def refuse(self, found: Found, reason: str, state: PluginState = PluginState.INVALID) -> None:
        """Note a plugin that is not even imported."""
        self._note(PluginInfo(found.name, found.origin, state, reason, group=self.group, version=found.version), None)

    def drop(self, plugin: str, state: PluginState, reason: str, cause: BaseException | None = None) -> None:
        """Take a plugin that was let in out again, wholly."""
        info = next(info for info in self._infos if info.name == plugin and info.state is PluginState.LOADED)
        self._manager.unregister(name=plugin)
        self._infos.remove(info)
        self._note(replace(info, state=state, reason=reason, hooks=()), cause)

    def insist(self) -> None:
        """Raise PluginsUnusable when the site is strict and there is a plugin that cannot be used."""
        unusable = [info for info in self.plugins() if info.state in UNUSABLE]
        if self._is_strict and unusable:
            raise PluginsUnusable(unusable)

    def switch(self, disabled: AbstractSet[str]) -> bool:
        """From now on skip these plugins, and no others; safe on any thread. True when that changes anything.

        They stay as they are and may be switched on again: call `startup` then, which starts those that never were.
        """
        changed = self._disabled != disabled
        self._disabled = frozenset(disabled)
        return changed

    def _register(self, name: str, plugin: object) -> None:
        try:
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                self._manager.register(plugin, name)
        except Exception as error:  # noqa: BLE001 - the plugin is refused, and nothing of it stays
            if self._manager.get_plugin(name) is plugin:
                self._manager.unregister(name=name)
            twice = isinstance(error, ValueError)
            reason = f"it is there twice: {error}"[:200] if twice else f"its registration raised {said(error)}"
            raise PluginRejected(PluginState.INVALID, reason) from (None if twice else error)
        for warning in told:  # hooks and arguments that a later version takes away, see perseus/hookspecs.py
            log.warning("Plugin %s: %s", name, warning.message)

    def _note(self, info: PluginInfo, cause: BaseException | None) -> None:
        info = replace(info, reason=scrubber.scrub(info.reason or ""))
        self._infos.append(info)
        level = logging.INFO if info.state is PluginState.DISABLED else logging.ERROR
        log.log(level, "Plugin %s (%s) is %s", info.name, info.origin, info.verdict, exc_info=cause)

    def _in_use(self) -> list[PluginInfo]:
        found = [info for info in self._infos if info.state is PluginState.LOADED]
        return sorted(found, key=lambda info: (-info.priority, info.name))

    def _hooks(self, name: str) -> list[pluggy.HookImpl]:
        priority = {info.name: info.priority for info in self._infos if info.state is PluginState.LOADED}

        def order(hook: pluggy.HookImpl) -> tuple[int, int, str]:
            rank = 0 if hook.tryfirst else 2 if hook.trylast else 1
            return rank, -priority[hook.plugin_name], hook.plugin_name

        return sorted(getattr(self._manager.hook, name).get_hookimpls(), key=order)


def _described(info: PluginInfo, candidate: Candidate) -> PluginInfo:
    manifest = candidate.manifest
    own = getattr(candidate.plugin, "__version__", None)
    return replace(
        info,
        hooks=candidate.hooks,
        priority=manifest.priority,
        version=info.version or (own if isinstance(own, str) else None),
        api=manifest.api,
        about=manifest.about,
        docs=manifest.docs,
        grade=_grade(candidate.plugin) if info.group == NOTIFIERS else None,
        import_ms=candidate.import_ms,
    )


def _grade(plugin: object) -> str | None:
    from perseus.pluginhost.admission import grade  # it hashes whole plugins, which only the dispatcher has a use for

    found = grade.read(plugin)
    return None if found is None or found.tier is None else str(found.tier)
