"""One plugin as people are told of it: what became of it, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from perseus.errors import EXIT_CONFIG, PerseusError


class PluginState(StrEnum):
    """What became of a plugin.

    In use; raised an exception, took too long or is configured wrongly; breaks the contract; wants another version of
    it; switched off, or left out in safe mode.
    """

    LOADED = "loaded"
    FAILED = "failed"
    INVALID = "invalid"
    INCOMPATIBLE = "incompatible"
    DISABLED = "disabled"


UNUSABLE = (PluginState.FAILED, PluginState.INVALID, PluginState.INCOMPATIBLE)


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """One plugin. `reason` is None while it is loaded.

    `origin`: where it was found. `group`: for which it was loaded. `version`: of its distribution, else its
    `__version__`. `api`: the versions of the hooks that it is made for. `about`, `docs`: of its manifest. `grade`:
    what it earned in its tests. `import_ms`: what its import took.
    """

    name: str
    origin: str
    state: PluginState
    reason: str | None = None
    hooks: tuple[str, ...] = ()
    priority: int = 0
    group: str = ""
    version: str | None = None
    api: str | None = None
    about: str = ""
    docs: str | None = None
    grade: str | None = None
    import_ms: int | None = None

    @property
    def verdict(self) -> str:
        """What became of it and why, with the full stop of a sentence."""
        why = f"{self.state}: {self.reason}" if self.reason else str(self.state)
        return why if why.endswith((".", "?", "!")) else f"{why}."


class PluginsUnusable(PerseusError):
    """Raised with PERSEUS_STRICT_PLUGINS when there is a plugin that cannot be used."""

    exit_code = EXIT_CONFIG

    def __init__(self, infos: Sequence[PluginInfo]) -> None:
        told = " ".join(f"{info.name} ({info.origin}) is {info.verdict}" for info in infos)
        super().__init__(f"Plugins cannot be used, and PERSEUS_STRICT_PLUGINS is set. {told}")
        self.infos = tuple(infos)


class SwitchedOff(PerseusError):
    """Raised by a hook that was kept, once its plugin is switched off."""

    def __init__(self, plugin: str) -> None:
        super().__init__(f"Plugin {plugin} is switched off.")
        self.plugin = plugin
