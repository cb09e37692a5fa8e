"""What became of an event at its destinations, in a few words: a sign, a word, names."""

from __future__ import annotations

from dataclasses import dataclass

from perseus.notify.told.fate import Fate
from perseus.web import words

NAMES_SHOWN = 3
SAID = {
    Fate.SENT: "Sent",
    Fate.MERGED: "Merged",
    Fate.WAITING: "Waiting",
    Fate.FAILED: "Failed",
    Fate.SUPPRESSED: "Suppressed",
    Fate.DROPPED: "Not for it",
    Fate.UNKNOWN: "Unknown",
}


@dataclass(frozen=True, slots=True)
class Mark:
    """One fate. `token` names the sign (`#fate-<token>`) and the colour; `who`: the destinations it holds for."""

    token: str
    word: str
    who: str


def marks(fates: tuple[tuple[Fate, tuple[str, ...]], ...]) -> tuple[Mark, ...]:
    """One for each fate, in the order given."""
    return tuple(Mark(fate.value, SAID[fate], _named(names)) for fate, names in fates)


def mark(fate: Fate, who: str = "") -> Mark:
    """One fate at one destination."""
    return Mark(fate.value, SAID[fate], who)


def _named(names: tuple[str, ...]) -> str:
    shown = [words.plain(name, 50) for name in names[:NAMES_SHOWN]]
    rest = len(names) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")
