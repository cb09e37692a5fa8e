"""Every page on a narrow phone: neither the page nor a table in it is scrolled sideways."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from perseus.access.audit import AuditLog
from tests.browser.pages import pages
from tests.browser.test_notify import opened as opened_site
from tests.browser.test_notify import ops
from tests.browser.watching import Open
from tests.web.conftest import notified
from tests.web.notified import Notified

__all__ = ["notified", "opened_site", "ops"]

LONG = "a.very.long.address@" + "departments.of.an.institution." * 3 + "example.org"
NOT_THERE = ("400 (BAD REQUEST)", "404 (NOT FOUND)", "410 (GONE)")
SIDEWAYS = """() => [document.documentElement, ...document.querySelectorAll(".stacks")]
  .filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.outerHTML.slice(0, 80))"""


def someone_is_added(page: Page, address: str) -> None:
    page.goto(f"{address}/users")
    page.get_by_label("Mail address").fill(LONG)
    page.get_by_label("Name").fill("Grace")
    page.get_by_role("button", name="Add").click()


@pytest.mark.parametrize("width", [320, 375])
def test_no_page_is_scrolled_sideways_on_a_phone(opened_site: Open, ops: Notified, width: int) -> None:
    scene = opened_site("/network")
    scene.page.set_viewport_size({"width": width, "height": 640})
    someone_is_added(scene.page, scene.address)
    name = ops.happened(2, event="error", error="1006 abnormal closure " * 20)
    wide = {}
    for path in sorted(set(pages(ops.app, name))):
        scene.page.goto(scene.address + path)
        if found := scene.page.evaluate(SIDEWAYS):
            wide[path] = found
    # A page that is not there is a failed request to the console; nothing else may be in it.
    scene.troubles = [one for one in scene.troubles if not any(status in one for status in NOT_THERE)]
    assert wide == {}


def test_stacked_rows_say_what_each_text_is(opened_site: Open, ops: Notified) -> None:
    scene = opened_site("/network")
    scene.page.set_viewport_size({"width": 320, "height": 640})
    someone_is_added(scene.page, scene.address)
    for path, labels in (("/users", "Mail address"), ("/audit", "When (UTC)")):
        scene.page.goto(scene.address + path)
        cell = scene.page.locator(".stacks td").first
        assert cell.evaluate("(td) => getComputedStyle(td, '::before').content") == f'"{labels}"'


def test_stacked_rows_leave_out_what_there_is_none_of(opened_site: Open, ops: Notified) -> None:
    AuditLog(ops.client).write("perseus drill on ing1", "run a drill")
    scene = opened_site("/audit")
    row = scene.page.locator("#audit tbody tr").first
    empty = [row.locator(f'td[data-of="{name}"]') for name in ("About", "From")]
    for width, is_seen in ((1280, True), (390, False)):
        scene.page.set_viewport_size({"width": width, "height": 640})
        for cell in empty:
            expect(cell).to_be_visible() if is_seen else expect(cell).to_be_hidden()
        expect(row.locator('td[data-of="Did"]')).to_be_visible()
