"""What one destination would be sent, by its own notifier, without sending it."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Sequence
from typing import Any

from perseus.errors import PerseusError
from perseus.kit.rerun import Rerun
from perseus.notify.configuration import Configuration, Destination
from perseus.notify.notification import Notification
from perseus.notify.notifier import Notifier, NotifierKind, Previews, Updates
from perseus.pluginhost.calling.scrub import scrubber


class CannotRender(PerseusError):
    """Raised when a destination cannot be made here, and so shows nothing."""

    def __init__(self, destination: str, reason: str) -> None:
        super().__init__(f"{destination} cannot be rendered here: {reason}")
        self.destination = destination


def rerun(target: Destination, known: Configuration, kinds: Iterable[NotifierKind], *, is_live: bool) -> Rerun:
    """What plays the past to this destination. Raises CannotRender."""
    kind = next((kind for kind in kinds if kind.name == target.kind), None)
    if target.problem is not None or kind is None:
        raise CannotRender(target.id, target.problem or f"no plugin offers the kind {target.kind}")
    scrubber.register(target.secrets())
    try:
        notifier = kind.make(kind.config.model_validate(dict(target.config)))
    except Exception as error:  # noqa: BLE001 - the boundary to the plugin: whatever it raises, it cannot be shown
        raise CannotRender(target.id, scrubber.scrub(f"{type(error).__name__}: {error}")) from None
    can_update = isinstance(notifier, Updates)
    return Rerun(target, known, functools.partial(_payload, notifier), can_update=can_update, is_live=is_live)


def _payload(notifier: Notifier, notifications: Sequence[Notification]) -> Any:
    """What the notifier would send; without `payload` the bare texts. Never with a secret."""
    if isinstance(notifier, Previews):
        return json.loads(scrubber.scrub(json.dumps(notifier.payload(notifications), default=str)))
    return [{"title": each.title, "text": each.text} for each in notifications]
