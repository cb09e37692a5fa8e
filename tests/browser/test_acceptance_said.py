"""Line 10 of the acceptance list, and the face of the tab: every change is said once, and nothing else is."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from perseus.network.exchange import Exchange
from perseus.network.log.activity import Event
from perseus.network.view.directory import Condition
from tests.browser.conftest import POLL, Stage
from tests.browser.watching import NOISE, RECORD_SAID, SET_HIDDEN, Open, later
from tests.web.views import BINANCE, COINBASE, KRAKEN, FakeDirectory, changed, event, gone, live

LOST = {"fromState": "active", "toState": "offline"}


def happen(stage: Stage, *events: Event) -> None:
    """These come to the logs, and five seconds later the page asks."""
    stage.directory.shown = later(stage.directory.shown, 5, events=(*events, *stage.directory.shown.events))
    stage.poll()


def said(stage: Stage) -> list[str]:
    """Each text that the status line had since the recording began."""
    return list(stage.page.evaluate("() => window.said"))


@pytest.fixture
def stage(opened: Open) -> Stage:
    stage = opened()
    stage.page.evaluate(RECORD_SAID)
    return stage


def test_line_10_a_change_is_announced_once_and_a_poll_never(stage: Stage) -> None:
    stage.poll()
    lost = changed(event(COINBASE, stage.directory.shown.now_ms + 1_000), **LOST)
    happen(stage, lost)
    for _ in range(3):
        happen(stage)
    happen(stage, event(BINANCE, stage.directory.shown.now_ms + 1_000))
    first, second = said(stage)
    assert re.fullmatch(r"Coinbase: active to offline, \d\d:\d\d:\d\d UTC\.", first)
    assert re.fullmatch(r"Binance: warming to active, \d\d:\d\d:\d\d UTC\.", second)


def test_line_10_what_happened_before_the_page_was_opened_is_not_announced(stage: Stage) -> None:
    for _ in range(3):
        happen(stage)
    assert said(stage) == []


def test_line_10_few_changes_at_once_are_one_message_and_many_are_counted(stage: Stage) -> None:
    now = stage.directory.shown.now_ms
    happen(stage, event(COINBASE, now + 2_000), changed(event(BINANCE, now + 1_000), **LOST))
    assert re.fullmatch(r"Binance: active to offline, \S+ UTC\. Coinbase: warming to active, \S+ UTC\.", said(stage)[0])
    many = [Exchange(10 + number, f"exchange-{number}", f"Exchange {number}") for number in range(8)]
    happen(stage, *(changed(event(one, now + 6_000), **LOST) for one in many))
    stage.pass_time(5)
    assert said(stage)[1:] == ["8 exchanges changed their state."]


def test_line_10_at_most_one_message_goes_out_in_five_seconds(stage: Stage) -> None:
    now = stage.directory.shown.now_ms
    happen(stage, event(COINBASE, now + 1_000))
    stage.directory.shown = later(stage.directory.shown, 1, events=(event(BINANCE, now + 5_500),))
    with stage.page.expect_response(POLL):
        stage.page.locator("#refresh").click()
    stage.pass_time(2)
    assert len(said(stage)) == 1
    stage.page.route(POLL, lambda route: route.abort())
    stage.expected = NOISE
    stage.pass_time(4)
    assert len(said(stage)) == 2


def test_line_10_only_a_page_that_is_not_updated_is_an_alert(stage: Stage) -> None:
    happen(stage, event(COINBASE, stage.directory.shown.now_ms + 1_000))
    alerts = stage.page.get_by_role("alert")
    assert [one for one in alerts.all_inner_texts() if one] == []
    live = stage.page.locator("[aria-live], [role=status], [role=alert], [role=log]")
    inside = stage.page.locator("#network-live").locator("[aria-live], [role=status], [role=alert], [role=log]")
    assert (live.count(), inside.count()) == (2, 0)


def icon(stage: Stage) -> str:
    """Which icon the tab has."""
    name = re.search(r"favicon(-\w+)?\.svg", stage.page.locator("#favicon").get_attribute("href") or "")
    assert name
    return name[0]


def test_title_and_icon_follow_the_worst_state(opened: Open, directory: FakeDirectory) -> None:
    stage = opened()
    assert icon(stage) == "favicon-down.svg"
    now = directory.shown.now_ms
    directory.shown = later(directory.shown, 5, exchanges=(live(COINBASE, now=now), gone(Condition.UNKNOWN, KRAKEN)))
    stage.poll()
    expect(stage.page).to_have_title("1 unknown · Network")
    assert icon(stage) == "favicon-unsure.svg"
    directory.shown = later(directory.shown, 5, exchanges=(live(COINBASE, now=now),))
    stage.poll()
    expect(stage.page).to_have_title("Network")
    assert icon(stage) == "favicon.svg"


@pytest.mark.parametrize("how", ["cut off", "hidden"])
def test_no_tab_looks_calm_while_it_hears_nothing(opened: Open, directory: FakeDirectory, how: str) -> None:
    directory.shown = replace(directory.shown, exchanges=directory.shown.exchanges[:2])
    stage = opened()
    stage.expected = NOISE
    assert icon(stage) == "favicon.svg"
    if how == "hidden":
        stage.page.evaluate(SET_HIDDEN, True)
    stage.page.route(POLL, lambda route: route.abort())
    stage.pass_time(13)
    expect(stage.page).to_have_title("Not updating · Network")
    assert icon(stage) == "favicon-unsure.svg"
