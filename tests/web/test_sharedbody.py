"""Viewers of one worker who ask alike share a rendering, and never an old one or that of another question."""

from __future__ import annotations

from perseus.web.sharedbody import BODIES_KEPT, SharedBody
from tests.web.views import live, view


def test_a_view_is_rendered_once_however_many_look() -> None:
    shared, now, made = SharedBody(), view([live()], []), []
    bodies = [shared.of("", (now, None), lambda: made.append(1) or f"body {len(made)}") for _ in range(5)]
    assert bodies == [b"body 1"] * 5


def test_another_view_or_a_new_trouble_is_rendered_anew() -> None:
    shared, first, second = SharedBody(), view([live()], []), view([live()], [])
    assert shared.of("", (first, None), lambda: "first") == b"first"
    assert shared.of("", (second, None), lambda: "second") == b"second"
    assert shared.of("", (second, "trouble"), lambda: "third") == b"third"


def test_another_question_gets_its_own_body_and_leaves_the_first_one_kept() -> None:
    shared, now = SharedBody(), view([live()], [])
    assert shared.of("", (now,), lambda: "all") == b"all"
    assert shared.of("state=lost", (now,), lambda: "lost") == b"lost"
    assert shared.of("", (now,), lambda: "again") == b"all"


def test_odd_questions_push_out_only_those_that_nobody_asked_lately() -> None:
    shared, now = SharedBody(), view([live()], [])
    shared.of("", (now,), lambda: "all")
    for number in range(3 * BODIES_KEPT):
        shared.of(f"q={number}", (now,), lambda: "odd")
        assert shared.of("", (now,), lambda: "again") == b"all"
    assert shared.of("q=0", (now,), lambda: "anew") == b"anew"


def test_large_bodies_are_kept_no_further_than_their_bytes_allow() -> None:
    shared, now = SharedBody(kept_bytes=100), view([live()], [])
    shared.of("a", (now,), lambda: "a" * 80)
    shared.of("b", (now,), lambda: "b" * 80)
    assert shared.of("b", (now,), lambda: "anew") == b"b" * 80
    assert shared.of("a", (now,), lambda: "anew") == b"anew"
