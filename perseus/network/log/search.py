"""What is looked for in the activity logs. Pure: an event matches or does not, whoever has read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from perseus.network.log.activity import ERROR, TRANSITION, Event
from perseus.network.states import OFFLINE

VALUE_LOOKED_AT = 10_000
FAILURES = ("failed:", "start failed:")  # how the reason of an end that was no stop in order begins


class Kind(StrEnum):
    """What sort of thing happened. The three in the middle are transitions too."""

    TRANSITION = "transition"
    OFFLINE = "offline"
    ONLINE = "online"
    FAILED = "failed"
    ERROR = "error"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Search:
    """Every part that is given must hold. `from_ms` is included, `to_ms` is not: Unix milliseconds of the store.

    `words` are found anywhere in the texts of an event or in the name of its exchange, whatever their case.
    """

    exchange: str | None = None
    kind: Kind | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    words: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Only exchange and time are asked for, so that no entry is read in vain."""
        return self.kind is None and not self.words

    def matches(self, event: Event) -> bool:
        """Is it one of those that are looked for?"""
        if self.exchange not in (None, event.exchange.name):
            return False
        if self.from_ms is not None and event.at_ms < self.from_ms:
            return False
        if self.to_ms is not None and event.at_ms >= self.to_ms:
            return False
        return (self.kind is None or IS[self.kind](event)) and self._reads_so(event)

    def _reads_so(self, event: Event) -> bool:
        if not self.words:
            return True
        values = (value[:VALUE_LOOKED_AT] for value in event.fields.values())
        text = "\n".join((event.exchange.name, event.exchange.display_name, *values)).casefold()
        return all(word in text for word in self.words)


EVERYTHING = Search()


def words(text: str) -> tuple[str, ...]:
    """The words of a text as `Search` takes them."""
    return tuple(dict.fromkeys(text.casefold().split()))


def _failed(event: Event) -> bool:
    return event.kind == TRANSITION and event.fields.get("reason", "").startswith(FAILURES)


IS: Mapping[Kind, Callable[[Event], bool]] = {
    Kind.TRANSITION: lambda event: event.kind == TRANSITION,
    Kind.OFFLINE: lambda event: event.kind == TRANSITION and event.fields.get("toState") == OFFLINE,
    Kind.ONLINE: lambda event: event.kind == TRANSITION and bool(event.fields.get("downtimeMs")),
    Kind.FAILED: _failed,
    Kind.ERROR: lambda event: event.kind == ERROR,
    Kind.OTHER: lambda event: event.kind not in (TRANSITION, ERROR),
}
