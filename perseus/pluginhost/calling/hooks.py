"""What happens to an instance, handed on to the observing hooks of the plugins."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from perseus.errors import Holder
from perseus.network.exchange import Exchange
from perseus.network.payload import InstanceStatus
from perseus.network.states import State
from perseus.pluginhost.calling.observing import Observing
from perseus.pluginhost.configuration.fields import Contradiction, Fields, carried, merged, sound
from perseus.pluginhost.context import Context
from perseus.pluginhost.plugins import Plugins

log = logging.getLogger(__name__)

FIELDS = "perseus_status_fields"
FIELDS_SECONDS = 0.1
OBSERVING = (
    "perseus_instance_registered",
    "perseus_registration_refused",
    "perseus_state_changed",
    "perseus_error_reported",
    "perseus_heartbeat_late",
    "perseus_lease_lost",
    "perseus_instance_deregistered",
)


class Shown(Protocol):
    """The side of an instance that the fields of plugins need."""

    def status(self) -> InstanceStatus:
        """What it says of itself now."""

    def set_fields(self, fields: Fields) -> None:
        """Put these on its card."""


class HookObserver:
    """An Observer that gives each observing plugin a lane of its own; no caller ever waits for a plugin.

    `interval`: seconds between two collections of `perseus_status_fields`, which begin with `attach`.
    """

    def __init__(
        self, plugins: Plugins, context: Context, interval: float, elapsed: Callable[[], float] = time.monotonic
    ) -> None:
        self._plugins = plugins
        self._elapsed = elapsed
        self._instance: Shown | None = None
        self._lock = threading.Lock()
        self._answers: dict[str, Fields] = {}
        self._told: set[Contradiction] = set()
        self._observing = Observing(plugins, context, (*OBSERVING, FIELDS), interval, self._collect)

    def attach(self, instance: Shown) -> None:
        """From now on plugins may add fields to this instance's card."""
        self._instance = instance
        self._observing.wake(self._plugins.implementing((FIELDS,)))

    def finish(self) -> None:
        """Let every lane run dry, shut its plugin down and end. Does not wait."""
        self._observing.finish()

    def close(self, timeout: float) -> None:
        """`finish`, and wait for it; plugins that are not done after `timeout` seconds are left behind."""
        self._observing.close(timeout)

    def registered(self, status: InstanceStatus) -> None:
        """As Observer."""
        self._observing.tell("perseus_instance_registered", status=status)

    def refused(self, exchange: Exchange, holder: Holder) -> None:
        """As Observer."""
        self._observing.tell("perseus_registration_refused", exchange=exchange, holder=holder)

    def state_changed(self, status: InstanceStatus, from_state: State, to_state: State, reason: str) -> None:
        """As Observer."""
        self._observing.tell(
            "perseus_state_changed", status=status, from_state=from_state, to_state=to_state, reason=reason
        )

    def error_reported(self, status: InstanceStatus, error: str, count: int) -> None:
        """As Observer."""
        self._observing.tell("perseus_error_reported", status=status, error=error, count=count)

    def heartbeat_late(self, status: InstanceStatus, seconds: float) -> None:
        """As Observer."""
        self._observing.tell("perseus_heartbeat_late", status=status, seconds=seconds)

    def lease_lost(self, status: InstanceStatus, reason: str, holder: Holder | None) -> None:
        """As Observer."""
        self._observing.tell("perseus_lease_lost", status=status, reason=reason, holder=holder)

    def lease_regained(self, status: InstanceStatus) -> None:
        """As Observer. Plugins see it as a reported error and by the heartbeats that go on."""

    def deregistered(self, status: InstanceStatus, reason: str) -> None:
        """As Observer; the last thing there is to tell."""
        self._observing.tell("perseus_instance_deregistered", status=status, reason=reason)
        self.finish()

    def _collect(self, plugin: str) -> None:
        """Ask one plugin for its fields and show the fields of all. Runs on the plugin's lane."""
        instance = self._instance
        if instance is None:
            return
        began = self._elapsed()
        answer = self._plugins.call_one(plugin, FIELDS, status=instance.status())
        took = self._elapsed() - began
        if took > FIELDS_SECONDS:
            log.warning("Plugin %s took %.2f s in %s; its answer is dropped.", plugin, took, FIELDS)
        elif answer is not None:
            self._show(instance, plugin, sound(plugin, answer.value))

    def _show(self, instance: Shown, plugin: str, fields: Fields) -> None:
        with self._lock:
            self._answers[plugin] = carried(plugin, self._answers.get(plugin, {}), fields)
            in_order = [(name, self._answers[name]) for name in self._observing.names if name in self._answers]
            together, contradictions = merged(in_order)
            for contradiction in contradictions - self._told:
                log.warning("%s", contradiction)
            self._told |= contradictions
            instance.set_fields(together)
