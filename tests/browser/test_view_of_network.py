"""Finding, looking and going back in time in a browser, with JavaScript and without."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Request, expect

from perseus.clock import iso
from perseus.network.exchange import Exchange
from perseus.network.states import State
from perseus.network.view.directory import Condition
from perseus.network.view.past import PastNetwork
from tests.browser.axe import faults_everywhere
from tests.browser.watching import Open, later
from tests.web.views import BINANCE, COINBASE, HOUR, FakeDirectory, event, gone, live, view

BEYOND = """() => {
  const root = document.documentElement;
  return [root.scrollWidth - innerWidth, root.scrollHeight - innerHeight];
}"""
LETTERS = "(one) => parseFloat(getComputedStyle(one).fontSize)"
WIDTH_TAKEN = "() => document.documentElement.scrollWidth"


@pytest.fixture
def past(directory: FakeDirectory) -> str:
    """The address of a moment at which Coinbase was lost."""
    at_ms = directory.shown.now_ms - 2 * HOUR
    lost = gone(Condition.OFFLINE, COINBASE, "no heartbeat until its lease ended", since_ms=at_ms - 90_000)
    was = view([lost, live(BINANCE, now=at_ms)], [event(COINBASE, at_ms - 90_000)])
    directory.was = PastNetwork(later(was, 0, read_at_ms=directory.shown.now_ms), at_ms - 90_000, at_ms + 60_000)
    return f"/network?at={iso(at_ms)}"


def test_what_is_being_typed_and_chosen_survives_the_polls(opened: Open) -> None:
    stage = opened("/network?q=bin")
    stage.page.get_by_role("searchbox", name="Find exchanges").fill("half typ")
    stage.page.locator("#card-state").select_option("offline")
    for _ in range(3):
        stage.poll()
    expect(stage.page.get_by_role("searchbox", name="Find exchanges")).to_have_value("half typ")
    expect(stage.page.locator("#card-state")).to_have_value("offline")


def test_every_poll_asks_for_what_the_page_was_asked_for(opened: Open) -> None:
    asked: list[str] = []

    def note(request: Request) -> None:
        if "/network/live" in request.url:
            asked.append(request.url.split("/network/live")[1])

    stage = opened("/network?state=active&q=bin")
    stage.page.on("request", note)
    for _ in range(2):
        stage.poll()
    assert asked == ["?state=active&q=bin"] * 2
    expect(stage.page.locator(".card")).to_have_count(1)


def test_a_card_that_no_longer_fits_goes_with_the_next_poll_and_the_page_says_why(
    opened: Open, directory: FakeDirectory
) -> None:
    stage = opened("/network?state=lost")
    expect(stage.page.locator(".card")).to_have_count(1)
    served = [live(one, State.ACTIVE, now=directory.shown.now_ms) for one in (COINBASE, BINANCE)]
    directory.shown = later(directory.shown, 5, exchanges=tuple(served))
    stage.poll()
    expect(stage.page.locator(".card")).to_have_count(0)
    expect(stage.page.get_by_role("heading", name="No exchange matches")).to_be_visible()
    stage.page.get_by_role("link", name="Show all").last.click()
    expect(stage.page.locator(".card")).to_have_count(2)


def test_a_tally_filters_and_filters_no_more(opened: Open) -> None:
    page = opened().page
    page.locator("#summary").get_by_role("link", name="Offline").click()
    expect(page.locator(".card")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"/network\?state=lost$"))
    page.locator("#summary").get_by_role("link", name="Offline").click()
    expect(page.locator(".card")).to_have_count(3)


def test_without_javascript_cards_are_found_and_looked_at_and_left(opened: Open) -> None:
    page = opened(java_script_enabled=False).page
    page.get_by_role("searchbox", name="Find exchanges").fill("coin")
    page.get_by_role("button", name="Find").click()
    expect(page.locator(".card")).to_have_count(1)
    page.get_by_role("link", name="Dense").click()
    expect(page.locator(".cards.dense .card")).to_have_count(1)
    page.get_by_role("link", name="Wall").click()
    expect(page.locator(".cards.wall .card")).to_have_count(1)
    page.get_by_role("link", name="Leave the wall").click()
    expect(page.locator(".cards.dense .card")).to_have_count(1)


def test_names_on_a_wall_are_read_across_a_room(opened: Open) -> None:
    page = opened("/network?wall=1", viewport={"width": 1920, "height": 1080}).page
    sizes = page.locator(".card h3, .card .badge").evaluate_all(
        "(some) => some.map((one) => parseFloat(getComputedStyle(one).fontSize))"
    )
    assert min(sizes) >= 24
    expect(page.locator("#feed")).to_have_count(0)


def test_the_past_asks_nobody_and_changes_nothing(opened: Open, past: str) -> None:
    stage = opened(past)
    asked: list[str] = []
    expect(stage.page.get_by_text("This is not now")).to_be_visible()
    stage.page.on("request", lambda request: asked.append(request.url))
    before = stage.page.locator("main").inner_html()
    stage.pass_time(12)
    assert asked == []
    assert stage.page.locator("main").inner_html() == before
    stage.page.get_by_role("link", name="Back to now").click()
    expect(stage.page.locator("#network-live .card")).to_have_count(3)


def test_a_time_is_typed_and_gone_to(opened: Open, past: str) -> None:
    page = opened("/network?view=dense").page
    page.get_by_text("As it was at").click()
    page.get_by_label("Time (UTC)").fill(past.split("at=")[1][:19])
    page.get_by_role("button", name="Go there").click()
    expect(page.get_by_text("This is not now")).to_be_visible()
    expect(page.locator(".cards.dense .card")).to_have_count(2)


def test_the_past_is_without_faults(opened: Open, past: str) -> None:
    assert faults_everywhere(opened(past).page) == []


@pytest.mark.parametrize("query", ["", "view=dense", "wall=1", "state=lost&q=kraken", "past"])
def test_no_view_is_wider_than_a_phone_of_320_pixels(opened: Open, past: str, query: str) -> None:
    path = past if query == "past" else f"/network?{query}"
    page = opened(path, viewport={"width": 320, "height": 700}).page
    assert page.evaluate(WIDTH_TAKEN) <= 320


@pytest.mark.parametrize("width", [768, 1280, 1920])
@pytest.mark.parametrize("count", [1, 2, 3, 6])
def test_a_wall_with_few_exchanges_fills_the_screen_in_large_letters(
    opened: Open, directory: FakeDirectory, count: int, width: int
) -> None:
    height = {768: 1024, 1280: 720, 1920: 1080}[width]
    some = [live(Exchange(number, f"exchange_{number}", f"Exchange {number}")) for number in range(1, count + 1)]
    directory.shown = view([gone(Condition.OFFLINE, some[0].exchange, "its lease ran out"), *some[1:]])
    page = opened("/network?wall=1", viewport={"width": width, "height": height}).page
    boxes = [box for one in page.locator(".card").all() if (box := one.bounding_box())]
    assert sum(box["width"] * box["height"] for box in boxes) > 0.6 * width * height
    assert page.evaluate(BEYOND) == [0, 0], "and nothing has to be scrolled"
    assert page.locator(".card h3").first.evaluate(LETTERS) >= min(width, height) / 27


def test_one_click_from_a_past_page_stays_in_the_past_and_the_page_of_then_is_sound(opened: Open, past: str) -> None:
    stage = opened(past)
    page = stage.page
    page.get_by_role("link", name="Coinbase").click()
    expect(page.locator("#past")).to_contain_text("This is not now: Coinbase as it was at")
    expect(page.locator(".card")).to_have_count(1)
    expect(page.locator("#card-1 .badge").first).to_have_text("Offline · lost")
    assert faults_everywhere(page) == []
    page.get_by_role("link", name="Back to now").click()
    expect(page.locator("#freshness-mode")).to_have_text("Live")
    expect(page).to_have_url(f"{stage.address}/network/coinbase")
