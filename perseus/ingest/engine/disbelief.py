"""Lists of symbols that lack all there was: an exchange in trouble gives them too, so they are no word yet."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from perseus.exchanges.symbols import Listings

TIMES = 3
LEAST_SECONDS = 600.0
"""Believed once it was told so often, over so long."""
AGAIN_SECONDS = 300.0


@dataclass
class Disbelief:
    """How often in a row, since when. `at`: seconds of a clock that only goes on."""

    times: int = 0
    _since: float = 0.0

    def believes(self, told: Listings, before: Listings, ours: Collection[str], at: float) -> bool:
        """Is this to be held for so, after what was listed `before`? It is not yet when it lacks all, or all of `ours`.

        What it names as delisted it does not lack.
        """
        known = _alive(before, before.by_symbol)
        lacks_ours = _alive(before, ours) and all(told.get(symbol) is None for symbol in ours)
        if not (known and len(told) == 0) and not lacks_ours:
            self.times = 0
            return True
        self._since = at if self.times == 0 else self._since
        self.times += 1
        if self.times < TIMES or at - self._since < LEAST_SECONDS:
            return False
        self.times = 0
        return True


def _alive(listings: Listings, symbols: Collection[str]) -> bool:
    return any((one := listings.get(symbol)) is not None and one.status != "delisted" for symbol in symbols)
