"""How late what was heard is written: from the exchange's event to the store, in milliseconds."""

from __future__ import annotations

from bisect import bisect_left

#: Upper ends of the classes that are counted, some 26 % apart, so that a percentile is known as exactly.
EDGES_MS = tuple(round(10 ** (step / 10)) for step in range(61))


class Lag:
    """Counts lags in classes. `count`: how many were noted."""

    def __init__(self) -> None:
        self._counts = [0] * (len(EDGES_MS) + 1)
        self.count = 0

    def note(self, ms: int) -> None:
        """One more. Below zero, as when two clocks differ by a little, it is zero."""
        self._counts[bisect_left(EDGES_MS, max(ms, 0))] += 1
        self.count += 1

    def percentile(self, share: float) -> int | None:
        """The upper end of the class that `share` (0 to 1) of all lie within; None when nothing was noted."""
        if not self.count:
            return None
        left = share * self.count
        for edge, count in zip((*EDGES_MS, EDGES_MS[-1]), self._counts, strict=True):
            left -= count
            if left <= 0:
                return edge
        return EDGES_MS[-1]

    def forget(self) -> None:
        """Begin anew."""
        self._counts = [0] * len(self._counts)
        self.count = 0
