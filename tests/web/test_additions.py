"""What plugins add to cards: escaped, kept, on their own threads, and never at the cost of a viewer."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint

import pytest
from flask import Flask

from perseus.network.view.directory import Condition, ExchangeStatus
from perseus.pluginhost.context import Context
from perseus.pluginhost.manager import UI, load
from perseus.settings import Settings
from perseus.web.card.additions import BUDGET_SECONDS, EVERY_SECONDS
from perseus.web.extensions import Extensions
from tests.conftest import ManualClock
from tests.plugins.shelf import Shelf, shelf
from tests.web.reading import HTMX, card, card_words, get
from tests.web.views import BINANCE, COINBASE, FakeDirectory, app_of, gone, live, view

__all__ = ["shelf"]

RUNBOOK = EntryPoint("runbook", "tests.plugins.examples.runbook", UI)
ANSWERING = """
from perseus import CardAction, Fragment

answers = {}

@hookimpl
def perseus_card_fragments(status, slot):
    calls.put((status.exchange.name, slot))
    answer = answers.get(slot)
    return answer() if callable(answer) else answer

@hookimpl
def perseus_card_actions(status):
    calls.put((status.exchange.name, "actions"))
    return answers.get("actions")
"""


class Page:
    """The polled part, with the plugins of a shelf and a clock that a test moves."""

    def __init__(self, shelf: Shelf, clock: ManualClock) -> None:
        self.shelf = shelf
        self.clock = clock
        self.directory = FakeDirectory(view([live()]))
        self.extensions = Extensions(load(UI, shelf.entries), elapsed=clock.elapsed)
        self.app = app_of(self.directory, extensions=self.extensions)

    def show(self, *statuses: ExchangeStatus) -> None:
        """From now on the network is like this."""
        self.directory.shown = view(statuses)

    def card(self, exchange_id: int = COINBASE.id) -> str:
        return card(get(self.app, "/network/live", **HTMX).text, exchange_id)

    def words(self, exchange_id: int = COINBASE.id) -> str:
        return card_words(get(self.app, "/network/live", **HTMX).text, exchange_id)

    def settled(self) -> None:
        """Look, and let every plugin finish what it was asked."""
        self.words()
        for contributor in self.extensions._contributors:
            done = threading.Event()
            contributor._lane.put(done.set)
            assert done.wait(10)
        self.directory.shown = view(self.directory.shown.exchanges)


@pytest.fixture
def page(shelf: Shelf, clock: ManualClock) -> Iterator[Callable[[], Page]]:
    made: list[Page] = []

    def make() -> Page:
        made.append(Page(shelf, clock))
        return made[-1]

    yield make
    for one in made:
        one.extensions.close(0)


def asked(shelf: Shelf, name: str) -> list[tuple[str, str]]:
    calls = shelf.module(name).calls
    return [calls.get_nowait() for _ in range(calls.qsize())]


def answer(shelf: Shelf, name: str, **answers: object) -> None:
    shelf.module(name).answers.update(answers)


def test_fragments_and_actions_stand_in_their_places(shelf: Shelf, page: Callable[[], Page]) -> None:
    shelf.add("more", ANSWERING)
    shown = page()
    module = shelf.module("more")
    answer(
        shelf, "more", badge=[module.Fragment("oncall: ada")], body=[module.Fragment("12 gaps", "/-/plugins/more/gaps")]
    )
    answer(
        shelf,
        "more",
        footer=(module.Fragment("since Monday"),),
        actions=[module.CardAction("Runbook", "/-/plugins/more/")],
    )
    assert "oncall: ada" not in shown.words(), "the first viewer does not wait"
    shown.settled()
    markup = shown.card()
    head, rest = markup.split("</header>", 1)
    assert '<span class="tag tag-plain">oncall: ada</span>' in head
    assert '<a class="tag tag-plain" href="/-/plugins/more/gaps">12 gaps</a>' in rest
    assert "since Monday" in rest
    assert '<a class="button" href="/-/plugins/more/">Runbook</a>' in rest


def test_the_example_adds_to_cards_that_need_somebody() -> None:
    directory = FakeDirectory(view([live(), gone(Condition.OFFLINE, BINANCE)]))
    extensions = Extensions(load(UI, entry_points=[RUNBOOK]))
    app = app_of(directory, extensions=extensions)
    _until(app, directory, "see the runbook")
    page = get(app, "/network").text
    assert "see the runbook" in card_words(page, BINANCE.id)
    assert "see the runbook" not in card_words(page, COINBASE.id)
    assert 'href="/-/plugins/runbook/binance"' in card(page, BINANCE.id)
    extensions.close(1)


def _until(app: Flask, directory: FakeDirectory, said: str) -> None:
    give_up = time.monotonic() + 10
    while said not in get(app, "/network/live", **HTMX).text:
        assert time.monotonic() < give_up
        directory.shown = view(directory.shown.exchanges)
        time.sleep(0.01)


def test_what_a_plugin_says_is_text_whatever_it_says(shelf: Shelf, page: Callable[[], Page]) -> None:
    shelf.add("sly", "from markupsafe import Markup\n" + ANSWERING)
    shown = page()
    module = shelf.module("sly")
    evil = "<script>alert(1)</script>"
    answer(
        shelf,
        "sly",
        badge=[module.Fragment(module.Markup(evil)), module.Fragment("a\u202eb" + "c" * 500, '/x"onclick="y')],
    )
    answer(shelf, "sly", actions=[module.CardAction(evil, "/x")])
    shown.settled()
    markup = shown.card()
    assert "<script" not in markup
    assert markup.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 2
    assert 'href="/x&#34;onclick=&#34;y"' in markup
    assert "\u202e" not in markup
    assert "more characters)" in markup


def test_a_plugin_is_asked_when_facts_have_changed_and_at_most_every_five_seconds(
    shelf: Shelf, page: Callable[[], Page], clock: ManualClock
) -> None:
    shelf.add("more", ANSWERING)
    shown = page()
    shown.settled()
    assert asked(shelf, "more") == [("coinbase", slot) for slot in ("badge", "body", "footer", "actions")]
    clock.advance(EVERY_SECONDS)
    shown.settled()
    assert asked(shelf, "more") == [], "nothing has changed"
    shown.show(live(symbol_count=7))
    shown.settled()
    assert len(asked(shelf, "more")) == 4
    shown.show(live(symbol_count=8))
    clock.advance(EVERY_SECONDS - 0.1)
    shown.settled()
    assert asked(shelf, "more") == [], "five seconds have not passed"
    clock.advance(0.1)
    shown.settled()
    assert len(asked(shelf, "more")) == 4


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


def test_a_card_takes_five_of_a_kind(shelf: Shelf, page: Callable[[], Page]) -> None:
    shelf.add("many", ANSWERING)
    shown = page()
    module = shelf.module("many")
    answer(shelf, "many", body=[module.Fragment(f"number {number}") for number in range(9)])
    shown.settled()
    assert "number 4" in shown.words()
    assert "number 5" not in shown.words()


def test_a_plugin_is_shut_down_with_its_worker(shelf: Shelf, settings: Settings) -> None:
    shelf.add("opened", "@hookimpl\ndef perseus_shutdown(context):\n    calls.put(context)\n")
    plugins, context = load(UI, shelf.entries), Context(settings)
    plugins.startup(context)
    Extensions(plugins, context).close(5)
    assert shelf.heard("opened") is context
