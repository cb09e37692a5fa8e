"""A plugin that fails, hangs or talks nonsense costs its own part of a card, and never a viewer."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import pytest

from perseus.web.card.additions import BUDGET_SECONDS, EVERY_SECONDS
from tests.conftest import ManualClock
from tests.plugins.shelf import Shelf, shelf
from tests.web.adding import ANSWERING, Page, answer, page
from tests.web.views import live

__all__ = ["page", "shelf"]


def test_a_plugin_that_fails_is_named_on_its_card_alone_and_logged_once(
    shelf: Shelf, page: Callable[[], Page], clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.add("wrong", ANSWERING)
    shelf.add("good", ANSWERING)
    shown = page()
    good, wrong = shelf.module("good"), shelf.module("wrong")
    answer(shelf, "good", body=[good.Fragment("all is well")])
    answer(shelf, "wrong", badge=[wrong.Fragment("said before it failed")], body=lambda: 1 // 0)
    with caplog.at_level(logging.INFO):
        for symbols in range(3):
            shown.show(live(symbol_count=symbols))
            shown.settled()
            clock.advance(EVERY_SECONDS)
        said = shown.words()
        assert "Plugin wrong failed." in said
        assert "all is well" in said
        assert "said before it failed" not in said
        assert "ZeroDivisionError" not in said
        answer(shelf, "wrong", body=[])
        shown.show(live(symbol_count=9))
        shown.settled()
        assert "Plugin wrong" not in shown.words()
    ours = [record for record in caplog.records if record.name == "perseus.web.card.additions"]
    assert [record.levelname for record in ours] == ["ERROR", "INFO"]
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("nonsense", ["text", [1], 7, {"a": 1}, [None]])
def test_an_answer_that_is_none_of_those_allowed_is_a_failure(
    shelf: Shelf, page: Callable[[], Page], nonsense: object
) -> None:
    shelf.add("wrong", ANSWERING)
    shown = page()
    answer(shelf, "wrong", actions=nonsense)
    shown.settled()
    assert "Plugin wrong failed." in shown.words()


def test_what_would_end_a_process_costs_the_plugin_alone(shelf: Shelf, page: Callable[[], Page]) -> None:
    shelf.add("wrong", ANSWERING)
    shown = page()

    def leave() -> None:
        raise SystemExit(3)

    answer(shelf, "wrong", body=leave)
    shown.settled()
    assert "Plugin wrong failed." in shown.words()


def test_an_answer_over_the_budget_is_dropped_and_the_last_one_stays(
    shelf: Shelf, page: Callable[[], Page], clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.add("slow", ANSWERING)
    shown = page()
    module = shelf.module("slow")
    answer(shelf, "slow", badge=[module.Fragment("in time")], footer=[module.Fragment("old")])
    shown.settled()

    def late() -> list[object]:
        clock.advance(BUDGET_SECONDS + 0.01)
        return [module.Fragment("too late")]

    answer(shelf, "slow", badge=late, footer=[module.Fragment("new")])
    with caplog.at_level(logging.WARNING):
        for symbols in range(3):
            clock.advance(EVERY_SECONDS)
            shown.show(live(symbol_count=symbols))
            shown.settled()
    said = shown.words()
    assert "in time" in said
    assert "new" in said
    assert "too late" not in said
    assert len([record for record in caplog.records if "takes longer than 0.05 s" in record.message]) == 1


def test_a_plugin_that_hangs_holds_up_no_viewer_and_is_named(
    shelf: Shelf, page: Callable[[], Page], clock: ManualClock
) -> None:
    shelf.add("stuck", ANSWERING)
    shelf.add("good", ANSWERING)
    shown = page()
    free, good = threading.Event(), shelf.module("good")
    answer(shelf, "stuck", badge=free.wait)
    answer(shelf, "good", body=[good.Fragment("all is well")])
    try:
        shown.words()
        assert shelf.heard("stuck") == ("coinbase", "badge")
        clock.advance(EVERY_SECONDS)
        began = time.monotonic()
        for symbols in range(200):
            shown.show(live(symbol_count=symbols))
            shown.words()
        assert time.monotonic() - began < 5
        said = shown.words()
        assert "Plugin stuck does not answer." in said
        assert "all is well" in said
        assert shown.extensions._contributors[1]._lane._calls.qsize() == 0, "nothing piles up behind a call that hangs"
    finally:
        free.set()
