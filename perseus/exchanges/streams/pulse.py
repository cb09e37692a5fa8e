"""How often something comes of several streams together, by which their silence is judged."""

from __future__ import annotations

from dataclasses import dataclass

STILL_AFTER = 20.0
"""Seconds of silence at least."""
MANY = 50
"""So often something has to have come before its absence says anything."""
TIMES = 8.0
FADE = 0.02


@dataclass(slots=True)
class Pulse:
    """`spoke`: loop time (s) of the last that came, at first of its beginning.

    `usual`: the longest pause of late; of an outage not all of it.
    """

    spoken: int = 0
    spoke: float = 0.0
    usual: float = 0.0

    def beat(self, now: float) -> None:
        """Something came."""
        if self.spoken:
            gap, usual = now - self.spoke, self.usual
            self.usual = min(gap, self.patience) if gap > usual else usual + (gap - usual) * FADE  # inline: for all
        self.spoken += 1
        self.spoke = now

    def is_still(self, now: float, since: float) -> bool:
        """Has nothing come for much longer than is usual, although it could since then?"""
        return self.spoken >= MANY and now - max(self.spoke, since) >= self.patience

    @property
    def patience(self) -> float:
        """Seconds of silence that are much longer than is usual."""
        return max(TIMES * self.usual, STILL_AFTER)


def longest_of_late(longest: float, gap: float) -> float:
    """The longest gap, which fades."""
    return gap if gap > longest else longest + (gap - longest) * FADE
