"""Viewers of one worker share a rendering, and never an old one."""

from __future__ import annotations

from perseus.web.sharedbody import SharedBody
from tests.web.views import live, view


def test_a_view_is_rendered_once_however_many_look() -> None:
    shared, now, made = SharedBody(), view([live()], []), []
    bodies = [shared.of((now, None), lambda: made.append(1) or f"body {len(made)}") for _ in range(5)]
    assert bodies == [b"body 1"] * 5


def test_another_view_or_a_new_trouble_is_rendered_anew() -> None:
    shared, first, second = SharedBody(), view([live()], []), view([live()], [])
    assert shared.of((first, None), lambda: "first") == b"first"
    assert shared.of((second, None), lambda: "second") == b"second"
    assert shared.of((second, "trouble"), lambda: "third") == b"third"
