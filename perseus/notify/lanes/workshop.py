"""Makes lanes: the configuration checked, the notifier made by its plugin, everything it is handed put together."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

from pydantic import SecretStr

from perseus.clock import Clock
from perseus.errors import PerseusError
from perseus.notify.configuration import Destination
from perseus.notify.lanes.attempt import Caller
from perseus.notify.lanes.holding import Holding
from perseus.notify.lanes.lane import Lane
from perseus.notify.lanes.outlet import Outlet
from perseus.notify.lanes.sending import Sending
from perseus.notify.lanes.surroundings import Surroundings
from perseus.notify.notifier import Notifier, NotifierKind
from perseus.notify.outgoing.hostlimits import HostLimits
from perseus.notify.outgoing.http import Http
from perseus.notify.outgoing.limiter import Limiter
from perseus.pluginhost.calling.boundary import said
from perseus.pluginhost.calling.deadline import TookTooLong, call_within
from perseus.pluginhost.calling.scrub import Scrubber
from perseus.pluginhost.configuration import form
from perseus.pluginhost.context import NotifyContext
from perseus.settings import Settings

MAKE_SECONDS = 5.0


class Unusable(PerseusError):
    """Raised for a destination that cannot be sent to; the text says why, for people."""


class Workshop:
    """Of one dispatcher. `watched(destination)`: a context in which each call runs, on its own thread."""

    def __init__(
        self,
        settings: Settings,
        around: Surroundings,
        clock: Clock,
        scrubber: Scrubber,
        watched: Callable[[str], AbstractContextManager[object]] = lambda _: nullcontext(),
    ) -> None:
        self._settings = settings
        self._around = around
        self._clock = clock
        self._scrubber = scrubber
        self._watched = watched
        self._hosts = HostLimits()

    def lane(self, destination: Destination, kind: NotifierKind, holding: Holding) -> Lane:
        """A lane for it. Blocks for 5 s at most. Raises Unusable."""
        self._scrubber.register(destination.secrets())
        config = self._config(destination, kind)
        outlet = self._outlet(destination, kind, config)
        name = destination.id
        watched = partial(self._watched, name)
        seconds = self._settings.delivery_seconds
        caller = Caller(name, seconds, self._scrubber.scrub, self._clock.elapsed, watched)
        sending = Sending(outlet, caller, holding, self._around.now_ms)
        return Lane(destination, fingerprint(destination), sending, holding, self._around)

    def _config(self, destination: Destination, kind: NotifierKind) -> Any:
        config, problems = form.check(kind.config, destination.config)
        if config is None:
            raise Unusable(self._scrubber.scrub(sentence(problems)))
        return config

    def _outlet(self, destination: Destination, kind: NotifierKind, config: Any) -> Outlet:
        limiter = Limiter(kind.limits)
        http = Http(limiter, self._around.now_ms, self._hosts, kind.host_limits)
        log = logging.getLogger(f"perseus.destination.{destination.id}")

        def context(seconds_left: Any) -> NotifyContext:
            return NotifyContext(self._settings, destination.id, config, http.bounded(seconds_left), log, seconds_left)

        return Outlet(kind, self._notifier(kind, config), limiter, context, self._scrubber.scrub)

    def _notifier(self, kind: NotifierKind, config: Any) -> Notifier:
        try:
            return call_within(MAKE_SECONDS, f"kind:{kind.name}", lambda: kind.make(config))
        except TookTooLong as error:
            raise Unusable(f"Its plugin took longer than {error.seconds:g} s to make the notifier.") from None
        except Exception as error:  # noqa: BLE001 - foreign code; people are told what it raised
            raise Unusable(self._scrubber.scrub(f"Its plugin could not make the notifier: {said(error)}.")) from None


def sentence(problems: Mapping[str, str]) -> str:
    """What is wrong with a configuration, for people."""
    told = [f"{name} {problem}" if name else problem for name, problem in problems.items()]
    return f"Its configuration cannot be used: {'; '.join(told)}."


def fingerprint(destination: Destination) -> str:
    """Changes when somebody has changed the destination: its breaker need not stay parked then.

    The environment has no revisions; 24 bits of a digest are enough to see a change, and tell nobody the values.
    """
    if destination.origin == "page":
        return str(destination.revision)
    values = sorted((name, _plain(value)) for name, value in destination.config.items())
    digest = hashlib.blake2b(repr(values).encode(), digest_size=3, person=b"perseus")
    return f"{destination.revision}-{digest.hexdigest()}"


def _plain(value: Any) -> Any:
    return value.get_secret_value() if isinstance(value, SecretStr) else value
