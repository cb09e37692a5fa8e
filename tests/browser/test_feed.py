"""The feed in a real browser: it holds still for its readers, loses nothing between pages, and keeps what is typed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from playwright.sync_api import Page, expect

from perseus.network.log.activity import Event
from perseus.network.view.directory import ActivityPage, NetworkView
from tests.browser.axe import faults_everywhere
from tests.browser.conftest import Stage
from tests.web.views import BINANCE, COINBASE, FakeDirectory, event

Open = Callable[..., Stage]
NOISE = ("htmx: htmx:error", "htmx: htmx:response:error", "Failed to load resource")


def later(shown: NetworkView, **changes: object) -> NetworkView:
    return replace(shown, now_ms=shown.now_ms + 5_000, **changes)  # type: ignore[arg-type]


def shown_events(page: Page) -> list[str]:
    found: list[str] = page.locator(".row").evaluate_all("(rows) => rows.map((row) => row.id)")
    return found


def ids(*events: Event) -> list[str]:
    return [f"event-{one.exchange.name}-{one.stream_id}" for one in events]


def fifty(directory: FakeDirectory) -> tuple[Event, ...]:
    """A full newest page with older events behind it."""
    now = directory.shown.now_ms
    newest = tuple(event(COINBASE, now - 1_000 * number) for number in range(1, 51))
    directory.shown = replace(directory.shown, events=newest, older=newest[-1].name)
    return newest


def happen(directory: FakeDirectory, count: int) -> tuple[Event, ...]:
    """That many new events; gives them, newest first."""
    now, shown = directory.shown.now_ms, directory.shown.events
    fresh = tuple(event(BINANCE, now + number) for number in range(count, 0, -1))
    events = (*fresh, *shown)[:50]
    directory.shown = later(directory.shown, events=events, older=events[-1].name)
    return fresh


def test_older_events_stay_and_none_falls_between_when_new_ones_come(opened: Open, directory: FakeDirectory) -> None:
    newest, now = fifty(directory), directory.shown.now_ms
    old = tuple(event(COINBASE, now - 100_000 - number) for number in range(3))
    directory.pages = {newest[-1].name: ActivityPage(old, None)}
    stage = opened()
    page = stage.page
    page.get_by_role("link", name="Load older").click()
    expect(page.locator(".row")).to_have_count(53)
    expect(page.locator("#feed-more")).to_be_hidden()
    page.evaluate("() => scrollTo(0, 0)")
    fresh = happen(directory, 2)
    stage.poll()
    expect(page.get_by_role("button", name="2 new events", exact=True)).to_be_visible()
    assert shown_events(page) == ids(*newest, *old)
    page.get_by_role("button", name="2 new events").click()
    expect(page.locator(".row")).to_have_count(50)
    assert shown_events(page) == ids(*fresh, *newest[:48])
    expect(page.get_by_role("link", name="Load older")).to_be_visible()


def test_older_events_of_a_day_that_is_headed_above_stand_under_that_heading(
    opened: Open, directory: FakeDirectory
) -> None:
    at = 1_795_269_802_000  # an afternoon, so that what is a few minutes older is of the same day
    pages = [tuple(event(COINBASE, at - 60_000 * number) for number in range(first, first + 50)) for first in (1, 51)]
    before = (event(COINBASE, at - 60_000 * 101), event(COINBASE, at - 86_400_000), event(COINBASE, at - 90_000_000))
    directory.shown = replace(directory.shown, now_ms=at, events=pages[0], older=pages[0][-1].name)
    directory.pages = {
        pages[0][-1].name: ActivityPage(pages[1], pages[1][-1].name),
        pages[1][-1].name: ActivityPage(before, None),
    }
    page = opened().page
    page.get_by_role("link", name="Load older").click()
    expect(page.locator(".row")).to_have_count(100)
    expect(page.locator(".day h3:visible")).to_have_text(["Today, Saturday 21 November"])
    page.get_by_role("link", name="Load older").click()
    expect(page.locator(".row")).to_have_count(103)
    expect(page.locator(".day h3:visible")).to_have_text(
        ["Today, Saturday 21 November", "Yesterday, Friday 20 November"]
    )


def test_a_reader_who_has_scrolled_into_the_feed_is_told_and_not_moved(opened: Open, directory: FakeDirectory) -> None:
    newest = fifty(directory)
    stage = opened(viewport={"width": 1280, "height": 500})
    page = stage.page
    row = page.locator(f"#{ids(newest[30])[0]}")
    row.evaluate("(row) => row.scrollIntoView({block: 'center'})")
    before = row.bounding_box()
    happen(directory, 1)
    stage.poll()
    happen(directory, 2)
    stage.poll()
    assert row.bounding_box() == before
    assert shown_events(page) == ids(*newest)
    page.get_by_role("button", name="3 new events").click()
    expect(page.locator(".row").first).to_be_in_viewport()
    expect(page.locator("#feed-title")).to_be_focused()
    expect(page.locator("#feed-news button")).to_have_count(0)


def test_who_stands_above_the_feed_sees_what_is_new_at_once(opened: Open, directory: FakeDirectory) -> None:
    newest = fifty(directory)
    stage = opened()
    fresh = happen(directory, 3)
    stage.poll()
    expect(stage.page.locator(".row").first).to_have_id(ids(fresh[0])[0])
    assert shown_events(stage.page) == ids(*fresh, *newest[:47])
    expect(stage.page.locator("#feed-news button")).to_have_count(0)


def test_scrolling_back_up_lets_the_feed_go_on(opened: Open, directory: FakeDirectory) -> None:
    newest = fifty(directory)
    stage = opened(viewport={"width": 1280, "height": 500})
    stage.page.locator(f"#{ids(newest[30])[0]}").evaluate("(row) => row.scrollIntoView({block: 'center'})")
    fresh = happen(directory, 1)
    stage.poll()
    stage.page.evaluate("() => scrollTo(0, 0)")
    stage.poll()
    expect(stage.page.locator(".row").first).to_have_id(ids(*fresh)[0])
    expect(stage.page.locator("#feed-news button")).to_have_count(0)


def test_a_feed_that_is_all_new_does_not_claim_to_count(opened: Open, directory: FakeDirectory) -> None:
    newest = fifty(directory)
    stage = opened(viewport={"width": 1280, "height": 500})
    stage.page.locator(f"#{ids(newest[30])[0]}").evaluate("(row) => row.scrollIntoView({block: 'center'})")
    happen(directory, 50)
    stage.poll()
    expect(stage.page.get_by_role("button", name="50 or more new events")).to_be_visible()


def test_a_button_whose_answer_fails_does_not_jump_later(opened: Open, directory: FakeDirectory) -> None:
    newest = fifty(directory)
    stage = opened(viewport={"width": 1280, "height": 500})
    stage.expected, page = NOISE, stage.page
    page.locator(f"#{ids(newest[30])[0]}").evaluate("(row) => row.scrollIntoView({block: 'center'})")
    happen(directory, 1)
    stage.poll()
    page.route("**/network/live*", lambda route: route.fulfill(status=503))
    with page.expect_response("**/network/live*"):
        page.get_by_role("button", name="1 new event").click()
    page.unroute("**/network/live*")
    stage.poll()
    assert shown_events(page) == ids(*newest)


def test_older_events_that_cannot_be_had_are_not_taken_for_none(opened: Open, directory: FakeDirectory) -> None:
    fifty(directory)
    stage = opened()
    stage.expected = NOISE
    stage.page.route("**/network/feed?**", lambda route: route.fulfill(status=503))
    stage.page.get_by_role("link", name="Load older").click()
    expect(stage.page.get_by_role("link", name="Older events could not be loaded. Try again")).to_be_visible()


def test_what_is_typed_into_the_filter_survives_polls_and_holds_for_them(
    opened: Open, directory: FakeDirectory
) -> None:
    stage = opened()
    page = stage.page
    page.get_by_text("Filter, search, export").click()
    page.get_by_label("Search").last.fill("warm")
    happen(directory, 1)
    stage.poll()
    expect(page.get_by_label("Search").last).to_have_value("warm")
    expect(page.get_by_label("Search").last).to_be_focused()
    page.get_by_label("Exchange").last.select_option("binance")
    page.locator("#feed-filter").get_by_role("button", name="Show").click()
    expect(page.get_by_text("All events of Binance with “warm”")).to_be_visible()
    expect(page.locator(".row")).to_have_count(2)
    happen(directory, 1)
    stage.poll()
    expect(page.locator(".row")).to_have_count(3)
    expect(page.locator(".card")).to_have_count(3)


def test_without_javascript_the_feed_is_filtered_and_paged_back(opened: Open, directory: FakeDirectory) -> None:
    newest = fifty(directory)
    directory.pages = {newest[-1].name: ActivityPage((event(BINANCE, directory.shown.now_ms - 90_000),), None)}
    page = opened(java_script_enabled=False).page
    page.get_by_text("Filter, search, export").click()
    page.get_by_label("Exchange").last.select_option("coinbase")
    page.locator("#feed-filter").get_by_role("button", name="Show").click()
    expect(page.locator(".row")).to_have_count(50)
    page.get_by_role("link", name="Show everything").click()
    page.get_by_role("link", name="Load older").click()
    expect(page.get_by_role("heading", name="Older activity")).to_be_visible()
    expect(page.locator(".row")).to_have_count(1)
    page.get_by_role("link", name="Newest activity").click()
    expect(page.locator(".row")).to_have_count(50)


def test_the_feed_is_without_faults_while_it_is_filtered_folded_and_held_still(
    opened: Open, directory: FakeDirectory
) -> None:
    now = directory.shown.now_ms
    errors = tuple(event(COINBASE, now - 60_000 * number, 0, event="error", error="1006") for number in range(1, 51))
    directory.shown = replace(directory.shown, events=errors[:3], older=errors[2].name)
    directory.pages = {
        None: ActivityPage(errors[:3], errors[2].name),
        errors[2].name: ActivityPage((event(COINBASE, now - 9_000_000, 0, event="error", error="x " * 200),), None),
    }
    stage = opened("/network?kind=error&find=e&from=2020-01-01")
    page = stage.page
    page.locator(".row-note summary").click()
    expect(page.get_by_text("3 entries say the same")).to_be_visible()
    page.get_by_role("link", name="Load older").click()
    expect(page.locator("#feed-older .row")).to_have_count(1)
    fresh = event(BINANCE, now + 1, 0, event="error", error="new")
    directory.shown = later(directory.shown, events=(fresh, *errors[:3]))
    stage.poll()
    expect(page.get_by_role("button", name="1 new event")).to_be_visible()
    assert faults_everywhere(page) == []
