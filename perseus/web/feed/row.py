"""One row of the feed: an event as the templates show it."""

from __future__ import annotations

from dataclasses import dataclass

from perseus.web.card.badges import Badge
from perseus.web.card.facts import Fact
from perseus.web.feed.deliveries import Mark
from perseus.web.moments import Moment

BESIDE_LIMIT = 48


@dataclass(frozen=True, slots=True)
class Repeat:
    """An event that is told in the row of a newer one: its name, its time, and how often it happened."""

    name: str
    at: Moment | None
    count: int


@dataclass(frozen=True, slots=True)
class Row:
    """One event. `kind` is `transition`, `error` or `other`; what a kind does not have is None or empty.

    `name` is the event's, `element_id` made from it, since ids repeat across logs. `marks`: what became of it at
    destinations. `failed` says what failed when `reason` is why. `ending`: when its lease ended, in a sentence.
    `opening` is how a long `error` begins. `fields` are the raw ones of a kind that this version does not know.
    `repeats`: older events that say the same, in `count` too. `gap`: what may be missing before it, in a sentence.
    """

    name: str
    element_id: str
    exchange: str
    kind: str
    at: Moment | None
    who: tuple[str, ...]
    before: Badge | None = None
    after: Badge | None = None
    reason: str | None = None
    ending: str | None = None
    gap: str | None = None
    downtime: str | None = None
    failed: str | None = None
    error: str | None = None
    opening: str | None = None
    count: int = 1
    title: str | None = None
    fields: tuple[Fact, ...] = ()
    marks: tuple[Mark, ...] = ()
    repeats: tuple[Repeat, ...] = ()

    @property
    def since(self) -> Moment | None:
        """When the oldest of its repeats was, None without any."""
        return self.repeats[-1].at if self.repeats else None

    @property
    def is_wordy(self) -> bool:
        """The reason needs a line of its own."""
        return self.reason is not None and len(self.reason) > BESIDE_LIMIT
