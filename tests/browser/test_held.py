"""A browser says which answer it holds, is sent the rest, and has all of it again when it was wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from playwright.sync_api import Page, Response, expect

from perseus.network.view.directory import Condition
from tests.browser.conftest import POLL, Stage
from tests.browser.watching import later
from tests.web.views import BINANCE, KRAKEN, FakeDirectory, event, gone, live

Open = Callable[..., Stage]
PARTS = ('id="card-4-name"', 'id="card-2-name"', 'id="event-coinbase')


def polls(page: Page) -> list[Response]:
    """Answers to polls, from now on."""
    found = list[Response]()
    page.on("response", lambda response: found.append(response) if POLL.search(response.url) else None)
    return found


def test_the_second_poll_brings_only_what_is_new_and_the_page_shows_all(opened: Open, directory: FakeDirectory) -> None:
    stage = opened()
    answers = polls(stage.page)
    stage.poll()
    first, *others = directory.shown.exchanges
    now = directory.shown.now_ms + 1_000
    busy = replace(live(BINANCE, now=now, symbol_count=77), exchange=BINANCE)
    directory.shown = later(directory.shown, 1, exchanges=(first, busy, *others[1:]))
    stage.poll()
    whole, part = (answer.text() for answer in answers)
    assert [one in whole for one in PARTS] == [True, True, True]
    assert [one in part for one in PARTS] == [False, True, False]
    expect(stage.page.locator("#card-2")).to_contain_text("77")
    expect(stage.page.locator("#card-1")).to_contain_text("Heartbeat")
    expect(stage.page.locator(".row")).to_have_count(3)


def test_a_card_that_the_page_has_lost_comes_back_whole(opened: Open) -> None:
    stage = opened()
    stage.poll()
    stage.page.evaluate("() => document.getElementById('card-4').remove()")
    stage.poll()
    with stage.page.expect_response(POLL):
        stage.page.clock.run_for(100)
    expect(stage.page.locator("#card-4")).to_contain_text("Host")
    expect(stage.page.locator("[data-drawn]:empty")).to_have_count(0)


def test_a_reader_who_holds_the_feed_still_gets_all_of_it_when_asking_for_it(
    opened: Open, directory: FakeDirectory
) -> None:
    stage = opened(viewport={"width": 800, "height": 300})
    stage.poll()
    stage.page.evaluate("() => document.getElementById('feed-newest').scrollIntoView()")
    for number in (1, 2):
        fresh = event(BINANCE, directory.shown.now_ms + 1_000)
        directory.shown = later(directory.shown, 1, events=(fresh, *directory.shown.events))
        stage.poll()
        expect(stage.page.locator("#feed-news")).to_contain_text(f"{number} new event")
        expect(stage.page.locator(".row")).to_have_count(3)
    with stage.page.expect_response(POLL):
        stage.page.locator("#feed-news button").click()
    expect(stage.page.locator(".row")).to_have_count(5)


def test_cards_change_their_order_among_shells(opened: Open, directory: FakeDirectory) -> None:
    stage = opened()
    stage.poll()
    first, second, _ = directory.shown.exchanges
    lost = gone(Condition.OFFLINE, second.exchange)
    directory.shown = later(directory.shown, 1, exchanges=(first, lost, replace(live(KRAKEN), exchange=KRAKEN)))
    stage.poll()
    order = stage.page.locator(".card").evaluate_all("(cards) => cards.map((card) => card.id)")
    assert order[0] == "card-2"
    for card in ("#card-1", "#card-2", "#card-4"):
        expect(stage.page.locator(card)).to_contain_text("Host")
