"""What plugins add to cards: escaped, kept, and asked for no more often than facts change."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.metadata import EntryPoint

from flask import Flask

from perseus.network.view.directory import Condition
from perseus.pluginhost.context import Context
from perseus.pluginhost.manager import UI, load
from perseus.settings import Settings
from perseus.web.card.additions import EVERY_SECONDS
from perseus.web.extensions import Extensions
from tests.conftest import ManualClock
from tests.plugins.shelf import Shelf, shelf
from tests.web.adding import ANSWERING, Page, answer, asked, page
from tests.web.reading import HTMX, card, card_words, get
from tests.web.views import BINANCE, COINBASE, FakeDirectory, app_of, gone, live, view

__all__ = ["page", "shelf"]

RUNBOOK = EntryPoint("runbook", "tests.plugins.examples.runbook", UI)


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
