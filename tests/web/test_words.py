"""Ages, spans, counts and labels as text."""

from __future__ import annotations

import pytest

from perseus.web import words

S, M, H, D = words.SECOND, words.MINUTE, words.HOUR, words.DAY

AGES = [
    (-5 * S, "0 s ago"),
    (0, "0 s ago"),
    (999, "0 s ago"),
    (59 * S + 999, "59 s ago"),
    (M, "1 min ago"),
    (H - 1, "59 min ago"),
    (H, "1 h ago"),
    (D - 1, "23 h ago"),
    (90 * D, "90 d ago"),
]
SPANS = [
    (-1, "0 s"),
    (0, "0 s"),
    (59 * S, "59 s"),
    (M, "1 min 0 s"),
    (4 * M + 12 * S, "4 min 12 s"),
    (4 * H + 23 * M, "4 h 23 min"),
    (D, "1 d 0 h"),
    (3 * D + 4 * H + 59 * M, "3 d 4 h"),
]


@pytest.mark.parametrize(("ms", "said"), AGES)
def test_an_age_coarsens_with_distance(ms: int, said: str) -> None:
    assert words.age(ms) == said


@pytest.mark.parametrize(("ms", "said"), SPANS)
def test_a_span_has_two_units(ms: int, said: str) -> None:
    assert words.span(ms) == said


@pytest.mark.parametrize(
    ("value", "said"), [(0, "0"), (1234567, "1,234,567"), (1.5, "1.5"), (1000.0, "1,000"), (-2.25, "-2.25")]
)
def test_a_number_is_grouped_and_short(value: float, said: str) -> None:
    assert words.number(value) == said


@pytest.mark.parametrize(("length", "is_cut"), [(0, False), (200, False), (201, True)])
def test_only_a_text_that_is_much_too_long_gets_an_opening(length: int, is_cut: bool) -> None:
    opening = words.opening("x" * length)
    assert opening == ("x" * 160 + "…" if is_cut else None)


def test_only_one_is_singular() -> None:
    assert [words.counted(count, "exchange") for count in (0, 1, 2)] == ["0 exchanges", "1 exchange", "2 exchanges"]


@pytest.mark.parametrize(
    ("names", "said"), [((), ""), (("a",), "a"), (("a", "b"), "a and b"), (("a", "b", "c"), "a, b and c")]
)
def test_names_are_listed(names: tuple[str, ...], said: str) -> None:
    assert words.listed(names) == said


@pytest.mark.parametrize(
    ("key", "said"),
    [("lagMs", "Lag ms"), ("message_count", "Message count"), ("feed", "Feed"), ("b2bOrders", "B2b orders"), ("", "")],
)
def test_a_key_of_the_payload_becomes_words(key: str, said: str) -> None:
    assert words.label(key) == said


def test_what_cannot_be_seen_is_made_visible() -> None:
    assert words.plain("a\x00b\u202ec\ud800d") == "a\ufffdb\ufffdc\ufffdd"


def test_line_breaks_become_spaces() -> None:
    assert words.plain("one\ntwo\tthree") == "one two three"


def test_a_long_text_says_how_much_is_missing() -> None:
    assert words.plain("x" * 1_005, 5) == "xxxxx… (1,000 more characters)"


def test_a_text_within_its_limit_is_whole() -> None:
    assert words.plain("x" * 500) == "x" * 500
