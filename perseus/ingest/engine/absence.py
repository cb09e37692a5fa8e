"""What shows that an exchange lacks candles: answers with candles around them, or answers with nothing in them alone.

The first are proof. The second an exchange in trouble gives too, so they are told apart by the evidence that is kept:
what rests on them is believed at most for now, and asked for again.
"""

from __future__ import annotations

from collections.abc import Collection

from perseus.market.coverage import Coverage, Range
from perseus.market.timeframes import Timeframe
from perseus.warmup.scan import SUFFICIENT

FEW = 3
"""So many candles without a trade are usual: of those an answer with nothing in it may be believed for now.

Not while more is in doubt of which nothing was believed.
"""
AMONG = "not among the candles that REST gave for its range"
BEFORE = "before the first candle that REST gave of its pair"
AFTER = "after the last candle that REST gave for its range"
SILENT = "REST gave nothing for its range, and its stream was silent"
NEAR = 30
"""So many candles back at most one is looked for that is known: a question stays about what it asks for."""
USUAL = "REST gave nothing for its range, which is usual of this pair"
NOTHING = "REST gave nothing for its range"
PROOFS = (AMONG, SILENT)
"""What is believed for good. All else, also of a quiet pair or beside a first or last one, until it is asked for again.

A pair that is quiet has many in a row without a trade too: such a hole does not show that it began later.
"""


def begins_after(at_ms: int, coverage: Coverage, timeframe: Timeframe) -> bool:
    """Has an answer with something in it shown that there may have been nothing yet?"""
    few_ms = timeframe.shift(at_ms, FEW)
    return any(start <= at_ms and few_ms < end and why in (AMONG, BEFORE) for start, end, why in coverage.holes)


def why_nothing(
    lacking: Collection[int], asked: Range, coverage: Coverage, timeframe: Timeframe, heard: Collection[int]
) -> str:
    """The evidence for `lacking`, open times of `asked`, for which REST gave nothing.

    It says nothing of them where it lacks what is known, or what the stream has spoken of: when those open is `heard`.
    """
    if not lacking:
        return NOTHING
    if begins_after(timeframe.close_of(max(lacking)), coverage, timeframe):
        return BEFORE
    if len(lacking) > FEW or is_refuted(asked, coverage, heard):
        return NOTHING
    return USUAL if _is_quiet(coverage, min(lacking), timeframe) else NOTHING


def is_refuted(empty: Range, coverage: Coverage, heard: Collection[int]) -> bool:
    """Is there something, though REST gave nothing for `empty`? What is known there, or the stream has spoken of."""
    is_known = any(start < empty[1] and empty[0] < end for start, end in coverage.verified)
    return is_known or any(empty[0] <= at < empty[1] for at in heard)


def _is_quiet(coverage: Coverage, before_ms: int, timeframe: Timeframe) -> bool:
    """Have candles lacked among the latest that are known, and was that sure?"""
    since_ms = timeframe.shift(before_ms, -SUFFICIENT)
    first_ms = min((start for start, _ in coverage.verified), default=before_ms)
    whys = {why for start, end, why in coverage.holes if first_ms < start < before_ms and end > since_ms}
    return bool(whys) and NOTHING not in whys


def doubtful(coverage: Coverage, start_ms: int, end_ms: int) -> list[Range]:
    """Of this range what is held to be absent by answers with nothing in them alone, the oldest first."""
    held = [(max(start_ms, start), min(end_ms, end)) for start, end, why in coverage.holes if why not in PROOFS]
    return [(start, end) for start, end in held if start < end]


def reopened(coverage: Coverage, asked: Range) -> Coverage:
    """An answer has something in it that spans `asked`: what was absent there without proof is to be judged anew."""
    for start, end, why in coverage.holes:
        if why != AMONG and start < asked[1] and asked[0] < end:
            part = max(start, asked[0]), min(end, asked[1])
            coverage = coverage.verify(*part).doubt(*part)
    return coverage


def up_to_known(asked: Range, coverage: Coverage, timeframe: Timeframe, now_ms: int, most: int) -> Range:
    """The same with the next candle that is known, or that runs, where one answer holds both.

    An answer with that one in it proves what it lacks before.
    """
    whole = asked[0], known_end(asked[1], coverage, timeframe, now_ms)
    return whole if timeframe.count(*whole) <= most else asked


def from_known(asked: Range, coverage: Coverage, timeframe: Timeframe, most: int) -> Range:
    """The same with the candle before it that is known, where that is near and one answer holds both.

    An answer without that one refutes itself, and one with it alone is the word of an exchange that answers.
    """
    known_ms = max((min(end, asked[0]) for start, end in coverage.verified if start < asked[0]), default=None)
    if known_ms is None:
        return asked
    start_ms = timeframe.shift(known_ms, -1)
    is_near = timeframe.count(start_ms, asked[0]) <= NEAR and timeframe.count(start_ms, asked[1]) <= most
    return (start_ms, asked[1]) if is_near else asked


def known_end(from_ms: int, coverage: Coverage, timeframe: Timeframe, now_ms: int) -> int:
    """Where the next candle ends that is known, or that runs."""
    next_ms = next((max(start, from_ms) for start, end in coverage.verified if end > from_ms), None)
    return timeframe.close_of(max(from_ms, timeframe.open_of(now_ms)) if next_ms is None else next_ms)
