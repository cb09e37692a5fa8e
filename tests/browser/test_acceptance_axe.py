"""Lines 11 and 12 of the acceptance list: no page complains in the console, none has a fault that axe finds."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from perseus.network.view.directory import StoreNotice
from tests.browser.axe import WIDTHS, faults, faults_everywhere
from tests.browser.conftest import POLL
from tests.browser.pages import pages
from tests.browser.test_notify import opened as opened_site
from tests.browser.test_notify import ops
from tests.browser.watching import NOISE, Open, later
from tests.web.conftest import notified
from tests.web.notified import Notified
from tests.web.views import COINBASE, FakeDirectory, event, live

__all__ = ["notified", "opened_site", "ops"]

BANNERS = {
    "danger": StoreNotice(False),
    "info": StoreNotice(True, kept=False),
    "emptied": StoreNotice(True, emptied=True),
}
NOT_THERE = ("400 (BAD REQUEST)", "404 (NOT FOUND)", "410 (GONE)")
WEAKEN = "() => document.documentElement.style.setProperty('--text-soft', 'light-dark(#555, #555)')"


def test_line_11_and_12_every_page_is_without_faults_in_both_schemes_and_at_both_widths(
    opened_site: Open, ops: Notified
) -> None:
    scene = opened_site("/network")
    name = ops.happened(2, event="error", error="1006 abnormal closure " * 20)
    found = {}
    for path in sorted(set(pages(ops.app, name))):
        scene.page.goto(scene.address + path)
        faulty = faults_everywhere(scene.page)
        if faulty:
            found[path] = faulty
    # A page that is not there is a failed request to the console; nothing else may be in it.
    scene.troubles = [one for one in scene.troubles if not any(status in one for status in NOT_THERE)]
    assert found == {}


def test_line_12_an_open_dialog_is_without_faults(opened: Open) -> None:
    page = opened().page
    page.get_by_role("button", name="Keyboard").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert faults_everywhere(page) == []


@pytest.mark.parametrize("which", BANNERS)
def test_line_12_a_banner_of_the_server_is_without_faults(opened: Open, directory: FakeDirectory, which: str) -> None:
    directory.shown = later(directory.shown, 5, store=BANNERS[which])
    page = opened().page
    expect(page.locator("#network-live .notice").first).to_be_visible()
    assert faults_everywhere(page) == []


def test_line_12_offline_silent_and_failing_cards_are_without_faults(opened: Open, directory: FakeDirectory) -> None:
    now = directory.shown.now_ms
    silent = live(COINBASE, now=now, beat_ms=40_000, last_error="1006 abnormal closure " * 20)
    events = tuple(event(COINBASE, now - 1_000 - n, event="error", error="trouble " * 40) for n in range(60))
    directory.shown = later(directory.shown, 0, exchanges=(silent, *directory.shown.exchanges[1:]), events=events)
    page = opened().page
    for one in page.locator("summary").all():
        if one.is_visible():
            one.click()
    assert faults_everywhere(page) == []


def test_line_12_a_page_that_is_not_updated_is_without_faults(opened: Open) -> None:
    stage = opened()
    stage.expected = NOISE
    stage.page.route(POLL, lambda route: route.abort())
    stage.pass_time(46)
    expect(stage.page.locator("#stale")).to_be_visible()
    assert faults_everywhere(stage.page) == []


@pytest.mark.parametrize("query", ["view=dense", "wall=1", "state=offline", "state=active&q=nothing"])
def test_line_12_every_view_of_the_network_is_without_faults(opened: Open, query: str) -> None:
    assert faults_everywhere(opened(f"/network?{query}").page) == []


def test_axe_would_find_a_missing_label(opened: Open) -> None:
    page = opened().page
    page.evaluate("() => document.querySelector('main').append(document.createElement('input'))")
    assert [one.split(":")[0] for one in faults(page)] == ["label"]


def test_axe_would_find_a_contrast_that_is_weak_in_one_scheme_only(opened: Open) -> None:
    page = opened().page
    page.evaluate(WEAKEN)
    found = faults_everywhere(page)
    assert {one.split(":")[0] for one in found} == {f"dark, {width} px" for width in WIDTHS}, found[:3]
