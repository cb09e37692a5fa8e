"""A paused page asks only when it is told to, and says at once what became of that."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import POLL
from tests.browser.watching import NOISE, Open


def unavailable(page: Page) -> None:
    page.route(POLL, lambda route: route.fulfill(status=503, body="<p>broken</p>"))


def offline(page: Page) -> None:
    page.context.set_offline(True)


def hanging(page: Page) -> None:
    page.route(POLL, lambda route: None)


TROUBLES: dict[str, tuple[Callable[[Page], None], str, int]] = {
    "503": (unavailable, "The server answered 503", 0),
    "offline": (offline, "This browser is offline", 0),
    "no answer in time": (hanging, "The server does not answer", 4_000),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_paused_page_says_at_once_why_a_refresh_brought_nothing(opened: Open, trouble: str) -> None:
    befall, said, takes_ms = TROUBLES[trouble]
    stage = opened("/network?live=off")
    page, stage.expected = stage.page, NOISE
    befall(page)
    page.clock.run_for(2_000)
    expect(page.locator("#stale")).to_be_hidden()
    page.locator("#refresh").click()
    page.clock.run_for(takes_ms)
    expect(page.locator("#stale")).to_be_visible(timeout=1_500)
    expect(page.locator("#stale-text")).to_contain_text(f"{said}. Updates are paused.")
    expect(page.locator("#freshness-mode")).to_have_text("Paused")
    expect(page.locator("html")).to_have_attribute("data-freshness", "paused")
    expect(page.locator(".card")).to_have_count(3)


def test_a_refresh_that_succeeds_takes_the_trouble_back_and_resumes_nothing(opened: Open) -> None:
    stage = opened("/network?live=off")
    page, stage.expected = stage.page, NOISE
    unavailable(page)
    for _ in range(3):
        with page.expect_response(POLL):
            page.locator("#refresh").click()
        page.wait_for_timeout(50)
    expect(page.locator("#stale")).to_be_visible()
    page.unroute(POLL)
    page.locator("#refresh").click()
    expect(page.locator("#stale")).to_be_hidden()
    expect(page.locator("#said")).to_have_text("Updated.")
    expect(page.locator("#freshness-mode")).to_have_text("Paused")
