"""When a contender was valid, to the millisecond, in a file that outlives it.

Each contender asks its own lease and writes down what it said, into memory that is a file: what a killed process has
written there stays. All of one machine read the same clock (CLOCK_BOOTTIME), so what two of them wrote can be compared.
"""

from __future__ import annotations

import math
import mmap
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

HEAD = struct.Struct("=d")
RECORD = struct.Struct("=ddddQ")
BEFORE, BEGAN, ENDED, AFTER, TOKEN = range(5)
MOST = 1_000
SIZE = HEAD.size + MOST * RECORD.size


@dataclass(frozen=True, slots=True)
class Span:
    """Seconds of elapsed time, first and last moment at which a lease with this token said that it is valid.

    `before`: the last moment at which it was not yet, or nobody had begun to ask; `after`: when it was no more. None:
    not known.
    """

    began: float
    ended: float
    token: int
    before: float | None = None
    after: float | None = None


class SpanBook:
    """Written by one thread. `path` is made anew."""

    def __init__(self, path: Path) -> None:
        with path.open("wb+") as file:
            file.truncate(SIZE)
            self._book = mmap.mmap(file.fileno(), SIZE)
        # Eight bytes at once: struct would write zeros first, and a process can be killed in between.
        self._seconds = memoryview(self._book).cast("d")
        self._tokens = memoryview(self._book).cast("Q")
        self._number = -1
        self._token = 0
        self._last = 0.0
        self._gap = 0.0
        self._no = math.nan

    def valid(self, at: float, token: int) -> None:
        """It was valid at `at`, which was read before it was asked."""
        if token != self._token:
            self._end(at)
            before = self._last if self._token else self._no
            self._number, self._token = (self._number + 1) % MOST, token
            self._tokens[self._place(TOKEN)] = 0
            for field, value in ((BEFORE, before), (BEGAN, at), (ENDED, at), (AFTER, math.nan)):
                self._seconds[self._place(field)] = value
            self._tokens[self._place(TOKEN)] = token
        else:
            self._gap = max(self._gap, at - self._last)
            self._seconds[0] = self._gap
            self._seconds[self._place(ENDED)] = at
        self._last = at

    def invalid(self, asked: float, answered: float) -> None:
        """It was not, or nobody had asked it before: what comes next is another span."""
        self._end(answered)
        self._token, self._no = 0, asked

    def _end(self, at: float) -> None:
        if self._token:
            self._seconds[self._place(AFTER)] = at

    def _place(self, field: int) -> int:
        return (HEAD.size + self._number * RECORD.size) // HEAD.size + field


def read(path: Path) -> tuple[list[Span], float]:
    """What a contender wrote, in order, and the longest time in seconds between two questions of one span."""
    book = path.read_bytes()
    records = (RECORD.unpack_from(book, HEAD.size + number * RECORD.size) for number in range(MOST))
    return [_span(*record) for record in records if record[-1]], HEAD.unpack_from(book)[0]


def _span(before: float, began: float, ended: float, after: float, token: int) -> Span:
    return Span(began, ended, token, *(None if math.isnan(at) else at for at in (before, after)))


def unasked(spans: Iterable[Span], until: float, stopped: tuple[float, float] | None = None) -> float:
    """The longest time in seconds at an edge of a span in which nobody asked: it may have been valid then, unseen.

    `until`: when the contender ended, or now; `stopped`: from when to when it could do nothing at all.
    """
    edges = []
    for span in spans:
        edges.append((span.began if span.before is None else span.before, span.began))
        edges.append((span.ended, until if span.after is None else span.after))
    if stopped is not None:
        edges = [part for a, b in edges for part in ((a, min(b, stopped[0])), (max(a, stopped[1]), b))]
    return max((0.0, *(b - a for a, b in edges)))


def overlap(first: Iterable[Span], second: Iterable[Span]) -> float:
    """For how many seconds both were valid."""
    shared = (min(a.ended, b.ended) - max(a.began, b.began) for a, b in product(first, second))
    return sum(max(0.0, seconds) for seconds in shared)


def first_after(spans: Iterable[Span], at: float) -> float | None:
    """The first moment from `at` on that is in one of them."""
    return min((max(span.began, at) for span in spans if span.ended >= at), default=None)


def last_of(spans: Iterable[Span]) -> float | None:
    """The last moment of all."""
    return max((span.ended for span in spans), default=None)
