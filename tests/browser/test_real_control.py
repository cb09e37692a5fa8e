"""The whole way against the simulator, with real processes: set up, connect, progress, active; stop; take over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import WATCH_POLICY
from tests.commands.running import Site, eventually

SECONDS = 40_000
BEGAN = re.compile("warm: the newest of all was there|partial: some of it was there")  # when a candle closed meanwhile
TOLD = re.compile(r"/network/binance\?told=")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """`perseus up` with three exchanges at work, and one more process that waits."""
    site = Site(tmp_path / "home")
    with site.start("up"):
        eventually(site.has_three_active, 60)
        with site.start("ingest", "--idle"):
            yield site


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """Signed in; in the end no console may have complained."""
    said = site.run("sign-in-link").stdout
    context, troubles = browser.new_context(), list[str]()
    page = context.new_page()
    page.add_init_script(WATCH_POLICY)
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    link = re.search(r"https?://\S+sign-in\S*", said)
    assert link, said
    page.goto(link[0])
    yield page
    context.close()
    assert troubles == []


def test_an_exchange_is_stopped_set_up_connected_and_taken_over(site: Site, page: Page) -> None:
    here = f"http://127.0.0.1:{site.port}/network/binance"
    page.goto(here)
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop").click()
    expect(page).to_have_url(TOLD, timeout=SECONDS)
    expect(page.locator("#told")).to_contain_text("Stop on")
    badge = page.locator("#card-2 .card-head .badge")
    expect(badge).to_have_text("Offline · stopped", timeout=SECONDS)

    page.get_by_role("link", name="Connect").click()
    expect(page.get_by_role("heading", name="Set up Binance")).to_be_visible()
    page.get_by_role("button", name="Set up", exact=True).first.click()
    expect(page.get_by_role("radio")).to_have_count(2)
    chosen = page.get_by_role("radio", checked=True).get_attribute("value")
    page.get_by_role("button", name="Connect Binance").click()
    expect(page).to_have_url(TOLD, timeout=SECONDS)
    expect(page.locator("#told")).to_contain_text("binance is active")
    expect(badge).to_have_text("Active", timeout=SECONDS)
    expect(page.locator("#warmup")).to_contain_text(BEGAN)
    expect(page.locator("#card-2")).to_contain_text("Takes commands as")

    page.get_by_role("link", name="Move to another host").click()
    expect(page.get_by_role("heading", name="Binance is in use")).to_be_visible()
    expect(page.get_by_role("radio")).to_have_count(1)
    assert page.get_by_role("radio").get_attribute("value") != chosen
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Take over Binance").click()
    expect(page).to_have_url(TOLD, timeout=SECONDS)
    expect(page.locator("#told")).to_contain_text("Takeover on")
    expect(badge).to_have_text("Active", timeout=SECONDS)
    expect(page.locator(".feed")).to_contain_text("handed over to")
    expect(page.locator(".feed")).to_contain_text("taken over by Tester")
