"""Which pairs need to be fetched before work begins, seen from what is sure of their candles.

Pure. Times are Unix milliseconds of the exchange, ranges are of open times with their end outside.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from perseus.market.candle import Pair
from perseus.market.coverage import Coverage, Range

SUFFICIENT = 60
"""So many finished candles up to the newest are enough to begin with."""

Reason = Literal["empty", "short", "behind"]


class Known(NamedTuple):
    """A pair and what is sure of it. `window`: the newest SUFFICIENT candles that have ended, or as many as can be."""

    pair: Pair
    coverage: Coverage
    window: Range


@dataclass(frozen=True, slots=True)
class Need:
    """A pair that is to be fetched. `verified`: candles up to its newest that are sure; `target`: so many shall be.

    `reason`: nothing is known of it, or not its newest candle (`behind`), or too few before that (`short`).
    """

    pair: Pair
    verified: int
    target: int
    reason: Reason


def scan(known: Iterable[Known]) -> list[Need]:
    """What is to be fetched: the longest timeframe first, within one in the order that was given."""
    needs = [need for one in known if (need := judged(one)) is not None]
    return sorted(needs, key=lambda need: -need.pair.timeframe.rank)


def judged(one: Known) -> Need | None:
    """What a pair lacks; None when it is sufficient.

    What the source itself lacks counts as sure: so a young symbol is sufficient with all that there is of it.
    """
    pair, coverage, (start_ms, end_ms) = one
    count = pair.timeframe.count
    since_ms = _sure_since(coverage, start_ms, end_ms)
    if since_ms <= start_ms:
        return None
    verified = count(since_ms, end_ms)
    reason: Reason = "short" if verified else "behind" if coverage.verified else "empty"
    return Need(pair, verified, count(start_ms, end_ms), reason)


def _sure_since(coverage: Coverage, start_ms: int, end_ms: int) -> int:
    """From when on everything is sure, up to `end_ms`; that itself when the newest candle is not."""
    at = end_ms
    for span in reversed(coverage.spans):
        if at <= start_ms or span.end_ms < at:
            break
        at = min(at, span.start_ms)
    return max(at, start_ms)
