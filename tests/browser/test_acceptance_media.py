"""Line 13 of the acceptance list: phones from 320 pixels, paper, and colours that the reader chose."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.watching import Open
from tests.web.views import COINBASE, KRAKEN

WORDS = {COINBASE.id: "Active", KRAKEN.id: "Offline · lost"}
BORDERS = "(card) => getComputedStyle(card).borderTopStyle"
SMALL = """() => [...document.querySelectorAll("a[href], button, summary, input, select")]
  .filter((one) => one.checkVisibility() && getComputedStyle(one).display !== "inline" && !one.closest(".unseen"))
  .map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
  .filter(([, box]) => box.height > 1 && (box.width < 24 || box.height < 24))
  .map(([html, box]) => `${html} is ${Math.round(box.width)} x ${Math.round(box.height)}`)"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_line_13_at_320_pixels_nothing_is_scrolled_sideways_and_every_target_is_24_pixels(
    opened: Open, scheme: str
) -> None:
    page = opened(viewport={"width": 320, "height": 640}, color_scheme=scheme).page
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 320
    assert page.evaluate(SMALL) == []


def test_line_13_paper_shows_every_state_in_words_and_no_controls(opened: Open) -> None:
    page = opened().page
    page.emulate_media(media="print")
    for number, word in WORDS.items():
        expect(page.locator(f"#card-{number} .card-head .badge")).to_be_visible()
        expect(page.locator(f"#card-{number} .card-head .badge")).to_have_text(word)
    for control in page.locator("button").all():
        expect(control).to_be_hidden()


def test_line_13_forced_colours_keep_words_icons_borders_and_focus(opened: Open) -> None:
    page = opened(forced_colors="active").page
    for number, word in WORDS.items():
        badge = page.locator(f"#card-{number} .card-head .badge")
        expect(badge).to_have_text(word)
        expect(badge.locator("svg")).to_be_visible()
        assert page.locator(f"#card-{number}").evaluate(BORDERS) == "solid"
    page.keyboard.press("Tab")
    page.locator("#refresh").focus()
    assert page.locator("#refresh").evaluate("(one) => getComputedStyle(one).outlineStyle") == "solid"
    page.locator("#pause").click()
    expect(page.locator("#freshness-mode")).to_have_text("Paused")


def test_line_13_reduced_motion_moves_nothing(opened: Open) -> None:
    page = opened(reduced_motion="reduce").page
    moving = page.evaluate("() => document.getAnimations().length")
    assert moving == 0
