"""What is known of the candles of one pair: which ranges are exact, and which the source itself lacks.

A range is of open times, in Unix milliseconds, with its end outside: `[start, end)`. It is *verified*: every candle
that opens in it is in the cache as the exchange gave it. Or it is *absent*: the exchange was asked and has none, with
what it said as evidence. Everything else is *unverified*. Two ranges that touch are one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from perseus.errors import PerseusError

WHY_MAX = 200


class BadCoverage(PerseusError):
    """Raised when what should be a coverage is none."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"This is no coverage of candles: {problem}.")
        self.problem = problem


class Span(NamedTuple):
    """A range that is known: verified, or absent for the reason `why`."""

    start_ms: int
    end_ms: int
    why: str | None = None


Range = tuple[int, int]


@dataclass(frozen=True)
class Coverage:
    """Immutable; each method that changes something gives a new one. `spans`: in order, none touches its like."""

    spans: tuple[Span, ...] = ()

    @property
    def verified(self) -> tuple[Range, ...]:
        """The ranges that are exact."""
        return tuple((span.start_ms, span.end_ms) for span in self.spans if span.why is None)

    @property
    def holes(self) -> tuple[Span, ...]:
        """The ranges that the source lacks, with the evidence of each."""
        return tuple(span for span in self.spans if span.why is not None)

    def verify(self, start_ms: int, end_ms: int) -> Coverage:
        """Everything in this range is exact now, also what was absent."""
        return self._with(Span(start_ms, end_ms))

    def absent(self, start_ms: int, end_ms: int, why: str) -> Coverage:
        """The source has nothing in this range. `why`: what shows it; its first 200 characters are kept."""
        if not why:
            raise ValueError("absent at the source needs evidence")
        return self._with(Span(start_ms, end_ms, why[:WHY_MAX]))

    def doubt(self, start_ms: int, end_ms: int) -> Coverage:
        """Nothing in this range is sure any more but its holes: what the source lacks is not asked for again."""
        _require_order(start_ms, end_ms)
        return Coverage(_merged(_kept(self.spans, start_ms, end_ms, with_holes=True)))

    def clipped(self, start_ms: int) -> Coverage:
        """Without what lies before `start_ms`: the cache has forgotten it."""
        return Coverage(
            tuple(span._replace(start_ms=max(start_ms, span.start_ms)) for span in self.spans if span.end_ms > start_ms)
        )

    def unverified(self, start_ms: int, end_ms: int) -> tuple[Range, ...]:
        """The ranges within this one that are neither verified nor absent."""
        _require_order(start_ms, end_ms)
        found: list[Range] = []
        at = start_ms
        for span in self.spans:
            if span.start_ms >= end_ms:
                break
            if span.start_ms > at:
                found.append((at, span.start_ms))
            at = max(at, span.end_ms)
        return (*found, (at, end_ms)) if at < end_ms else tuple(found)

    def complete_to(self) -> int | None:
        """The end of the first run without anything unverified; None when nothing is known."""
        at: int | None = None
        for span in self.spans:
            if at is not None and span.start_ms != at:
                break
            at = span.end_ms
        return at

    def to_json(self) -> str:
        """Compact text: `[[start,end],[start,end,"why"],...]`."""
        return _encode([span[:2] if span.why is None else span for span in self.spans]).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Coverage:
        """What `to_json` wrote. Raises BadCoverage."""
        try:
            spans = [Span(row.start_ms, row.end_ms, row.why) for row in _decode(text)]
        except msgspec.MsgspecError as error:
            raise BadCoverage(str(error)) from None
        end_ms = 0
        for span in spans:
            if not end_ms <= span.start_ms < span.end_ms:
                raise BadCoverage(f"its range from {span.start_ms} to {span.end_ms} is not in order")
            end_ms = span.end_ms
        return cls(_merged(spans))

    def _with(self, span: Span) -> Coverage:
        _require_order(span.start_ms, span.end_ms)
        if span.start_ms == span.end_ms:
            return self
        kept = _kept(self.spans, span.start_ms, span.end_ms, with_holes=False)
        return Coverage(_merged(sorted((*kept, span), key=lambda one: one.start_ms)))


def _kept(spans: tuple[Span, ...], start_ms: int, end_ms: int, *, with_holes: bool) -> Iterator[Span]:
    """What is left of `spans` outside of this range; of holes all, where they stay."""
    for span in spans:
        if span.end_ms <= start_ms or span.start_ms >= end_ms or (with_holes and span.why is not None):
            yield span
            continue
        if span.start_ms < start_ms:
            yield span._replace(end_ms=start_ms)
        if span.end_ms > end_ms:
            yield span._replace(start_ms=end_ms)


def _merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for span in spans:
        if merged and (merged[-1].end_ms, merged[-1].why) == (span.start_ms, span.why):
            merged[-1] = merged[-1]._replace(end_ms=span.end_ms)
        else:
            merged.append(span)
    return tuple(merged)


def _require_order(start_ms: int, end_ms: int) -> None:
    if start_ms > end_ms:
        raise ValueError(f"a range from {start_ms} to {end_ms} ends before it begins")


class _Row(msgspec.Struct, array_like=True, frozen=True):
    start_ms: int
    end_ms: int
    why: str | None = None


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[_Row]).decode
