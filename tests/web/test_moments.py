"""Points in time as the page shows them."""

from __future__ import annotations

import pytest

from perseus.web import moments
from tests.web.views import HOUR, NOW


def test_a_moment_is_exact_and_relative() -> None:
    moment = moments.ago(NOW - 3_000)
    assert moment is not None
    assert (moment.utc, moment.day, moment.clock) == ("2026-11-21 14:03:19", "2026-11-21", "14:03:19")
    assert (moment.words(NOW), moment.said) == ("3 s ago", "age")


def test_a_lasting_moment_says_the_span_since() -> None:
    moment = moments.lasting(NOW - 4 * HOUR - 23 * 60_000)
    assert moment is not None
    assert (moment.words(NOW), moment.said) == ("4 h 23 min", "span")


def test_an_unknown_moment_stays_unknown() -> None:
    assert moments.ago(None) is None


@pytest.mark.parametrize("ms", [10**18, -(10**18), 2**63])
def test_a_time_beyond_every_calendar_is_unknown(ms: int) -> None:
    assert moments.ago(ms) is None
    assert moments.iso(ms) is None


def test_milliseconds_become_iso_text_for_programs() -> None:
    assert moments.iso(NOW) == "2026-11-21T14:03:22.000Z"


@pytest.mark.parametrize("text", [None, "", "yesterday", "2026-11-21T14:03:22"])
def test_a_text_that_is_no_time_is_read_as_unknown(text: str | None) -> None:
    assert moments.read(text) is None


@pytest.mark.parametrize(
    ("day", "title"),
    [
        ("2026-11-21", "Today, Saturday 21 November"),
        ("2026-11-20", "Yesterday, Friday 20 November"),
        ("2026-11-19", "Thursday 19 November"),
        ("2025-12-31", "Wednesday 31 December 2025"),
    ],
)
def test_a_day_is_named_by_its_distance(day: str, title: str) -> None:
    assert moments.day_title(day, NOW) == title


def test_what_only_looks_like_a_mark_breaks_no_page() -> None:
    odd = "\ue000x1\ue000 \ue000age\ue000 \ue000age" + "9" * 5_000 + "\ue000"
    assert moments.Timed(odd).at(0) == odd
