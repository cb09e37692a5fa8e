"""One notifier, made as the dispatcher makes it and called as a lane calls it, by a clock that a test moves."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import EntryPoint
from typing import Any

from pydantic import SecretStr

from perseus.errors import PerseusError
from perseus.notify.lanes.outlet import Outlet, SecondsLeft
from perseus.notify.notification import Notification
from perseus.notify.notifier import NotifierKind, Previews
from perseus.notify.outcomes import Delivered, Retry
from perseus.notify.outgoing.http import Http
from perseus.notify.outgoing.limiter import Limiter
from perseus.pluginhost.admission.candidate import Candidate, examine
from perseus.pluginhost.admission.groups import NOTIFIERS
from perseus.pluginhost.calling.deadline import call_within
from perseus.pluginhost.context import NotifyContext
from perseus.pluginhost.manager import load
from perseus.settings import Settings
from perseus.testing.clock import FakeClock

REST_SECONDS = 3600
#: How much longer than its deadline a call may take before a test gives it up.
GIVE_UP_SECONDS = 5.0


class NoSuchKind(PerseusError):
    """Raised when a plugin does not offer the kind that a test asks for."""

    def __init__(self, plugin: str, kind: str | None, verdicts: list[str], offered: list[str]) -> None:
        wanted = f"no kind {kind}" if kind else "several kinds, so say which" if offered else "no kind"
        super().__init__(f"{plugin} ({' '.join(verdicts)}) offers {wanted}. Known: {', '.join(offered) or 'none'}.")


class Sender:
    """One destination. `seconds`: the deadline of each call. Raises pydantic's ValidationError for a bad config."""

    def __init__(
        self, kind: NotifierKind, config: Mapping[str, Any], *, seconds: float = 10.0, clock: FakeClock | None = None
    ) -> None:
        self.clock = clock or FakeClock()
        self.kind = kind
        self.config = kind.config.model_validate(config)
        self.seconds = seconds
        self._settings = Settings(delivery_seconds=seconds)
        limiter = Limiter(kind.limits)
        self._http = Http(limiter, self.clock.wall_ms)
        self.outlet = Outlet(kind, kind.make(self.config), limiter, self._context)

    @property
    def can_preview(self) -> bool:
        """Can what would be sent be seen?"""
        return isinstance(self.outlet.notifier, Previews)

    @property
    def secrets(self) -> frozenset[str]:
        """The secret values of its configuration."""
        values = (getattr(self.config, name) for name in type(self.config).model_fields)
        return frozenset(value.get_secret_value() for value in values if isinstance(value, SecretStr))

    def send(self, *notifications: Notification) -> Delivered:
        """Deliver these as one message.

        Raises what the notifier or its limits raise; TookTooLong for one that hangs, Retry for one that says False.
        """
        answer = self._call(partial(self.outlet.send, notifications))
        if answer is False:
            raise Retry("the notifier said that it did not deliver")
        return answer if isinstance(answer, Delivered) else Delivered()

    def update(self, ref: str, notification: Notification) -> None:
        """Let a message say something else; only with `outlet.can_update`."""
        self._call(partial(self.outlet.update, ref, notification))

    def probe(self) -> object:
        """Try the way; what was found. Only with `outlet.can_probe`."""
        return self._call(self.outlet.probe)

    def payload(self, *notifications: Notification) -> Any:
        """What `send` would send; None where it cannot tell."""
        return self.outlet.preview(notifications)

    def rest(self) -> None:
        """Let so much time pass that no limit is left to wait for."""
        self.clock.advance(REST_SECONDS)

    def close(self) -> None:
        """Let go of its connections."""
        self._http.close()

    def _call(self, call: Callable[[SecondsLeft], object]) -> object:
        end = time.monotonic() + self.seconds

        def seconds_left() -> float:
            return end - time.monotonic()

        return call_within(self.seconds + GIVE_UP_SECONDS, "plugin:tested", partial(call, seconds_left))

    def _context(self, seconds_left: SecondsLeft) -> NotifyContext:
        http = self._http.bounded(seconds_left)
        log = logging.getLogger(f"perseus.destination.{self.kind.name}")
        return NotifyContext(self._settings, self.kind.name, self.config, http, log, seconds_left)


def examined(plugin: str) -> Candidate:
    """A plugin by its module, as the plugin host sees it. Raises PluginRejected with the reason."""
    return examine(_entry(plugin))


def kind_of(plugin: str, kind: str | None = None) -> NotifierKind:
    """A kind that a plugin offers; `kind` only where there are several. Raises PluginRejected, NoSuchKind."""
    examined(plugin)
    plugins = load(NOTIFIERS, [_entry(plugin)])
    offered = {each.kind.name: each.kind for each in plugins.kinds()}
    if kind is None and len(offered) == 1:
        return next(iter(offered.values()))
    if kind is None or kind not in offered:
        raise NoSuchKind(plugin, kind, [info.verdict for info in plugins.plugins()], sorted(offered))
    return offered[kind]


def _entry(plugin: str) -> EntryPoint:
    return EntryPoint(plugin.rpartition(".")[2], plugin, NOTIFIERS)
