"""Whom to believe of sentinels that differ: each case with what stands after it."""

from __future__ import annotations

import pytest

from perseus.store.belief import UNTOLD, Told, believed, is_clear

PLACES = {letter: (letter, 6379) for letter in "abf"}


def told(text: str) -> list[Told]:
    """Of `a1 a1 f9`: places of one letter with their epochs, `a?` where none is told."""
    return [Told(PLACES[one[0]], UNTOLD if one[1] == "?" else int(one[1])) for one in text.split()]


def after(known: str, found: str, named: int) -> Told | None:
    return believed(next(iter(told(known)), None), told(found), named)


@pytest.mark.parametrize(
    ("known", "found", "named", "then"),
    [
        ("a1", "b2 b2 a1", 3, "b2"),
        ("a1", "b2 a1 a1", 3, "a1"),
        ("a1", "b2 a1", 3, "b2"),
        ("a1", "b2", 3, "b2"),
        ("a1", "b2", 2, "b2"),
        ("a1", "b2", 1, "b2"),
        ("a1", "f9 a1 a1 a1", 4, "a1"),
        ("a1", "f9 b2 b2 b2", 4, "b2"),
        ("a1", "f9 a1 a1", 4, "a1"),
        ("a1", "f9 b2 b2", 4, "b2"),
        ("a1", "f9 f9 a1 a1 a1", 5, "a1"),
        ("a1", "b2 a1 a1", 7, "b2"),
        ("f9", "a1 a1 a1 f9", 4, "a1"),
        ("f9", "a1 a1 f9", 4, "f9"),
        ("a5", "b5", 3, "a5"),
        ("a5", "b5 b5 a5", 3, "b5"),
        ("a5", "b1 b1", 3, "b1"),
        ("a5", "b1", 3, "a5"),
        ("a5", "a1 a1", 3, "a1"),
        ("a5", "a1", 3, "a5"),
        ("a1", "a3", 3, "a3"),
        ("a1", "", 3, "a1"),
        ("", "a1 a1 f9", 3, "a1"),
        ("", "a1 b2", 3, "b2"),
        ("", "a1 a1 b2 f9", 5, "a1"),
        ("", "a1", 3, "a1"),
        ("a?", "b? a?", 3, "a?"),
        ("a?", "b? b? a?", 3, "b?"),
        ("a?", "b?", 3, "b?"),
    ],
)
def test_what_stands(known: str, found: str, named: int, then: str) -> None:
    assert after(known, found, named) == told(then)[0]


def test_nothing_stands_before_anybody_told() -> None:
    assert believed(None, [], 3) is None


@pytest.mark.parametrize("known", ["", "a1"])
def test_in_which_order_they_are_asked_makes_no_difference(known: str) -> None:
    assert {after(known, found, 4) for found in ("f9 a1 a1", "a1 f9 a1", "a1 a1 f9")} == {Told(PLACES["a"], 1)}


@pytest.mark.parametrize(
    ("known", "found", "clear"),
    [("", "a1", False), ("", "a1 a1", True), ("a1", "a1", True), ("a1", "b2", False), ("a1", "b2 a1", False)],
)
def test_the_first_that_tells_what_is_known_is_enough_and_after_another_most_must_agree(
    known: str, found: str, clear: bool
) -> None:
    assert is_clear(next(iter(told(known)), None), told(found), 3) is clear
