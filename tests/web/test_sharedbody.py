"""Viewers of one worker who ask alike share a rendering, and never an old one or that of another question."""

from __future__ import annotations

from collections.abc import Callable

from perseus.web.network.sharedbody import BODIES_KEPT, Body, Parts, SharedBody
from tests.web.views import live, view


def of(shared: SharedBody, asked: str, parts: Parts, render: Callable[[], str]) -> str:
    return shared.of((asked, ""), parts, lambda: Body(render().encode(), "")).content.decode()


def test_a_view_is_rendered_once_however_many_look() -> None:
    shared, now, made = SharedBody(), view([live()], []), []
    bodies = [of(shared, "", (now, None), lambda: made.append(1) or f"body {len(made)}") for _ in range(5)]
    assert bodies == ["body 1"] * 5


def test_another_view_or_a_new_trouble_is_rendered_anew() -> None:
    shared, first, second = SharedBody(), view([live()], []), view([live()], [])
    assert of(shared, "", (first, None), lambda: "first") == "first"
    assert of(shared, "", (second, None), lambda: "second") == "second"
    assert of(shared, "", (second, "trouble"), lambda: "third") == "third"


def test_another_question_gets_its_own_body_and_leaves_the_first_one_kept() -> None:
    shared, now = SharedBody(), view([live()], [])
    assert of(shared, "", (now,), lambda: "all") == "all"
    assert of(shared, "state=lost", (now,), lambda: "lost") == "lost"
    assert of(shared, "", (now,), lambda: "again") == "all"


def test_odd_questions_push_out_only_those_that_nobody_asked_lately() -> None:
    shared, now = SharedBody(), view([live()], [])
    of(shared, "", (now,), lambda: "all")
    for number in range(3 * BODIES_KEPT):
        of(shared, f"q={number}", (now,), lambda: "odd")
        assert of(shared, "", (now,), lambda: "again") == "all"
    assert of(shared, "q=0", (now,), lambda: "anew") == "anew"


def test_large_bodies_are_kept_no_further_than_their_bytes_allow() -> None:
    shared, now = SharedBody(kept_bytes=100), view([live()], [])
    of(shared, "a", (now,), lambda: "a" * 80)
    of(shared, "b", (now,), lambda: "b" * 80)
    assert of(shared, "b", (now,), lambda: "anew") == "b" * 80
    assert of(shared, "a", (now,), lambda: "anew") == "anew"
