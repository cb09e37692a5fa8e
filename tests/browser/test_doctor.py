"""The doctor in a real browser: from the notice to the page, legible everywhere, nothing too wide."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from perseus.doctor.finding import Finding, Report, Severity
from perseus.web import site
from tests.browser.axe import faults_everywhere
from tests.browser.conftest import Stage, serving
from tests.browser.test_notify import OVERFLOW
from tests.web.test_doctor_page import FOUND, Found
from tests.web.views import FakeDirectory, app_of

Open = Callable[..., Stage]
LONG = Finding(
    "rights", Severity.GRAVE, f"It may not: {'+xrevrange, ' * 30}.", ("redis-cli " + "+word " * 60,), ("h:1",) * 6
)


@pytest.fixture
def address(directory: FakeDirectory) -> Iterator[str]:
    """A site in which the doctor found something of each kind."""
    made = app_of(directory)
    found = Found(Report(FOUND.at_ms, FOUND.host, (*FOUND.findings, LONG), FOUND.fine))
    made.extensions[site.NAME] = replace(made.extensions[site.NAME], checkup=found)
    with serving(made) as address:
        yield address


def test_the_notice_leads_to_the_findings(opened: Open) -> None:
    page = opened().page
    page.get_by_role("link", name="What it breaks, and what mends it").click()
    expect(page.get_by_role("heading", name="The data store may evict leases")).to_be_visible()
    expect(page.get_by_text("The data store has no mark of this site")).to_be_hidden()
    page.get_by_text("others looked for and not found").click()
    expect(page.get_by_text("The data store has no mark of this site")).to_be_visible()


def test_every_page_leads_there(opened: Open) -> None:
    page = opened("/doctor").page
    page.get_by_role("contentinfo").get_by_role("link", name="Doctor").click()
    expect(page.get_by_role("heading", level=1, name="Doctor")).to_be_visible()


def test_axe_finds_nothing_light_or_dark_wide_or_narrow_and_nothing_is_wider_than_the_screen(opened: Open) -> None:
    page = opened("/doctor").page
    assert faults_everywhere(page) == []
    for width in (320, 390, 1200):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(OVERFLOW) == 0, width
