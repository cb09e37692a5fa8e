"""Connecting, taking over, commanding, warmups, candles: in a real browser, as operators and viewers see them."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from perseus import keys
from perseus.clock import iso
from perseus.control import channel
from perseus.control.command import Command, parse
from perseus.control.outcomes import Status
from perseus.db import userexchanges
from perseus.db.userexchanges import Access
from perseus.errors import StoreUnavailable
from perseus.network.states import State
from perseus.web.control.commanding import Commanding
from tests.browser.axe import faults_everywhere
from tests.browser.test_narrow import SIDEWAYS
from tests.browser.test_notify import Open, ops
from tests.browser.test_notify import opened as opened_site
from tests.web.conftest import notified
from tests.web.connecting import tell
from tests.web.holding import BINANCE, HOLDER, hold
from tests.web.hosting import TARGET, Host, report
from tests.web.notified import CONTROL_KEY, Notified
from tests.web.test_meter import schedule
from tests.web.test_warmup_panel import stats

__all__ = ["notified", "opened_site", "ops"]

PAGE = "/network/binance"
REFUSED = ("409 (CONFLICT)",)
WIDTHS = (320, 375, 1280)


@pytest.fixture
def site(ops: Notified) -> Notified:
    """An admin who has set Binance up, and an idle host."""
    userexchanges.add_record(ops.database_url, 1, BINANCE, Access("Ours", "B_KEY", None))
    report(ops.client)
    return ops


def done(text: str) -> Any:
    return lambda _: (Status.DONE, text, {})


def sideways(page: Page) -> list[str]:
    """What is scrolled sideways at any width."""
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 700})
        found += [f"{width}: {one}" for one in page.evaluate(SIDEWAYS)]
    return found


def test_connect_leads_from_the_card_over_its_progress_to_the_exchange(opened_site: Open, site: Notified) -> None:
    page = opened_site("/network").page
    page.locator("#card-2").get_by_role("link", name="Connect").click()
    expect(page.get_by_role("heading", name="Connect Binance")).to_be_visible()
    expect(page.get_by_role("radio")).to_be_checked()
    assert faults_everywhere(page) == []
    assert sideways(page) == []
    with Host(site.client, CONTROL_KEY, done("binance is active on host-1."), delay_seconds=1.5) as host:
        page.get_by_role("button", name="Connect Binance").click()
        expect(page.locator("#command")).to_have_attribute("data-answer", "pending")
        expect(page).to_have_url(re.compile(rf"{PAGE}\?told={TARGET}:[0-9a-f]{{32}}$"), timeout=10_000)
    assert [one.kind for one in host.taken] == ["start"]
    expect(page.locator("#told")).to_contain_text("Start on host-1: done. binance is active on host-1.")


def test_the_lock_warning_is_plain_and_nothing_is_taken_over_without_a_yes(opened_site: Open, site: Notified) -> None:
    hold(site.client, BINANCE)
    page = opened_site(f"{PAGE}/connect").page
    expect(page.get_by_role("heading", name="Binance is in use")).to_be_visible()
    expect(page.locator("#holder")).to_contain_text("203.0.113.7")
    assert faults_everywhere(page) == []
    assert sideways(page) == []
    page.get_by_role("button", name="Take over Binance").click()
    expect(page).to_have_url(re.compile("/connect$"))
    page.get_by_label("Yes, ingest-1.ams.example.net shall lose Binance").check()
    with Host(site.client, CONTROL_KEY, lambda _: (Status.REFUSED, "Otto was first: it goes to ingest-3.", {})) as host:
        page.get_by_role("button", name="Take over Binance").click()
        expect(page.locator("#command")).to_contain_text("refused. Otto was first: it goes to ingest-3.")
    assert [one.kind for one in host.taken] == ["takeover"]
    assert faults_everywhere(page) == []
    expect(page).to_have_url(re.compile("/commands/"))


def test_it_all_works_without_javascript(opened_site: Open, site: Notified) -> None:
    page = opened_site(f"{PAGE}/connect", java_script_enabled=False).page
    with Host(site.client, CONTROL_KEY, done("binance is active on host-1."), delay_seconds=1.0):
        page.get_by_role("button", name="Connect Binance").click()
        expect(page.locator("#told")).to_contain_text("binance is active", timeout=10_000)


@pytest.mark.parametrize("what", ["Stop", "Pause", "Reload", "Warm up again"])
def test_each_act_asks_first_and_says_what_came_of_it(opened_site: Open, site: Notified, what: str) -> None:
    hold(site.client, BINANCE)
    scene = opened_site(PAGE)
    page = scene.page
    sent: list[Command] = []

    def answer(command: Command) -> Any:
        sent.append(command)
        return Status.DONE, f"{command.kind} is done.", {}

    with Host(site.client, CONTROL_KEY, answer, HOLDER, role="serving", exchangeId=2, exchangeName="binance"):
        button = page.locator("#controls").get_by_role("button", name=what, exact=True)
        button.click()
        page.get_by_role("dialog").get_by_role("button", name="Leave it as it is").click()
        expect(button).to_be_focused()
        assert sent == []
        if what.startswith("Warm"):
            page.get_by_label("everything anew").check()
        button.click()
        page.get_by_role("dialog").get_by_role("button", name=what, exact=True).click()
        expect(page.locator("#told")).to_contain_text("is done.", timeout=10_000)
    (command,) = sent
    assert command.arguments.get("full") is (True if what.startswith("Warm") else None)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_command_whose_store_falls_silent_is_told_as_sent_and_the_page_goes_on_by_itself(
    opened_site: Open, site: Notified, monkeypatch: pytest.MonkeyPatch, scripts: bool
) -> None:
    hold(site.client, BINANCE)
    silent, send, now_ms = threading.Event(), channel.send, Commanding.now_ms

    def sending(*given: Any) -> str:
        silent.set()
        return send(*given)

    def now(self: Commanding, *near: str) -> int:
        if silent.is_set():
            raise StoreUnavailable("here", "it is away")
        return now_ms(self, *near)

    monkeypatch.setattr(channel, "send", sending)
    monkeypatch.setattr(Commanding, "now_ms", now)
    scene = opened_site(PAGE, java_script_enabled=scripts)
    scene.expected = ("503 (SERVICE UNAVAILABLE)",)
    page = scene.page
    page.locator("#controls").get_by_role("button", name="Pause", exact=True).click()
    if scripts:
        page.get_by_role("dialog").get_by_role("button", name="Pause", exact=True).click()
    expect(page.locator("#command")).to_contain_text("It was sent, as command")
    expect(page.locator("#command")).to_contain_text("The data store does not answer now.")
    if scripts:
        assert faults_everywhere(page) == []
        assert sideways(page) == []
    (letter,) = channel.receive(site.client, HOLDER, channel.START, 0)
    tell(site, parse(letter.body), Status.DONE, "It is paused.")
    silent.clear()
    expect(page.locator("#told")).to_contain_text("It is paused.", timeout=10_000)


def test_the_page_of_an_exchange_and_the_hosts_have_no_faults(opened_site: Open, site: Notified) -> None:
    instance = hold(site.client, BINANCE, state=State.WARMING)
    site.client.set(keys.warmup_stats(2), stats(instance_id=instance).to_json())
    report(site.client, "s-1-00000001", "standby", hostname="x" * 80, exchangeId=2, exchangeName="binance", warm=True)
    for path in (PAGE, "/hosts", "/network"):
        page = opened_site(path).page
        assert faults_everywhere(page) == []
        assert sideways(page) == []
        expect(page.locator("main")).to_contain_text("x" * 80)


def test_a_warmup_is_followed_while_it_lasts_and_by_nobody_afterwards(opened_site: Open, site: Notified) -> None:
    instance = hold(site.client, BINANCE, state=State.WARMING)

    def put(**changes: Any) -> None:
        site.client.set(keys.warmup_stats(2), stats(instance_id=instance, **changes).to_json())

    put(percent_complete=42)
    page = opened_site(PAGE).page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/warmup") else None)
    panel = page.locator(".warmup")
    expect(panel).to_contain_text("42 %")
    put(percent_complete=77)
    expect(panel).to_contain_text("77 %", timeout=4_000)
    panel.locator("#warmup-failures summary").click()
    put(percent_complete=80)
    expect(panel).to_contain_text("80 %", timeout=4_000)
    expect(panel.locator("#warmup-failures")).to_have_attribute("open", "")
    assert asked
    hold(site.client, BINANCE)
    put(status="complete", ended_at="2026-11-21T14:03:22Z")
    expect(panel).to_contain_text("Complete", timeout=8_000)
    page.wait_for_timeout(300)
    count = len(asked)
    page.wait_for_timeout(6_000)
    assert len(asked) == count, "a warmup that is over is not asked for again"
    put(percent_complete=5)
    expect(panel).to_contain_text("5 %", timeout=8_000)
    page.wait_for_timeout(3_000)
    assert len(asked) > count, "a new one is followed again"


def test_the_meter_is_read_only_while_it_is_on_the_screen(opened_site: Open, site: Notified) -> None:
    symbols = tuple(f"S{number}-USDT" for number in range(500))
    site.client.set(keys.warmup_schedule(2), schedule(symbols, ("1d", "4h", "1h", "15m", "5m", "1m")))
    hold(site.client, BINANCE)
    scene = opened_site(PAGE, frozen=True)
    scene.expected = ("htmx: htmx:error",)  # a clock that leaps is a time-out to whatever is asked meanwhile
    page = scene.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/candles") else None)
    page.set_viewport_size({"width": 1280, "height": 400})
    page.clock.run_for(16_000)
    page.wait_for_timeout(200)
    assert asked == []
    page.locator("#candles").scroll_into_view_if_needed()
    expect(page.locator(".meter tbody th[scope=row]")).to_have_count(500)
    assert len(asked) == 1
    page.clock.run_for(15_500)
    page.wait_for_timeout(300)
    assert len(asked) == 2
    page.evaluate("() => scrollTo(0, 0)")
    page.wait_for_timeout(200)
    page.clock.run_for(31_000)
    page.wait_for_timeout(200)
    assert len(asked) == 2


def test_the_meter_says_what_it_means_in_words(opened_site: Open, site: Notified) -> None:
    site.client.set(keys.warmup_schedule(2), schedule(("BTC-USDT",)))
    page = opened_site("/network/binance/candles").page
    expect(page.get_by_role("row", name="BTC-USDT none none")).to_be_visible()
    page.get_by_text("What the figures mean").click()
    expect(page.get_by_text("no finished candle that the store bears out").last).to_be_visible()
    assert faults_everywhere(page) == []
    assert sideways(page) == []


def test_figures_above_the_meter_stay_on_one_line_on_a_phone(opened_site: Open, site: Notified) -> None:
    symbols = tuple(f"S{number}-USDT" for number in range(500))
    site.client.set(keys.warmup_schedule(2), schedule(symbols))
    page = opened_site("/network/binance/candles").page
    page.set_viewport_size({"width": 390, "height": 700})
    count, cell = (page.locator(f".meter-tally .{name}").first.bounding_box() for name in ("meter-count", "meter-cell"))
    assert count is not None
    assert cell is not None
    assert count["height"] <= cell["height"], "one line"


def test_what_can_be_asked_and_the_warmup_stand_below_the_card_and_leave_no_blank(
    opened_site: Open, site: Notified
) -> None:
    instance = hold(site.client, BINANCE)
    ended = stats(instance_id=instance, status="complete", ended_at=iso(site.now_ms()), failures=(), failed_pairs=0)
    site.client.set(keys.warmup_stats(2), ended.to_json())
    page = opened_site(PAGE).page
    page.set_viewport_size({"width": 1280, "height": 900})
    parts = [page.locator(one).bounding_box() for one in (".instance-card", "#controls", "#warmup", "#past")]
    card, control, warmup, past = (one for one in parts if one is not None)
    assert card["x"] == control["x"] == warmup["x"] < past["x"]
    assert card["y"] + card["height"] < control["y"] < warmup["y"]
    gap = control["y"] - card["y"] - card["height"]
    assert gap < 40
    assert faults_everywhere(page) == []


def test_the_hosts_page_follows_without_a_reload(opened_site: Open, site: Notified) -> None:
    scene = opened_site("/hosts", frozen=True)
    expect(scene.page.locator("#hosts-title")).to_have_text("1 process: 1 idle")
    report(site.client, "b-2-00000001", hostname="second")
    scene.poll("/hosts")
    expect(scene.page.locator("#hosts-title")).to_have_text("2 processes: 2 idle")


def test_a_poll_keeps_the_focus_and_what_was_ticked(opened_site: Open, site: Notified) -> None:
    hold(site.client, BINANCE)
    scene = opened_site(PAGE, frozen=True)
    page = scene.page
    page.get_by_label("everything anew").check()
    page.locator("#act-stop").focus()
    hold(site.client, BINANCE, last_error="something new")
    scene.poll(PAGE)
    expect(page.locator("#card-2")).to_contain_text("something new")
    expect(page.locator("#act-stop")).to_be_focused()
    expect(page.get_by_label("everything anew")).to_be_checked()
