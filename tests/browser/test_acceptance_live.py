"""Lines 1 to 6 of the acceptance list: the page is whole, follows by itself, and leaves the reader alone."""

from __future__ import annotations

import re
from dataclasses import replace

from playwright.sync_api import expect

from perseus.network.states import State
from tests.browser.conftest import POLL
from tests.browser.watching import COUNT_MUTATIONS, SET_HIDDEN, Open, later, polls_of, top_of
from tests.web.views import BINANCE, COINBASE, FakeDirectory, event, live

AGES = re.compile(r"<time |<span class=\"beat-word\"|<div class=\"beat\"")


def test_line_01_the_first_load_without_javascript_shows_every_exchange_and_fifty_events(
    opened: Open, directory: FakeDirectory
) -> None:
    now = directory.shown.now_ms
    directory.shown = replace(directory.shown, events=tuple(event(COINBASE, now - number) for number in range(50)))
    page = opened(java_script_enabled=False).page
    expect(page.locator(".card")).to_have_count(3)
    expect(page.locator(".row")).to_have_count(50)
    assert "Without it, use Refresh." in page.content()
    expect(page.locator("#pause")).to_be_hidden()
    page.get_by_role("link", name="Refresh").click()
    expect(page.locator(".card")).to_have_count(3)


def test_line_02_a_change_appears_within_five_seconds_and_without_a_reload(
    opened: Open, directory: FakeDirectory
) -> None:
    stage = opened()
    expect(stage.page.locator("#card-4 .badge").first).to_have_text("Offline · lost")
    stage.page.evaluate("() => { window.sameDocument = true; }")
    stopping = live(COINBASE, State.STOPPING, now=directory.shown.now_ms)
    directory.shown = later(directory.shown, 5, exchanges=(stopping, *directory.shown.exchanges[1:]))
    stage.poll()
    expect(stage.page.locator("#card-1 .badge").first).to_have_text("Stopping")
    assert stage.page.evaluate("() => window.sameDocument") is True


def test_line_03_focus_open_details_scroll_typed_filter_and_selection_survive_three_polls(
    opened: Open, directory: FakeDirectory
) -> None:
    now = directory.shown.now_ms
    directory.shown = replace(directory.shown, events=tuple(event(COINBASE, now - 60_000 * n) for n in range(1, 51)))
    stage = opened()
    page = stage.page
    page.locator("#card-1-more summary").click()
    page.locator("#feed-filter summary").click()
    page.get_by_label("Search").fill("half typ")
    page.locator("#card-2-more summary").focus()
    page.locator(".row").nth(30).scroll_into_view_if_needed()
    read = page.locator(".row").nth(30).get_attribute("id")
    stood = top_of(page.locator(f"#{read}"))
    page.evaluate("() => getSelection().selectAllChildren(document.getElementById('card-1-name'))")
    for number in range(1, 4):
        fresh = event(BINANCE, now + number, event="error", error=f"trouble {number}")
        directory.shown = later(directory.shown, 5, events=(fresh, *directory.shown.events[:49]))
        stage.poll()
    assert page.locator("#card-1-more").evaluate("(details) => details.open") is True
    expect(page.get_by_label("Search")).to_have_value("half typ")
    assert page.evaluate("() => document.activeElement.parentElement.id") == "card-2-more"
    assert abs(top_of(page.locator(f"#{read}")) - stood) < 1
    assert page.evaluate("() => getSelection().toString()") == "Coinbase"


def test_line_04_unchanged_data_mutates_nothing_but_the_ages(opened: Open, directory: FakeDirectory) -> None:
    stage = opened()
    stage.poll()
    stage.page.evaluate(COUNT_MUTATIONS)
    for _ in range(3):
        directory.shown = later(directory.shown, 5)
        stage.poll()
    touched = stage.page.evaluate("() => window.mutations")
    assert [one for one in touched if not AGES.match(one)] == []


def test_line_05_a_hidden_tab_sends_nothing_and_asks_at_once_when_it_is_seen_again(opened: Open) -> None:
    stage = opened()
    asked = polls_of(stage.page)
    stage.page.evaluate(SET_HIDDEN, True)
    stage.pass_time(20)
    assert asked == []
    expect(stage.page).to_have_title("Not updating · 1 down · Network")
    with stage.page.expect_response(POLL):
        stage.page.evaluate(SET_HIDDEN, False)
    expect(stage.page).to_have_title("1 down · Network")
    expect(stage.page.locator("#stale")).to_be_hidden()
    assert len(asked) == 1


def test_line_06_pause_stops_polls_survives_a_reload_stands_in_the_address_and_is_announced(opened: Open) -> None:
    stage = opened()
    page, asked = stage.page, polls_of(stage.page)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#said")).to_have_text("Updates paused.")
    expect(page).to_have_url(re.compile(r"live=off"))
    page.goto(f"{stage.address}/network")
    expect(page.locator("#freshness-mode")).to_have_text("Paused")
    expect(page).to_have_url(re.compile(r"live=off"))
    asked.clear()
    stage.pass_time(20)
    assert asked == []
    expect(page.locator("#freshness-age")).to_have_text("(20 s ago)")
    expect(page).to_have_title("Paused · 1 down · Network")
    with page.expect_response(POLL):
        page.get_by_role("button", name="Resume").click()
    expect(page.locator("#freshness-mode")).to_have_text("Live")
    expect(page.locator("#said")).to_have_text("Updates resumed.")
    assert "live=off" not in page.url


def test_line_06_an_address_that_says_so_opens_paused_and_is_not_remembered(opened: Open) -> None:
    stage = opened("/network?live=off")
    page, asked = stage.page, polls_of(stage.page)
    expect(page.locator("#freshness-mode")).to_have_text("Paused")
    stage.pass_time(10)
    assert asked == []
    page.goto(f"{stage.address}/network")
    expect(page.locator("#freshness-mode")).to_have_text("Live")
