"""Observing plugins: each has a lane of its own, so that no caller ever waits for one, and none for another."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from functools import partial

from perseus.pluginhost.calling.lane import Lane
from perseus.pluginhost.context import Context
from perseus.pluginhost.plugins import SHUTDOWN, Plugins

log = logging.getLogger(__name__)


class Observing:
    """Tells the plugins that implement any of `hooks` what happened, in order; at its end shuts all of them down.

    `tick(plugin)`: called on the plugin's lane every `interval` seconds, once `wake` was called for it.
    """

    def __init__(
        self,
        plugins: Plugins,
        context: Context,
        hooks: Iterable[str],
        interval: float = 1.0,
        tick: Callable[[str], object] = lambda _: None,
    ) -> None:
        self._plugins = plugins
        self._context = context
        names = plugins.implementing((*hooks, SHUTDOWN))
        self._lanes = {name: Lane(name, interval, partial(tick, name)) for name in names}

    @property
    def names(self) -> tuple[str, ...]:
        """The plugins that have a lane, in calling order."""
        return tuple(self._lanes)

    def tell(self, hook: str, **arguments: object) -> None:
        """Queue a call of every plugin's `hook`; never waits."""
        for name in self._plugins.implementing((hook,)):
            if name in self._lanes:
                self._lanes[name].put(partial(self._plugins.call_one, name, hook, **arguments))

    def wake(self, names: Iterable[str]) -> None:
        """Call `tick` for these now and every interval from now on."""
        for name in names:
            self._lanes[name].wake()

    def finish(self) -> None:
        """Let every lane run dry, shut its plugin down and end. Does not wait."""
        for name, lane in self._lanes.items():
            lane.finish(partial(self._plugins.shut_down, name, self._context))

    def close(self, timeout: float) -> None:
        """`finish`, and wait for it; plugins that are not done after `timeout` seconds are left behind."""
        self.finish()
        end = time.monotonic() + timeout
        for lane in self._lanes.values():
            if not lane.join(max(0.0, end - time.monotonic())):
                log.error("Plugin %s was not done in time and is cut off.", lane.name)
