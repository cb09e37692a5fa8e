"""Every component in every state in a real browser: it fits, it is legible, and colour is never all that it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from perseus.web import site
from perseus.web.card import badges
from tests.browser.axe import faults_everywhere
from tests.browser.conftest import Stage, serving
from tests.web.views import FakeDirectory, app_of

Open = Callable[..., Stage]


@pytest.fixture
def address(directory: FakeDirectory) -> Iterator[str]:
    """A site whose gallery is open."""
    made = app_of(directory)
    made.extensions[site.NAME] = replace(made.extensions[site.NAME], gallery=True)
    with serving(made) as address:
        yield address


def test_axe_finds_nothing_in_any_state_light_or_dark_wide_or_narrow(opened: Open) -> None:
    assert faults_everywhere(opened("/gallery").page) == []


@pytest.mark.parametrize("width", [320, 375, 800, 1280, 1920])
def test_no_component_has_to_be_scrolled_sideways(opened: Open, width: int) -> None:
    page = opened("/gallery", viewport={"width": width, "height": 800}).page
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("media", [{"media": "print"}, {"forced_colors": "active"}, {"reduced_motion": "reduce"}])
def test_every_look_says_every_state_in_words_in_every_medium(opened: Open, media: dict[str, str]) -> None:
    page = opened("/gallery").page
    page.emulate_media(**media)  # type: ignore[arg-type]
    for badge in badges.RANKED:
        shown = page.locator(f".card[data-state={badge.token}] .card-head .badge")
        for one in shown.all():
            expect(one).to_be_visible()
            expect(one).to_contain_text(badge.word)
        assert shown.count() >= 3


def test_in_forced_colours_every_card_keeps_its_border_and_every_badge_its_shape(opened: Open) -> None:
    page = opened("/gallery", forced_colors="active").page
    page.wait_for_function(
        "() => [...document.querySelectorAll('section[aria-labelledby=card-title] .card')].every((one) =>"
        " getComputedStyle(one).borderTopStyle === 'solid'"
        " && one.querySelector('.badge .icon').getBoundingClientRect().width >= 8)"
    )


def test_a_wall_tile_is_set_larger_than_a_card(opened: Open) -> None:
    page = opened("/gallery", viewport={"width": 1920, "height": 1080}).page
    size = "(element) => parseFloat(getComputedStyle(element).fontSize)"
    tile = page.locator(".wall .card h3").first.evaluate(size)
    assert tile >= 1.8 * page.locator(".cards:not(.wall, .dense) .card h3").first.evaluate(size)


def test_a_dense_network_takes_a_line_an_exchange(opened: Open) -> None:
    page = opened("/gallery", viewport={"width": 1280, "height": 900}).page
    heights = page.locator(".dense .card").evaluate_all("(all) => all.map((one) => one.getBoundingClientRect().height)")
    assert sorted(heights)[len(heights) // 2] <= 36
