"""The Network page in a real browser, beside what the acceptance list asks: whose word it gives, and in which words."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from perseus.network.view.directory import Condition, StoreNotice
from perseus.web.moments import utc
from tests.browser.conftest import POLL
from tests.browser.watching import NOISE, Open, clock_of, later
from tests.web.test_words import AGES, SPANS
from tests.web.views import FakeDirectory, gone

COLOUR = "(one) => getComputedStyle(one).color"


@pytest.mark.parametrize("how", ["offline", "paused"])
def test_a_healthy_card_is_not_blamed_while_nothing_is_heard_of_it(opened: Open, how: str) -> None:
    stage = opened()
    stage.expected = NOISE
    if how == "paused":
        stage.page.get_by_role("button", name="Pause").click()
    stage.page.route(POLL, lambda route: route.abort())
    stage.pass_time(40)
    expect(stage.page.locator("#card-1 .beat time")).to_have_text("43 s ago")
    expect(stage.page.locator("#card-1 .beat-word")).to_have_text("on time")
    expect(stage.page.locator("#card-1 .beat")).to_have_attribute("data-grade", "green")


def test_no_card_is_said_to_be_on_time_by_a_page_that_hears_nothing_until_it_hears_again(
    opened: Open, directory: FakeDirectory
) -> None:
    stage = opened()
    page, stage.expected = stage.page, NOISE
    beat, word = page.locator("#card-1 .beat dd"), page.locator("#card-1 .beat-word")
    fresh = beat.evaluate(COLOUR)
    expect(word).to_be_visible()
    page.route(POLL, lambda route: route.abort())
    stage.pass_time(13)
    expect(page.locator("#stale")).to_be_visible()
    expect(word).to_be_hidden()
    assert beat.evaluate(COLOUR) == page.locator("#card-1 .beat dt").evaluate(COLOUR) != fresh
    assert beat.evaluate("(dd) => getComputedStyle(dd, '::after').content") == '"last heard"'
    page.unroute(POLL)
    directory.shown = later(directory.shown, 13)
    page.locator("#refresh").click()
    expect(word).to_be_visible()
    assert beat.evaluate(COLOUR) == fresh


def test_paper_has_the_day_and_the_time_of_the_reading(opened: Open, directory: FakeDirectory) -> None:
    stage = opened()
    day, header = stage.page.locator("#freshness-day"), stage.page.locator(".freshness-line")
    expect(day).to_be_hidden()
    stage.page.emulate_media(media="print")
    expect(header).to_have_text(f"Updated {utc(directory.shown.now_ms)} UTC", use_inner_text=True)
    directory.shown = later(directory.shown, 86_400)
    stage.poll()
    expect(header).to_have_text(f"Updated {utc(directory.shown.now_ms)} UTC", use_inner_text=True)
    plain = opened(java_script_enabled=False).page
    plain.emulate_media(media="print")
    expect(plain.locator(".freshness-line")).to_contain_text(f"As of {utc(directory.shown.now_ms)} UTC")


def test_the_header_of_a_page_without_its_store_tells_when_that_was_read(
    opened: Open, directory: FakeDirectory
) -> None:
    read_at_ms, sound = directory.shown.now_ms, directory.shown
    stage = opened()
    header = stage.page.locator(".freshness-line")
    expect(header).to_contain_text(f"Updated {clock_of(read_at_ms)} UTC", use_inner_text=True)
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


def test_browser_and_server_say_ages_in_the_same_words(opened: Open) -> None:
    said = opened().page.evaluate(
        "async ([ages, spans]) => { const {age, span} = await import('/static/js/ages.js');"
        " return [ages.map(age), spans.map(span)]; }",
        [[ms for ms, _ in AGES], [ms for ms, _ in SPANS]],
    )
    assert said == [[text for _, text in AGES], [text for _, text in SPANS]]
