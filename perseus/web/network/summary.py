"""The page in one line: how many exchanges are in which condition, and the title that carries the worst of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from perseus.web import words
from perseus.web.card import badges
from perseus.web.card.badges import Badge

DOWN = {"failed": "down", "lost": "down"}


class Counted(Protocol):
    """What is counted: a card, or the outlook that one is made from."""

    @property
    def badge(self) -> Badge:
        """Its condition."""

    @property
    def silent(self) -> bool:
        """Is it active with a dead feed?"""


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

    @property
    def worst(self) -> str:
        """The token of the worst badge; empty without exchanges."""
        return self.tallies[0].badge.token if self.tallies else ""


def summary(cards: Sequence[Counted]) -> Summary:
    """Count the badges."""
    counts = Counter(card.badge for card in cards)
    tallies = tuple(Tally(badge, counts[badge]) for badge in badges.RANKED if counts[badge])
    return Summary(words.counted(len(cards), "exchange"), tallies, sum(card.silent for card in cards))


def title(summed: Summary) -> str:
    """`2 down, 1 unknown · Network` while there are problems, else `Network`."""
    wrong: Counter[str] = Counter()
    for tally in summed.tallies:
        if tally.badge.token in badges.PROBLEMS:
            wrong[DOWN.get(tally.badge.token) or tally.badge.word.lower()] += tally.count
    said = sorted(wrong.items(), key=lambda pair: pair[0] != "down")
    return " · ".join(filter(None, (", ".join(f"{count} {word}" for word, count in said), "Network")))
