"""Coverage: whatever is said in whatever order, each open time is verified, absent or unverified, as last said."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perseus.market.coverage import BadCoverage, Coverage, Span

SIZE = 24
WORDS = st.tuples(
    st.sampled_from(["verify", "doubt", "absent a", "absent b"]), st.integers(0, SIZE), st.integers(0, SIZE)
).map(lambda word: (word[0], min(word[1:]), max(word[1:])))


def said(words: list[tuple[str, int, int]]) -> tuple[Coverage, list[str]]:
    """A coverage, and what an array that hears the same says of each time: '' is unverified."""
    coverage, each = Coverage(), [""] * SIZE
    for what, start, end in words:
        for at in range(start, end):
            if what != "doubt":
                each[at] = what
            elif each[at] == "verify":
                each[at] = ""
        match what:
            case "verify":
                coverage = coverage.verify(start, end)
            case "doubt":
                coverage = coverage.doubt(start, end)
            case _:
                coverage = coverage.absent(start, end, what)
    return coverage, each


def heard(coverage: Coverage) -> list[str]:
    each = [""] * SIZE
    for start, end, why in coverage.spans:
        each[start:end] = [why or "verify"] * (end - start)
    return each


@given(st.lists(WORDS, max_size=12))
def test_a_coverage_says_of_each_time_what_was_said_last(words: list[tuple[str, int, int]]) -> None:
    coverage, each = said(words)
    assert heard(coverage) == each
    assert {at for start, end in coverage.verified for at in range(start, end)} == {
        at for at, what in enumerate(each) if what == "verify"
    }
    assert all(hole.why and hole.why.startswith("absent") for hole in coverage.holes)


@given(st.lists(WORDS, max_size=12))
def test_its_spans_are_in_order_apart_and_as_few_as_can_be(words: list[tuple[str, int, int]]) -> None:
    spans = said(words)[0].spans
    assert all(span.start_ms < span.end_ms for span in spans)
    for one, other in pairwise(spans):
        assert one.end_ms <= other.start_ms
        assert one.end_ms < other.start_ms or one.why != other.why


@given(st.lists(WORDS, max_size=12), st.integers(0, SIZE), st.integers(0, SIZE))
def test_what_is_unverified_in_a_range_is_all_that_nobody_vouched_for(
    words: list[tuple[str, int, int]], one: int, other: int
) -> None:
    start, end = min(one, other), max(one, other)
    coverage, each = said(words)
    ranges = coverage.unverified(start, end)
    assert [at for a, b in ranges for at in range(a, b)] == [at for at in range(start, end) if not each[at]]
    assert all(left[1] < right[0] for left, right in pairwise(ranges))


@given(st.lists(WORDS, max_size=12))
def test_it_is_complete_to_the_end_of_its_first_run(words: list[tuple[str, int, int]]) -> None:
    coverage, each = said(words)
    first = next((at for at, what in enumerate(each) if what), None)
    if first is None:
        assert coverage.complete_to() is None
    else:
        assert coverage.complete_to() == next((at for at in range(first, SIZE) if not each[at]), SIZE)


@given(st.lists(WORDS, max_size=12), st.integers(0, SIZE))
def test_clipped_it_forgets_what_came_before_and_nothing_else(words: list[tuple[str, int, int]], start: int) -> None:
    coverage, each = said(words)
    assert heard(coverage.clipped(start)) == [""] * start + each[start:]


@given(st.lists(WORDS, max_size=12))
def test_what_is_written_as_json_is_read_as_it_was(words: list[tuple[str, int, int]]) -> None:
    coverage = said(words)[0]
    assert Coverage.from_json(coverage.to_json()) == coverage


def test_to_doubt_nothing_parts_no_range() -> None:
    assert Coverage().verify(0, 2).doubt(1, 1) == Coverage().verify(0, 2)


def test_the_json_is_compact() -> None:
    coverage = Coverage().verify(5, 10).absent(10, 12, "no row")
    assert coverage.to_json() == '[[5,10],[10,12,"no row"]]'
    assert Coverage().to_json() == "[]"


@pytest.mark.parametrize(
    "text", ["", "{}", "[[1]]", "[[2,1]]", "[[1,1]]", "[[3,4],[1,2]]", "[[1,3],[2,4]]", "[[-2,4]]"]
)
def test_text_that_is_no_coverage_is_refused(text: str) -> None:
    with pytest.raises(BadCoverage):
        Coverage.from_json(text)


def test_a_hole_needs_evidence_and_keeps_a_short_one() -> None:
    with pytest.raises(ValueError, match="needs evidence"):
        Coverage().absent(1, 2, "")
    assert Coverage().absent(1, 2, "x" * 999).holes == (Span(1, 2, "x" * 200),)


def test_a_range_that_ends_before_it_begins_is_a_mistake() -> None:
    for wrong in (Coverage().verify, Coverage().doubt, Coverage().unverified):
        with pytest.raises(ValueError, match="ends before it begins"):
            wrong(2, 1)
