"""A kind of destination, as a plugin offers it: its configuration, its abilities, and what makes its notifiers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict

from perseus.notify.notification import Notification
from perseus.notify.outcomes import Delivered
from perseus.pluginhost.context import NotifyContext


class Notifier(Protocol):
    """Sends to one destination. Called on one thread at a time, never twice at once, with a deadline.

    May further have `Updates`, `Probes` and `Previews`.
    """

    def send(self, notifications: Sequence[Notification], context: NotifyContext) -> Delivered | None:
        """Deliver these as one message: one notification, or up to `max_batch` that queued behind a limit.

        Raises Wait, Retry, Poison or Permanent (`perseus.notify.outcomes`); anything else counts as Retry.
        """


@runtime_checkable
class Updates(Protocol):
    """The service can change a message that was sent."""

    def update(self, ref: str, notification: Notification, context: NotifyContext) -> Delivered | None:
        """Let the message `ref` say this instead. Raises as `Notifier.send`; Poison when it is gone."""


@runtime_checkable
class Probes(Protocol):
    """The way can be tried without posting anything."""

    def probe(self, context: NotifyContext) -> str:
        """What was found, for people: 'channel #alerts of Acme'. Raises as `Notifier.send`."""


@runtime_checkable
class Previews(Protocol):
    """What would be sent can be seen without sending it."""

    def payload(self, notifications: Sequence[Notification]) -> Any:
        """What would be sent, as JSON-able data without secrets. Pure: no I/O."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` messages in `seconds`."""

    count: int
    seconds: float


class NoConfig(BaseModel):
    """The configuration of a notifier that needs none."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class NotifierKind:
    """One kind of destination: what `perseus_register_notifiers` returns.

    `name`: `[a-z0-9_]+`, as in PERSEUS_PLUGIN_<NAME>_<FIELD>. `make(config)` gives a notifier and does no I/O.
    `config`: the pydantic model of its configuration; fields of type SecretStr are secrets.
    `max_batch`: how many notifications one message can hold. `limits`: kept to before the service has named its own.
    `host_limits`: the same for services that count by our address; all destinations of the process that send to one
    host keep to them together. `about`: one line for people.
    """

    name: str
    make: Callable[[Any], Notifier]
    config: type[BaseModel] = NoConfig
    max_batch: int = 1
    limits: tuple[Limit, ...] = ()
    about: str = ""
    host_limits: tuple[Limit, ...] = ()
