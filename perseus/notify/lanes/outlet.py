"""What a lane sends with: the notifier of its destination, its limiter, and the context of each call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from perseus.notify.notification import Notification
from perseus.notify.notifier import Notifier, NotifierKind, Previews, Probes, Updates
from perseus.pluginhost.context import NotifyContext

#: Seconds that remain of the deadline of one call.
SecondsLeft = Callable[[], float]


class Limits(Protocol):
    """The side of `perseus.notify.outgoing.limiter.Limiter` that a lane needs. Times: Unix ms."""

    not_before_ms: int

    @property
    def recent(self) -> list[int]:
        """When the newest requests were sent, oldest first."""

    def wait_ms(self, now_ms: int) -> int:
        """How long to wait before the next request, 0 for not at all."""

    def sent(self, now_ms: int) -> None:
        """A request goes out."""

    def arrived(self, now_ms: int) -> None:
        """The last request has arrived by now."""

    def restore(self, not_before_ms: int, recent: Sequence[int]) -> None:
        """What an earlier holder of the destination knew."""


@dataclass(frozen=True, slots=True)
class Outlet:
    """`context(seconds_left)`: what one call is handed. `scrub` takes secrets out of a text."""

    kind: NotifierKind
    notifier: Notifier
    limiter: Limits
    context: Callable[[SecondsLeft], NotifyContext]
    scrub: Callable[[str], str] = str

    def send(self, notifications: Sequence[Notification], seconds_left: SecondsLeft) -> object:
        """Deliver these as one message."""
        return self.notifier.send(notifications, self.context(seconds_left))

    def update(self, ref: str, notification: Notification, seconds_left: SecondsLeft) -> object:
        """Change a message that was sent; only with `can_update`."""
        assert isinstance(self.notifier, Updates)
        return self.notifier.update(ref, notification, self.context(seconds_left))

    def probe(self, seconds_left: SecondsLeft) -> object:
        """Try the way without posting; only with `can_probe`."""
        assert isinstance(self.notifier, Probes)
        return self.notifier.probe(self.context(seconds_left))

    def preview(self, notifications: Sequence[Notification]) -> Any:
        """What would be sent, None where the notifier cannot tell."""
        return self.notifier.payload(notifications) if isinstance(self.notifier, Previews) else None

    @property
    def can_update(self) -> bool:
        """Can sent messages be changed?"""
        return isinstance(self.notifier, Updates)

    @property
    def can_probe(self) -> bool:
        """Can the way be tried without posting?"""
        return isinstance(self.notifier, Probes)

    @property
    def can_preview(self) -> bool:
        """Can what would be sent be seen?"""
        return isinstance(self.notifier, Previews)
