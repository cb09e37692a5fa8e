"""How the Network page uses its space in a real browser: nothing is cut, blank, or said by colour alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from perseus.network.exchange import Exchange
from perseus.network.log.activity import Event
from perseus.network.view.directory import Condition
from tests.browser.conftest import Stage
from tests.web.views import BINANCE, COINBASE, KRAKEN, FakeDirectory, event, gone, live, view

Open = Callable[..., Stage]


@pytest.mark.parametrize("width", [320, 375, 800, 1280, 1920])
def test_nothing_has_to_be_scrolled_sideways(opened: Open, directory: FakeDirectory, width: int) -> None:
    long = "a-host-name-without-any-place-to-break-it." * 6
    hosts = [live(COINBASE, hostname=long, last_error=long, fields={"k": long}), gone(Condition.CORRUPT, KRAKEN, long)]
    junk = Event(KRAKEN, "1-0", {"event": long, long: long})
    directory.shown = view(hosts, [event(), event(event="error", error=long), junk])
    page = opened(viewport={"width": width, "height": 800}).page
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [375, 1280])
def test_no_name_address_or_error_of_the_feed_is_cut(opened: Open, directory: FakeDirectory, width: int) -> None:
    exchange = Exchange(1, "coinbase", "Coinbase Advanced Trade")
    long = "1006 abnormal closure while reading. " * 30
    directory.shown = view(
        [live(exchange, last_error=long)], [event(exchange), event(exchange, 1, event="error", error=long)]
    )
    page = opened(viewport={"width": width, "height": 800}).page
    for more in page.get_by_text("show all").all():
        more.click()
    cut = page.locator(".feed *, .card-error *, .card-error-text").evaluate_all(
        "(all) => all.filter((one) => !one.matches('.unseen, .icon') && getComputedStyle(one).overflow !== 'visible'"
        " && (one.scrollWidth > one.clientWidth || one.scrollHeight > one.clientHeight)).map((one) => one.className)"
    )
    assert cut == []
    expect(page.locator(".row-error")).to_contain_text(long.strip())


def test_a_tall_card_leaves_no_blank_space_in_its_neighbours(opened: Open, directory: FakeDirectory) -> None:
    directory.shown = view([live(COINBASE, last_error="trouble " * 20), live(BINANCE)])
    page = opened(viewport={"width": 1280, "height": 800}).page
    blank = page.locator("#card-2").evaluate(
        "(card) => card.getBoundingClientRect().bottom - card.lastElementChild.getBoundingClientRect().bottom"
    )
    assert blank < 16


@pytest.mark.parametrize("media", [{"media": "print"}, {"forced_colors": "active"}, {"color_scheme": "dark"}])
def test_every_state_is_said_in_words_in_every_medium(opened: Open, media: dict[str, str]) -> None:
    page = opened().page
    page.emulate_media(**media)  # type: ignore[arg-type]
    for number, word in ((COINBASE.id, "Active"), (KRAKEN.id, "Offline · lost")):
        expect(page.locator(f"#card-{number} .card-head .badge")).to_be_visible()
        expect(page.locator(f"#card-{number} .card-head .badge")).to_have_text(word)
