"""The page says how old it is: since it was answered, at once for whoever returns, and by no older answer."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Route, expect

from tests.browser.conftest import POLL, sign_in
from tests.browser.watching import NOISE, SET_HIDDEN, Open, clock_of, later
from tests.web.views import FakeDirectory

SCRIPT = re.compile(r"/static/js/live\.js")
TEN_MINUTES = 600
HELD_MS = 2_500
OLDER = "An answer came that is older than this page"


def test_a_page_whose_scripts_come_late_is_as_old_as_its_answer(opened: Open) -> None:
    held: list[Route] = []
    stage = opened("/sign-in")
    stage.expected = NOISE
    page = stage.page
    page.route(SCRIPT, lambda route: held.append(route))
    page.route(POLL, lambda route: None)
    page.goto(f"{stage.address}/network", wait_until="commit")
    page.wait_for_function("() => document.querySelector('[data-poll]')")
    page.clock.run_for(20_000)
    expect(page.locator("#freshness-mode")).to_be_hidden()
    held[0].continue_()
    expect(page.locator("#freshness-mode")).to_have_text("Not updating")
    expect(page.locator("#freshness-age")).to_have_text(re.compile(r"^\(2\d s ago\)$"))
    expect(page.locator("#card-1 .beat time")).to_have_text(re.compile(r"^2[3-9] s ago$"))


def test_the_browsers_own_clock_tells_when_the_page_was_answered(browser: Browser, address: str) -> None:
    context = browser.new_context()
    sign_in(context, address)
    page = context.new_page()
    page.route(SCRIPT, lambda route: (page.wait_for_timeout(HELD_MS), route.continue_()))
    page.route(POLL, lambda route: None)
    page.goto(f"{address}/network")
    expect(page.locator("#freshness-age")).to_have_text(re.compile(r"^\([2-9] s ago\)$"), timeout=1_000)
    context.close()


def test_whoever_returns_while_the_server_hangs_sees_the_true_age_at_once(opened: Open) -> None:
    stage = opened()
    page = stage.page
    page.route(POLL, lambda route: None)
    page.clock.pause_at(page.evaluate("() => Date.now() / 1000 + 0.5"))
    page.evaluate(SET_HIDDEN, True)
    page.clock.run_for(16_000)
    page.evaluate(SET_HIDDEN, False)
    assert page.locator("#freshness-mode").text_content() == "Not updating"
    assert re.fullmatch(r"\(1[67] s ago\)", page.locator("#freshness-age").text_content() or "")
    assert page.locator("#stale").is_hidden(), "an answer may come within the second"
    page.clock.run_for(1_000)
    expect(page.locator("#stale")).to_be_visible()


def test_an_answer_that_is_older_than_the_page_is_not_taken(opened: Open, directory: FakeDirectory) -> None:
    stage = opened()
    stage.expected = NOISE
    shown, page = directory.shown, stage.page
    directory.shown = later(shown, -TEN_MINUTES, exchanges=shown.exchanges[:1])
    for _ in range(4):
        stage.poll()
    expect(page.locator(".card")).to_have_count(3)
    expect(page.locator("#freshness-at")).to_have_text(clock_of(shown.now_ms))
    expect(page.locator("#freshness-mode")).to_have_text("Not updating")
    expect(page.locator("#stale-text")).to_contain_text(OLDER)
    directory.shown = later(shown, 20)
    page.locator("#refresh").click()
    expect(page.locator("#stale")).to_be_hidden()


def test_a_store_whose_clock_was_set_back_is_believed_once_it_goes_on(opened: Open, directory: FakeDirectory) -> None:
    stage = opened()
    shown, page = directory.shown, stage.page
    for seconds in (5, 10, 15):
        expect(page.locator(".card")).to_have_count(3)
        directory.shown = later(shown, seconds - TEN_MINUTES, exchanges=shown.exchanges[:1])
        stage.poll()
    expect(page.locator(".card")).to_have_count(1)
    expect(page.locator("#freshness-mode")).to_have_text("Live")
    expect(page.locator("#freshness-at")).to_have_text(clock_of(directory.shown.now_ms))
    expect(page.locator("#stale")).to_be_hidden()


def test_a_worker_that_read_a_moment_earlier_is_no_trouble(opened: Open, directory: FakeDirectory) -> None:
    stage = opened("/network?live=off")
    shown, page = directory.shown, stage.page
    directory.shown = later(shown, -1, exchanges=shown.exchanges[:1])
    with page.expect_response(POLL):
        page.locator("#refresh").click()
    page.clock.run_for(1_000)
    expect(page.locator(".card")).to_have_count(3)
    expect(page.locator("#stale")).to_be_hidden()
