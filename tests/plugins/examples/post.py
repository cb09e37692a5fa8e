"""A notifier with a kind of its own: any number of letter boxes, each with its address."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from perseus import Limit, Manifest, Notification, NotifierKind, NotifyContext, hookimpl

SENT: list[tuple[str, list[str]]] = []


class Address(BaseModel):
    """Where letters go."""

    street: str
    is_registered: bool = False


class LetterBox:
    """Puts several messages into one letter."""

    def __init__(self, config: Address) -> None:
        self._street = config.street

    def send(self, notifications: Sequence[Notification], context: NotifyContext) -> None:
        """Post one letter."""
        SENT.append((self._street, [each.title for each in notifications]))


@hookimpl
def perseus_manifest() -> Manifest:
    """Works with the first version of the hooks."""
    return Manifest(api=">=1,<2")


@hookimpl
def perseus_register_notifiers() -> list[NotifierKind]:
    """One kind; each address is a destination of its own."""
    return [NotifierKind("letter", LetterBox, Address, max_batch=20, limits=(Limit(5, 60),), about="A letter.")]
