"""Whom to believe of sentinels that name different primaries. Pure.

A failover makes a configuration with a newer epoch, which the sentinel that led it tells the others within about two
seconds. A sentinel of a foreign service may tell any epoch: so the newest alone is not enough, most must go with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from perseus.store.layout import Place

UNTOLD: Final = -1


@dataclass(frozen=True, slots=True)
class Told:
    """Where a sentinel says that the primary is; `epoch` grows with each failover, UNTOLD where it may not be asked."""

    place: Place
    epoch: int


def is_clear(known: Told | None, found: Sequence[Told], named: int) -> bool:
    """Need no other of the `named` be asked? The first tells what is known, or most of all tell the same."""
    if known is not None and len(found) == 1 and found[0].place == known.place and found[0].epoch >= known.epoch:
        return True
    return _majority(found, named) is not None


def believed(known: Told | None, found: Sequence[Told], named: int) -> Told | None:
    """What stands after these told, of `named` in all. `known`: what stood before.

    What most of all tell, whatever its epoch: all may have been set up anew. Else the newest that at least half of
    those tell that answer, or that any tells where less than half of all answer. Else what is known.
    """
    most = _majority(found, named)
    if most is not None:
        return most
    votes = Counter(told.place for told in found)

    def rank(told: Told) -> tuple[int, int, bool]:
        return told.epoch, votes[told.place], known is not None and told.place == known.place

    for told in sorted(found, key=rank, reverse=True):
        if known is not None and told.place == known.place:
            return told if told.epoch > known.epoch else known
        is_newer = known is None or told.epoch > known.epoch or known.epoch == UNTOLD
        if is_newer and (2 * votes[told.place] >= len(found) or 2 * len(found) < named):
            return told
    return known or max(found, key=lambda told: (votes[told.place], told.epoch), default=None)


def _majority(found: Sequence[Told], named: int) -> Told | None:
    """What most of all tell, with its newest epoch."""
    votes = Counter(told.place for told in found)
    most = [told for told in found if 2 * votes[told.place] > named]
    return max(most, key=lambda told: told.epoch, default=None)
