"""What contenders write down, and what follows from it when it is laid side by side."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perseus.drill.spans import MOST, Span, SpanBook, first_after, last_of, overlap, read, unasked

WRITER = """
import sys, time
from pathlib import Path
from perseus.drill.spans import SpanBook
book = SpanBook(Path(sys.argv[1]))
at = 0
while True:
    book.valid(float(at), 7)
    at += 1
    if at == 100:
        print("ready", flush=True)
"""


def test_a_span_lasts_from_the_first_moment_to_the_last_at_which_it_was_valid(tmp_path: Path) -> None:
    book = SpanBook(tmp_path / "book")
    book.invalid(0.5, 0.5)
    for at in (1.0, 1.5, 3.0):
        book.valid(at, 7)
    book.invalid(4.0, 4.5)
    book.valid(9.0, 7)
    book.valid(9.1, 8)
    spans, gap = read(tmp_path / "book")
    assert spans == [Span(1.0, 3.0, 7, 0.5, 4.5), Span(9.0, 9.0, 7, 4.0, 9.1), Span(9.1, 9.1, 8, 9.0)]
    assert gap == 1.5


def test_nobody_who_was_never_valid_has_a_span(tmp_path: Path) -> None:
    SpanBook(tmp_path / "book").invalid(1.0, 1.1)
    assert read(tmp_path / "book") == ([], 0.0)


def test_a_book_that_is_full_begins_again_at_its_oldest(tmp_path: Path) -> None:
    book = SpanBook(tmp_path / "book")
    for number in range(MOST + 1):
        book.valid(float(number), number + 1)
    spans, _ = read(tmp_path / "book")
    assert len(spans) == MOST
    assert max(span.token for span in spans) == MOST + 1
    assert min(span.token for span in spans) == 2


def test_what_a_killed_process_has_written_stays(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path / "book")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        os.kill(process.pid, signal.SIGKILL)
    ((span,), gap) = read(tmp_path / "book")
    assert span.began == 0.0
    assert span.ended >= 98
    assert (span.token, gap) == (7, 1.0)


@pytest.mark.parametrize(
    ("first", "second", "seconds"),
    [
        ([Span(0, 5, 1)], [Span(5, 9, 2)], 0),
        ([Span(0, 5, 1)], [Span(4.75, 9, 2)], 0.25),
        ([Span(0, 2, 1), Span(3, 5, 1)], [Span(1.5, 4, 2)], 1.5),
        ([Span(0, 9, 1)], [Span(2, 3, 2)], 1),
        ([], [Span(2, 3, 2)], 0),
    ],
)
def test_an_overlap_is_the_time_in_which_both_were_valid(first: list[Span], second: list[Span], seconds: float) -> None:
    assert overlap(first, second) == overlap(second, first) == seconds


def test_a_time_in_which_nobody_asked_counts_before_the_first_answer_and_up_to_the_one_that_ended_it(
    tmp_path: Path,
) -> None:
    """A contender that got no turn for three seconds says nothing of them, whatever it answers then."""
    book = SpanBook(tmp_path / "starved")
    book.invalid(0.0, 0.0)
    book.valid(0.25, 1)
    book.valid(0.5, 1)
    book.invalid(3.4, 3.5)
    spans, gap = read(tmp_path / "starved")
    assert (gap, unasked(spans, 9.0)) == (0.25, 3.0)
    late = SpanBook(tmp_path / "late")
    late.invalid(1.0, 1.0)
    late.valid(3.0, 1)
    assert unasked(read(tmp_path / "late")[0], 3.5) == 2.0


def test_what_nobody_asked_lasts_until_the_end_but_not_while_it_was_stopped() -> None:
    assert unasked([Span(0, 5, 1)], 7) == 2
    assert unasked([Span(0, 5, 1)], 4) == 0
    assert unasked([Span(0, 5, 1, after=9.5)], 99, (5.25, 9.0)) == 0.5
    assert unasked([], 9) == 0


MOMENTS = st.floats(0, 100, allow_nan=False)


@given(MOMENTS, MOMENTS, MOMENTS, MOMENTS)
def test_there_is_no_overlap_exactly_when_one_ends_before_the_other_begins(
    a: float, b: float, c: float, d: float
) -> None:
    one, other = Span(min(a, b), max(a, b), 1), Span(min(c, d), max(c, d), 2)
    is_apart = (
        one.ended <= other.began or other.ended <= one.began or one.began == one.ended or other.began == other.ended
    )
    assert (overlap([one], [other]) == 0) == is_apart


def test_the_first_moment_after_a_fault_may_lie_within_a_span() -> None:
    spans = [Span(1, 2, 1), Span(4, 8, 2)]
    assert [first_after(spans, at) for at in (0, 1.5, 3, 5, 9)] == [1, 1.5, 4, 5, None]
    assert (last_of(spans), last_of([])) == (8, None)
