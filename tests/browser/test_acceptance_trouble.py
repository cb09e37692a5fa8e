"""Lines 7, 8, 9 and 17 of the acceptance list: the page never looks fresher than it is, and never loses its cards."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import POLL, serving
from tests.browser.watching import NOISE, Open, later
from tests.web.views import FakeDirectory, app_of

LAST_KNOWN = "(badge) => getComputedStyle(badge, '::before').content"
BAD: dict[str, Callable[[Route], None]] = {
    "500": lambda route: route.fulfill(status=500, content_type="text/html", body="<p>broken</p>"),
    "503": lambda route: route.fulfill(status=503, body="<p>broken</p>"),
    "502 of a proxy": lambda route: route.fulfill(status=502, content_type="text/html", body="<h1>Bad gateway</h1>"),
    "no answer in time": lambda route: None,
    "cut off": lambda route: route.abort(),
    "another page": lambda route: route.fulfill(status=200, content_type="text/html", body="<h1>Sign in</h1>"),
    "nothing": lambda route: route.fulfill(status=204),
}
REASONS = {
    "500": "The server answered 500",
    "503": "The server answered 503",
    "502 of a proxy": "The server answered 502",
    "another page": "you may have to sign in again",
    "nothing": "Something else answered",
}


def signed_out(route: Route) -> None:
    """As the guard answers a poll without a session."""
    back = urlsplit(route.request.headers["hx-current-url"])
    route.fulfill(status=401, headers={"HX-Redirect": f"/sign-in?next={back.path}%3F{back.query}"})


def last_known(page: Page) -> bool:
    """Are the badges marked as no longer sure?"""
    return "last known" in page.locator("#card-1 .badge").first.evaluate(LAST_KNOWN)


def test_line_07_a_server_that_stopped_is_told_in_12_s_marks_cards_at_45_s_and_recovery_clears_both(
    opened: Open, directory: FakeDirectory
) -> None:
    app = app_of(directory)
    with serving(app) as address:
        stage = opened(where=address)
        stage.poll()
    page, stage.expected = stage.page, NOISE
    stage.pass_time(10)
    expect(page.locator("#stale")).to_be_hidden()
    stage.pass_time(3)
    expect(page.locator("#stale")).to_be_visible()
    expect(page.locator("#stale-text")).to_contain_text("The server does not answer")
    expect(page.locator("#freshness-mode")).to_have_text("Not updating")
    expect(page).to_have_title("Not updating · 1 down · Network")
    assert not last_known(page)
    stage.pass_time(33)
    expect(page.locator("html")).to_have_attribute("data-freshness", "stale")
    assert last_known(page)
    expect(page.locator(".card")).to_have_count(3)
    directory.shown = later(directory.shown, 50)
    with serving(app, int(address.rsplit(":", 1)[1])):
        page.locator("#refresh").click()
        expect(page.locator("#stale")).to_be_hidden()
        expect(page.locator("html")).to_have_attribute("data-freshness", "live")
        expect(page.locator("#said")).to_have_text("Updates have resumed.")
        assert not last_known(page)


@pytest.mark.parametrize("how", BAD)
def test_line_08_no_bad_answer_replaces_the_cards(opened: Open, how: str) -> None:
    stage = opened()
    page, stage.expected = stage.page, NOISE
    page.route(POLL, BAD[how])
    stage.pass_time(13)
    expect(page.locator("#stale-text")).to_contain_text(REASONS.get(how, "The server does not answer"))
    expect(page.locator(".card")).to_have_count(3)
    expect(page.locator(".row")).to_have_count(3)
    page.unroute(POLL)
    page.locator("#refresh").click()
    expect(page.locator("#stale")).to_be_hidden()


def test_line_08_a_browser_without_a_network_says_that_it_is_the_browser(opened: Open) -> None:
    stage = opened()
    stage.expected = NOISE
    stage.page.context.set_offline(True)
    stage.pass_time(13)
    expect(stage.page.locator("#stale-text")).to_contain_text("This browser is offline")
    with stage.page.expect_response(POLL):
        stage.page.context.set_offline(False)
    expect(stage.page.locator("#stale")).to_be_hidden()


def test_line_08_after_three_failures_the_page_asks_less_often(opened: Open) -> None:
    stage = opened()
    stage.expected = NOISE
    asked: list[str] = []
    stage.page.route(POLL, lambda route: (asked.append("once"), route.fulfill(status=503)))
    stage.pass_time(15)
    assert len(asked) == 3
    stage.pass_time(9)
    assert len(asked) == 3
    stage.pass_time(6)
    assert len(asked) == 4


def test_line_09_a_signed_out_poll_leads_to_the_sign_in_with_the_way_back(opened: Open) -> None:
    stage = opened()
    stage.expected = NOISE
    stage.page.route(POLL, signed_out)
    stage.page.route("**/sign-in?**", lambda route: route.fulfill(content_type="text/html", body="<h1>Sign in</h1>"))
    stage.page.clock.run_for(5_000)
    expect(stage.page).to_have_url(re.compile(r"/sign-in\?next=/network"))


@pytest.mark.parametrize("minutes", [-10, 10])
def test_line_17_a_clock_that_is_ten_minutes_off_changes_no_age(
    opened: Open, directory: FakeDirectory, minutes: int
) -> None:
    stage = opened(at=directory.shown.now_ms / 1000 + 60 * minutes)
    beat = stage.page.locator("#card-1 .beat time")
    expect(beat).to_have_text("3 s ago")
    stage.page.route(POLL, lambda route: route.abort())
    stage.expected = NOISE
    stage.pass_time(9)
    # The clock also goes on by itself, for as long as a busy machine takes for those nine seconds.
    expect(beat).to_have_text(re.compile(r"^1[2-9] s ago$"))
    expect(stage.page.locator("#card-1 .beat")).to_have_attribute("data-grade", "yellow")
