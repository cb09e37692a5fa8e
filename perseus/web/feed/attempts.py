"""Attempts and reasons of an explanation, as the pages show them."""

from __future__ import annotations

from dataclasses import dataclass

from perseus.notify.outcomes import Outcome
from perseus.notify.told.explain import Explanation
from perseus.notify.told.records import Attempted
from perseus.web import moments, words
from perseus.web.feed import deliveries
from perseus.web.feed.deliveries import Mark
from perseus.web.moments import Moment

SAID = {
    Outcome.DONE: "Delivered",
    Outcome.WAIT: "Asked to wait",
    Outcome.RETRY: "Failed, to be tried again",
    Outcome.POISON: "Message refused for good",
    Outcome.PERMANENT: "Destination refuses us",
}
# Signs of fates, so that one look tells them apart.
TOKENS = {
    Outcome.DONE: "sent",
    Outcome.WAIT: "waiting",
    Outcome.RETRY: "failed",
    Outcome.POISON: "failed",
    Outcome.PERMANENT: "failed",
}
LINKS = ("https://", "http://")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt. `took` and `status` in words; `url`: where people see the message, None where that is no address."""

    at: Moment | None
    mark: Mark
    title: str
    number: int
    status: str
    took: str
    reason: str
    url: str | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """One reason, and when it was recorded: None for what holds now."""

    at: Moment | None
    text: str


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one event at one destination, and why."""

    destination: str
    mark: Mark
    answer: str
    reasons: tuple[Said, ...]
    attempts: tuple[Attempt, ...]


def told(explanation: Explanation) -> Told:
    """An explanation for the page of its event."""
    return Told(
        explanation.destination,
        deliveries.mark(explanation.fate),
        words.plain(explanation.answer, 2_000),
        tuple(Said(moments.ago(one.at_ms), words.plain(one.text, 1_000)) for one in explanation.reasons),
        tuple(attempt(one) for one in explanation.attempts),
    )


def attempt(made: Attempted) -> Attempt:
    """One attempt as recorded."""
    notes = (("drill", made.is_drill), ("possible repeat", made.is_repeat))
    return Attempt(
        moments.ago(made.at_ms),
        Mark(TOKENS[made.outcome], SAID[made.outcome], ""),
        words.plain(made.title, 300),
        made.attempt,
        "" if made.status is None else f"HTTP {made.status}",
        "" if made.took_ms is None else f"{made.took_ms:,} ms",
        words.plain(made.reason, 1_000),
        made.url if made.url.startswith(LINKS) and made.url.isprintable() else None,
        tuple(note for note, holds in notes if holds),
    )
