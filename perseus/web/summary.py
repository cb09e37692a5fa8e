"""The page in one line: how many exchanges are in which condition, and the title that carries the worst of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from perseus.web import badges, words
from perseus.web.badges import Badge
from perseus.web.cards import Card


@dataclass(frozen=True, slots=True)
class Tally:
    """How many cards carry this badge."""

    badge: Badge
    count: int


@dataclass(frozen=True, slots=True)
class Summary:
    """`total` in words, and a tally for each badge that occurs, worst first. `silent`: active, but its feed is dead."""

    total: str
    tallies: tuple[Tally, ...]
    silent: int


def summary(cards: Sequence[Card]) -> Summary:
    """Count the badges."""
    counts = Counter(card.badge for card in cards)
    tallies = tuple(Tally(badge, counts[badge]) for badge in badges.RANKED if counts[badge])
    return Summary(words.counted(len(cards), "exchange"), tallies, sum(card.silent for card in cards))


def title(summed: Summary) -> str:
    """`1 offline, 2 unknown · Network` while there are problems, else `Network`."""
    wrong = [f"{t.count} {t.badge.word.lower()}" for t in summed.tallies if t.badge.token in badges.PROBLEMS]
    return " · ".join(filter(None, (", ".join(wrong), "Network")))
