"""The Network page in a real browser: it shows, follows, keeps what readers do, and never looks fresher than it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from playwright.sync_api import Locator, expect

from perseus.network.directory import Condition, NetworkView, StoreNotice
from perseus.network.states import State
from perseus.web import moments
from tests.browser.conftest import Stage
from tests.web.test_words import AGES, SPANS
from tests.web.views import BINANCE, COINBASE, FakeDirectory, event, gone, live

Open = Callable[..., Stage]
OFFLINE_NOISE = ("htmx: htmx:error", "Failed to load resource")
# htmx itself marks the region and its direct children while it works; everything else counts.
COUNT_MUTATIONS = """() => {
  window.mutations = [];
  const region = document.getElementById("network-live");
  const counts = (one) => one.attributeName !== "class" || ![one.target, one.target.parentElement].includes(region);
  const named = (one) => one.target.outerHTML ?? one.type;
  new MutationObserver((seen) => window.mutations.push(...seen.filter(counts).map(named)))
    .observe(region, {subtree: true, childList: true, characterData: true, attributes: true});
}"""


def later(shown: NetworkView, seconds: float, **changes: object) -> NetworkView:
    """The view read again `seconds` later."""
    return replace(shown, now_ms=shown.now_ms + round(seconds * 1000), **changes)  # type: ignore[arg-type]


def top_of(element: Locator) -> float:
    """Where it stands in the window, in pixels."""
    return float(element.evaluate("(element) => element.getBoundingClientRect().top"))


def clock_of(ms: int) -> str:
    """The time of day, as the header shows it."""
    moment = moments.ago(ms)
    assert moment is not None
    return moment.clock


def test_every_card_and_event_is_there(opened: Open) -> None:
    page = opened().page
    expect(page.locator(".card")).to_have_count(3)
    expect(page.locator("#card-4 .badge").first).to_have_text("Offline · lost")
    expect(page.locator("#card-1 .badge").first).to_have_text("Active")
    expect(page.locator(".row")).to_have_count(3)
    expect(page.locator("#freshness-mode")).to_have_text("Live")


def test_a_change_appears_with_the_next_poll_and_without_a_reload(opened: Open, directory: FakeDirectory) -> None:
    stage = opened()
    stage.page.evaluate("() => { window.sameDocument = true; }")
    directory.shown = later(
        directory.shown,
        5,
        exchanges=(live(COINBASE, State.STOPPING, now=directory.shown.now_ms), *directory.shown.exchanges[1:]),
    )
    stage.poll()
    expect(stage.page.locator("#card-1 .badge").first).to_have_text("Stopping")
    expect(stage.page).to_have_title("1 down · Network")
    assert stage.page.evaluate("() => window.sameDocument") is True


def test_focus_open_details_selection_and_scroll_survive_polls(opened: Open, directory: FakeDirectory) -> None:
    now = directory.shown.now_ms
    events = tuple(event(COINBASE, now - 60_000 * number) for number in range(1, 51))
    directory.shown = replace(directory.shown, events=events)
    stage = opened()
    page = stage.page
    page.locator("#card-1-more summary").click()
    page.locator("#card-2-more summary").focus()
    page.locator(".row").nth(30).scroll_into_view_if_needed()
    read = page.locator(".row").nth(30).get_attribute("id")
    stood = top_of(page.locator(f"#{read}"))
    page.evaluate("() => getSelection().selectAllChildren(document.getElementById('card-1-name'))")
    for number in range(1, 4):
        fresh = event(BINANCE, now + number, event="error", error=f"trouble {number}")
        directory.shown = later(directory.shown, 5, events=(fresh, *directory.shown.events[:49]))
        stage.poll()
    expect(page.locator(".row-error").first).to_have_text("trouble 3")
    assert page.locator("#card-1-more").evaluate("(details) => details.open") is True
    assert page.evaluate("() => document.activeElement.parentElement.id") == "card-2-more"
    assert abs(top_of(page.locator(f"#{read}")) - stood) < 1
    assert page.evaluate("() => getSelection().toString()") == "Coinbase"


def test_an_unchanged_network_touches_nothing_but_the_ages(opened: Open, directory: FakeDirectory) -> None:
    stage = opened()
    stage.poll()
    stage.page.evaluate(COUNT_MUTATIONS)
    for _ in range(3):
        directory.shown = later(directory.shown, 5)
        stage.poll()
    touched = stage.page.evaluate("() => window.mutations")
    not_ages = [one for one in touched if not re.match(r"<time |<span class=\"beat-word\"|<div class=\"beat\"", one)]
    assert not_ages == []


def test_ages_are_right_though_the_clock_of_the_browser_is_wrong(opened: Open, directory: FakeDirectory) -> None:
    ten_minutes_off = directory.shown.now_ms / 1000 - 600
    stage = opened(at=ten_minutes_off)
    beat = stage.page.locator("#card-1 .beat time")
    expect(beat).to_have_text("3 s ago")
    stage.page.route("**/network/live", lambda route: route.abort())
    stage.expected = OFFLINE_NOISE
    stage.pass_time(9)
    expect(beat).to_have_text("12 s ago")
    expect(stage.page.locator("#card-1 .beat")).to_have_attribute("data-grade", "yellow")


@pytest.mark.parametrize("how", ["offline", "paused"])
def test_a_healthy_card_is_not_blamed_while_nothing_is_heard_of_it(opened: Open, how: str) -> None:
    stage = opened()
    stage.expected = OFFLINE_NOISE
    if how == "paused":
        stage.page.get_by_role("button", name="Pause").click()
    stage.page.route("**/network/live", lambda route: route.abort())
    stage.pass_time(40)
    expect(stage.page.locator("#card-1 .beat time")).to_have_text("43 s ago")
    expect(stage.page.locator("#card-1 .beat-word")).to_have_text("on time")
    expect(stage.page.locator("#card-1 .beat")).to_have_attribute("data-grade", "green")


def test_the_header_of_a_page_without_its_store_tells_when_that_was_read(
    opened: Open, directory: FakeDirectory
) -> None:
    read_at_ms, sound = directory.shown.now_ms, directory.shown
    stage = opened()
    header = stage.page.locator(".freshness-line")
    expect(header).to_contain_text(f"Updated {clock_of(read_at_ms)} UTC")
    lost = tuple(gone(Condition.UNKNOWN, status.exchange) for status in sound.exchanges)
    directory.shown = later(sound, 65, exchanges=lost, store=StoreNotice(False), read_at_ms=read_at_ms)
    stage.poll()
    expect(header).to_have_text(f"No data store As read at {clock_of(read_at_ms)} UTC (1 min ago)", use_inner_text=True)
    directory.shown = later(sound, 70, store=StoreNotice(False), exchanges=(), read_at_ms=None)
    stage.poll()
    expect(stage.page.locator("#freshness-none")).to_be_visible()
    expect(stage.page.locator("#freshness-read")).to_be_hidden()
    directory.shown = later(sound, 75)
    stage.poll()
    expect(header).to_contain_text(f"Live Updated {clock_of(read_at_ms + 75_000)} UTC", use_inner_text=True)


@pytest.mark.parametrize("how", ["503", "offline", "a stranger"])
def test_a_page_that_gets_no_answer_says_so_keeps_its_cards_and_recovers(opened: Open, how: str) -> None:
    stage = opened()
    page, stage.expected = stage.page, OFFLINE_NOISE
    answers = {
        "503": lambda route: route.fulfill(status=503, body="<p>broken</p>"),
        "offline": lambda route: route.abort(),
        "a stranger": lambda route: route.fulfill(status=200, content_type="text/html", body="<h1>Sign in</h1>"),
    }
    reasons = {"503": "The server answered 503", "offline": "The server does not answer", "a stranger": "sign in again"}
    page.route("**/network/live", answers[how])
    stage.pass_time(11)
    expect(page.locator("#stale")).to_be_hidden()
    stage.pass_time(2)
    expect(page.locator("#stale")).to_be_visible()
    expect(page.locator("#stale-text")).to_contain_text(reasons[how])
    expect(page.locator("#freshness-mode")).to_have_text("Not updating")
    expect(page.locator(".card")).to_have_count(3)
    stage.pass_time(33)
    expect(page.locator("html")).to_have_attribute("data-freshness", "stale")
    assert "last known" in page.locator("#card-1 .badge").first.evaluate(
        "(badge) => getComputedStyle(badge, '::before').content"
    )
    page.unroute("**/network/live")
    page.locator("#refresh").click()
    expect(page.locator("#stale")).to_be_hidden()
    expect(page.locator("html")).to_have_attribute("data-freshness", "live")


def test_after_three_failures_the_page_asks_less_often(opened: Open) -> None:
    stage = opened()
    stage.expected = OFFLINE_NOISE
    asked: list[str] = []
    stage.page.route("**/network/live", lambda route: (asked.append("once"), route.fulfill(status=503)))
    stage.pass_time(15)
    assert len(asked) == 3
    stage.pass_time(9)
    assert len(asked) == 3
    stage.pass_time(6)
    assert len(asked) == 4


def test_pause_stops_the_polls_survives_a_reload_and_is_announced(opened: Open) -> None:
    stage = opened()
    page = stage.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "live" in request.url.split("/")[-1] else None)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#said")).to_have_text("Updates paused.")
    page.reload()
    expect(page.locator("#freshness-mode")).to_have_text("Paused")
    asked.clear()
    stage.pass_time(20)
    assert asked == []
    expect(page.locator("#freshness-age")).to_have_text("(20 s ago)")
    with page.expect_response("**/network/live"):
        page.get_by_role("button", name="Resume").click()
    expect(page.locator("#freshness-mode")).to_have_text("Live")


def test_a_hidden_tab_does_not_poll_and_asks_at_once_when_it_is_seen_again(opened: Open) -> None:
    stage = opened()
    page = stage.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/network/live") else None)
    page.evaluate("() => Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    stage.pass_time(12)
    assert asked == []
    with page.expect_response("**/network/live"):
        page.evaluate(
            "() => { Object.defineProperty(document, 'hidden', {value: false, configurable: true});"
            " document.dispatchEvent(new Event('visibilitychange')); }"
        )


def test_without_javascript_the_page_is_whole_and_can_be_refreshed(opened: Open) -> None:
    page = opened(java_script_enabled=False).page
    expect(page.locator(".card")).to_have_count(3)
    assert "Without it, use Refresh." in page.content()
    expect(page.locator("#pause")).to_be_hidden()
    page.get_by_role("link", name="Refresh").click()
    expect(page.locator(".card")).to_have_count(3)


def test_browser_and_server_say_ages_in_the_same_words(opened: Open) -> None:
    said = opened().page.evaluate(
        "async ([ages, spans]) => { const {age, span} = await import('/static/js/ages.js');"
        " return [ages.map(age), spans.map(span)]; }",
        [[ms for ms, _ in AGES], [ms for ms, _ in SPANS]],
    )
    assert said == [[text for _, text in AGES], [text for _, text in SPANS]]
