"""Setting up an exchange, testing it, and watching symbols: in a real browser, as an operator does it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from playwright.sync_api import expect

from perseus import db, keys
from perseus.control.command import Command
from perseus.control.outcomes import Status
from perseus.db import userexchanges, watched
from perseus.db.userexchanges import Access
from perseus.market.ticker import Ticker
from perseus.market.tickercache import TickerCache
from perseus.network.exchange import Exchange
from tests.browser.axe import faults_everywhere
from tests.browser.test_narrow import SIDEWAYS
from tests.browser.test_notify import Open, ops
from tests.browser.test_notify import opened as opened_site
from tests.web.conftest import notified
from tests.web.holding import HOLDER
from tests.web.hosting import TARGET, Host, lists, reading
from tests.web.notified import Notified
from tests.web.symbolsite import WATCHED, runs

__all__ = ["notified", "opened_site", "ops"]

BINANCE = Exchange(2, "binance", "Binance")
SYMBOLS = "/exchanges/binance/symbols"
NOBODY = "Nobody serves it now. It is taken in at the next start."
NOT_TAKEN = ("422 (UNPROCESSABLE ENTITY)",)


@pytest.fixture
def site(ops: Notified) -> Notified:
    """What Binance lists is known, and two of it are watched, one with a ticker."""
    lists(ops.client, BINANCE.id, 60_000)
    watched.watch(ops.database_url, BINANCE, ["BTC-USDT", "LUNA-USDT"], "a.very.long.address@departments.example.org")
    ticker = Ticker("BTC-USDT", "97000.5", None, None, None, None, "21000", "97000", "97001", ops.now_ms())
    TickerCache(ops.client, BINANCE.id, "7").store([ticker])
    return ops


def test_an_exchange_is_set_up_and_the_way_goes_on(opened_site: Open, site: Notified) -> None:
    page = opened_site("/exchanges?exchange=binance&next=/network/binance").page
    expect(page.get_by_role("heading", name="Set up Binance")).to_be_visible()
    expect(page.get_by_text("refuses requests from the United States with HTTP 451")).to_be_visible()
    expect(page.get_by_label("Variable of the API key")).to_have_value("")
    page.get_by_label("Variable of the API key").fill("BINANCE_API_KEY")
    page.get_by_label("Variable of the API secret").fill("BINANCE_API_SECRET")
    page.get_by_label("What you call it").fill("Ours")
    page.get_by_role("button", name="Set up", exact=True).click()
    expect(page).to_have_url(re.compile("/network/binance$"))
    page.get_by_role("link", name="Exchanges", exact=True).click()
    expect(page.locator("#record-binance")).to_contain_text("Default")
    expect(page.locator("#record-binance")).to_contain_text("BINANCE_API_KEY, BINANCE_API_SECRET")


def test_a_secret_in_the_wrong_place_is_refused_and_is_not_shown_again(opened_site: Open, site: Notified) -> None:
    scene = opened_site("/exchanges?exchange=binance")
    scene.expected = NOT_TAKEN
    page, secret = scene.page, "0123456789abcdef" * 4
    page.get_by_label("Variable of the API key").fill("BINANCE_API_KEY")
    page.get_by_label("Variable of the API secret").fill(secret)
    page.get_by_role("button", name="Set up", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was saved.")
    field = page.get_by_label("Variable of the API secret")
    expect(field).to_have_value("")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Variable of the API key")).to_have_value("BINANCE_API_KEY")
    assert secret not in page.content()
    assert faults_everywhere(page) == []


def test_a_test_of_the_connection_shows_how_far_it_is_and_what_came_of_it(opened_site: Open, site: Notified) -> None:
    userexchanges.add_record(site.database_url, 1, BINANCE, Access("Ours", "B_KEY", "B_SECRET"))
    with Host(site.client, site.control_key or b"", reading(site.client, ("B_KEY",)), delay_seconds=1.5):
        page = opened_site("/exchanges/binance").page
        page.get_by_role("button", name="Test").click()
        expect(page.locator("#command")).to_have_attribute("data-answer", "pending")
        page.evaluate("() => { window.sameDocument = true; }")
        expect(page.locator("#command")).to_have_attribute("data-answer", "done", timeout=10_000)
        assert page.evaluate("() => window.sameDocument") is True
    expect(page.locator("#command")).to_contain_text("It answered in 87 ms and lists 6 symbols.")
    expect(page.locator("#command dl div").nth(0)).to_contain_text("B_KEYset")
    expect(page.locator("#command dl div").nth(1)).to_contain_text("not set: give it to the ingest process")
    assert faults_everywhere(page) == []
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    longer_than_two_polls_ms = 2_500
    page.wait_for_timeout(longer_than_two_polls_ms)
    assert asked == [], "what has ended is not asked for again"
    page.get_by_role("link", name="Back").click()
    expect(page.locator("#test")).to_contain_text("never")


def test_without_a_host_it_says_how_to_start_one(opened_site: Open, site: Notified) -> None:
    userexchanges.add_record(site.database_url, 1, BINANCE, Access("Ours", None, None))
    page = opened_site("/exchanges/binance").page
    expect(page.locator("#test")).to_contain_text("No ingest process takes commands now.")
    expect(page.locator("#test code")).to_have_text("perseus ingest --idle")
    expect(page.get_by_role("button", name="Test")).to_have_count(0)


def test_symbols_are_searched_added_and_taken_out(opened_site: Open, site: Notified) -> None:
    page = opened_site(SYMBOLS).page
    expect(page.locator("#watched tbody tr").first).to_contain_text("BTC-USDT")
    expect(page.locator("#watched tbody tr").first).to_contain_text("A rank 1")
    expect(page.locator("#watched tbody tr").nth(1)).to_contain_text("halted (BREAK)")
    page.get_by_label("Part of a symbol").fill("eth")
    page.get_by_role("button", name="Search").click()
    page.get_by_label("ETH-USDT").check()
    page.get_by_role("button", name="Watch the chosen", exact=True).click()
    expect(page.get_by_role("status").first).to_have_text(f"1 symbol added. {NOBODY} Connect it.")
    page.locator("#watched").get_by_label("LUNA-USDT").check()
    page.get_by_role("button", name="Watch the chosen no longer").click()
    assert len(db.watched_symbols(site.database_url, BINANCE)) == 3, "it is asked about first"
    page.get_by_role("dialog").get_by_role("button", name="Watch the chosen no longer").click()
    expect(page.get_by_role("status").first).to_have_text(f"1 symbol removed. {NOBODY} Connect it.")
    assert db.watched_symbols(site.database_url, BINANCE) == ("BTC-USDT", "ETH-USDT")


def test_once_what_runs_has_taken_a_change_in_the_whole_page_says_so_and_keeps_what_was_typed(
    opened_site: Open, site: Notified
) -> None:
    runs(site, "BTC-USDT", "LUNA-USDT", origin=WATCHED)

    def take(_: Command) -> tuple[Status, str, Mapping[str, Any]]:
        runs(site, "BTC-USDT", origin=WATCHED)
        watched.watch(site.database_url, BINANCE, ["AAA-USDT", "SOL-USDT"], "somebody else")
        return Status.DONE, "It takes in 1 symbol now.", {}

    page = opened_site(SYMBOLS).page
    page.locator("#watched").get_by_label("LUNA-USDT").check()
    page.get_by_role("button", name="Watch the chosen no longer").click()
    page.get_by_role("dialog").get_by_role("button", name="Watch the chosen no longer").click()
    expect(page.locator("#running")).to_contain_text("It was told so, and stops that in a moment.")
    page.locator("#watched").get_by_label("BTC-USDT").check()
    page.get_by_label("Symbols", exact=True).fill("DOGE-USDT")
    page.get_by_label("Part of a symbol").fill("eth")
    with Host(site.client, site.control_key or b"", take, HOLDER, role="serving", exchangeId=2):
        expect(page.locator("#command")).to_have_attribute("data-answer", "done", timeout=10_000)
    expect(page.locator("#running")).to_have_count(0)
    expect(page.locator("#watched tbody tr")).to_have_count(3)
    chosen = page.locator("#watched input:checked")
    expect(chosen).to_have_count(1)
    expect(chosen).to_have_value("BTC-USDT")
    expect(page.get_by_label("Symbols", exact=True)).to_have_value("DOGE-USDT")
    expect(page.get_by_label("Part of a symbol")).to_have_value("eth")
    assert faults_everywhere(page) == []


def test_a_page_that_was_opened_while_somebody_takes_one_out_follows_until_it_is_out(
    opened_site: Open, site: Notified
) -> None:
    runs(site, "BTC-USDT", "LUNA-USDT", origin=WATCHED)
    watched.unwatch(site.database_url, BINANCE, ["LUNA-USDT"])
    page = opened_site(SYMBOLS).page
    expect(page.locator("#running")).to_contain_text("still takes in 1 symbol that is not watched any more.")
    page.locator("#watched").get_by_label("BTC-USDT").check()
    page.get_by_label("Symbols", exact=True).fill("DOGE-USDT")
    runs(site, "BTC-USDT", origin=WATCHED)
    expect(page.locator("#running")).to_have_count(0, timeout=10_000)
    expect(page.locator("#look[hx-get]")).to_have_count(0)
    expect(page.locator("#watched input:checked")).to_have_value("BTC-USDT")
    expect(page.get_by_label("Symbols", exact=True)).to_have_value("DOGE-USDT")
    assert faults_everywhere(page) == []


def test_many_are_read_from_a_file_and_each_line_is_answered(opened_site: Open, site: Notified) -> None:
    page = opened_site(SYMBOLS).page
    text = "symbol\nETHUSDT\nBTC-USDT\nOLD-USDT\nBTC-USD\n"
    page.get_by_label("Or a file").set_input_files(
        {"name": "mine.csv", "mimeType": "text/csv", "buffer": text.encode()}
    )
    page.get_by_role("button", name="Check and add").click()
    expect(page.get_by_role("status").first).to_have_text(f"1 symbol added, of 4 lines. {NOBODY} Connect it.")
    answers = page.locator("tbody tr")
    expect(answers).to_have_count(4)
    expect(answers.nth(0)).to_contain_text("added: ETH-USDT")
    expect(answers.nth(3)).to_contain_text("not listed")
    expect(answers.nth(3)).to_contain_text("BTC-USDT, BTC-EUR")
    assert faults_everywhere(page) == []
    for width in (320, 375):
        page.set_viewport_size({"width": width, "height": 640})
        assert page.evaluate(SIDEWAYS) == []


def test_a_thousand_symbols_stay_usable(opened_site: Open, site: Notified) -> None:
    watched.watch(site.database_url, BINANCE, [f"A{number}-USDT" for number in range(998)], "test")
    page = opened_site(SYMBOLS).page
    rows = page.locator("#watched tbody tr")
    expect(rows).to_have_count(50)
    page.get_by_role("link", name="Next").click()
    expect(page.locator("#watched")).to_contain_text("51 to 100 of 1,000")
    page.get_by_label("Part of a watched symbol").fill("a997")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(rows).to_have_count(1)
    page.locator("#watched").get_by_label("A997-USDT").check()
    assert faults_everywhere(page) == []
    page.set_viewport_size({"width": 375, "height": 800})
    assert page.evaluate(SIDEWAYS) == []


def test_all_of_it_works_without_scripts(opened_site: Open, site: Notified) -> None:
    page = opened_site("/exchanges?exchange=binance", java_script_enabled=False).page
    page.get_by_role("button", name="Set up", exact=True).click()
    with Host(site.client, site.control_key or b"", reading(site.client)):
        page.goto(page.url.partition("/exchanges")[0] + "/exchanges/binance")
        page.get_by_role("button", name="Test").click()
        expect(page.locator("#command")).to_have_attribute("data-answer", "done", timeout=10_000)
    page.goto(page.url.partition("/commands")[0] + SYMBOLS)
    page.get_by_label("Symbols", exact=True).fill("SOL-USDT")
    page.get_by_role("button", name="Check and add").click()
    expect(page.locator("#watched tbody")).to_contain_text("SOL-USDT")


def test_pages_of_setup_are_without_faults_and_fit_a_phone(opened_site: Open, site: Notified) -> None:
    userexchanges.add_record(site.database_url, 1, BINANCE, Access("W" * 90, "K" * 100, "S" * 100, ("F" * 100,)))
    scene = opened_site("/exchanges")
    with Host(site.client, site.control_key or b"", _never):
        found = {}
        for path in ("/exchanges", "/exchanges?exchange=coinbase", "/exchanges/binance", SYMBOLS, f"{SYMBOLS}?q=usdt"):
            scene.go(path)
            faulty = faults_everywhere(scene.page)
            for width in (320, 375):
                scene.page.set_viewport_size({"width": width, "height": 640})
                faulty += scene.page.evaluate(SIDEWAYS)
            if faulty:
                found[path] = faulty
    assert found == {}
    assert site.client.exists(keys.control(TARGET, "commands")) == 0


def _never(command: Command) -> tuple[Status, str, Mapping[str, Any]]:
    raise AssertionError(command)


def test_watched_symbols_are_short_on_a_phone_and_the_way_to_take_them_out_is_seen(
    opened_site: Open, site: Notified
) -> None:
    watched.watch(site.database_url, BINANCE, [f"S{number:02d}-USDT" for number in range(18)], "ada@example.org")
    page = opened_site(SYMBOLS).page
    page.set_viewport_size({"width": 390, "height": 800})
    rows = page.locator("#watched tbody tr")
    expect(rows).to_have_count(20)
    heights = rows.evaluate_all("(rows) => rows.map((row) => row.getBoundingClientRect().height)")
    assert max(heights) < 125
    assert sum(heights) / len(heights) < 100
    expect(page.get_by_role("button", name="Watch the chosen no longer")).to_be_in_viewport(ratio=1)
    assert page.evaluate(SIDEWAYS) == []
    assert faults_everywhere(page) == []
    last = page.locator("#watched tbody input").last
    page.locator("#watched tbody input").first.focus()
    for _ in range(19):
        page.keyboard.press("Tab")
    expect(last).to_be_focused()
    bar = page.locator("#remove").bounding_box()
    box = last.bounding_box()
    assert bar is not None
    assert box is not None
    assert box["y"] + box["height"] <= bar["y"], "what has the focus is not below the button"
