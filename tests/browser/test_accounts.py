"""Coming in, setting a password, coming back by it, adding somebody: in a real browser, as a person does it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from perseus.access.audit import AuditLog
from perseus.db import access as rows
from tests.browser.conftest import serving
from tests.browser.test_narrow import SIDEWAYS
from tests.web.conftest import notified
from tests.web.notified import Notified
from tests.web.people import ADA, PASSWORD, ask, link, user

__all__ = ["notified"]

LONG = "a.very.long.address@" + "departments.of.an.institution." * 3 + "example.org"


@pytest.fixture
def address(notified: Notified) -> Iterator[str]:
    with serving(notified.app) as address:
        yield address


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


def test_a_link_signs_in_at_once_and_the_password_that_is_set_brings_one_back(
    notified: Notified, address: str, page: Page
) -> None:
    page.goto(f"{address}/sign-in/link/{link(notified, ADA)}")
    expect(page.get_by_role("link", name="Ada Byron")).to_be_visible()
    page.get_by_role("link", name="Ada Byron").click()
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_role("status").first).to_have_text("The password is set. Your other browsers are signed out.")
    page.get_by_role("button", name="Sign out", exact=True).first.click()
    page.goto(f"{address}/users")
    page.get_by_label("Mail address").fill(ADA)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{address}/users")


def test_an_admin_adds_somebody_and_shuts_them_out(
    notified: Notified, address: str, page: Page, browser: Browser
) -> None:
    page.goto(f"{address}/sign-in/link/{link(notified, ADA)}")
    page.get_by_role("link", name="Users").click()
    page.get_by_label("Mail address").fill("grace@example.net")
    page.get_by_label("Name").fill("Grace Hopper")
    page.get_by_label("operator").check()
    page.get_by_role("button", name="Add").click()
    hers = browser.new_context()
    grace = hers.new_page()
    grace.goto(page.locator("code.command").inner_text())
    expect(grace.get_by_role("link", name="Grace Hopper")).to_be_visible()
    expect(grace.get_by_role("link", name="Users")).to_have_count(0)
    page.get_by_label("no: shut out").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_have_text("The change is saved.")
    grace.goto(f"{address}/network")
    expect(grace.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_role("link", name="Audit").click()
    expect(page.locator("tbody tr").first).to_contain_text("change a user")
    hers.close()


def test_whose_session_was_ended_learns_it_with_the_next_poll_and_comes_back_to_the_same_page(
    notified: Notified, address: str, page: Page
) -> None:
    page.goto(f"{address}/sign-in/link/{link(notified, ADA)}")
    page.goto(f"{address}/network?q=coin")
    rows.end_sessions(notified.database_url, user(notified, ADA).person.id)
    notified.access.forget()
    page.locator("#refresh").click()
    expect(page.get_by_role("status").first).to_contain_text("You were signed out: your session expired or was ended")
    expect(page.locator("input[name=next]")).to_have_value("/network?q=coin")


def test_a_token_is_copied_and_works_and_revoking_it_is_asked_about_first(
    notified: Notified, address: str, page: Page
) -> None:
    page.goto(f"{address}/sign-in/link/{link(notified, ADA)}")
    page.goto(f"{address}/account")
    page.get_by_label("What for").fill("wall board")
    page.get_by_role("button", name="Make a token").click()
    token = page.locator("#token").inner_text()
    assert ask(notified, token) == 200
    page.goto(f"{address}/account")
    expect(page.locator("#token")).to_have_count(0)
    page.get_by_role("button", name="Revoke wall board").click()
    assert ask(notified, token) == 200
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("status").first).to_have_text("The token is revoked.")
    assert ask(notified, token) == 401


@pytest.mark.parametrize("width", [320, 375, 1280])
@pytest.mark.parametrize("path", ["/account", "/users", "/users/1", "/audit"])
def test_no_page_is_wider_than_the_window(notified: Notified, address: str, page: Page, path: str, width: int) -> None:
    admin = notified.app.test_client()
    admin.post("/users", data={"email": LONG, "name": "W" * 90, "role": "viewer"})
    admin.post("/account/tokens", data={"name": "n" * 90, "days": ""})
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{address}/sign-in/link/{link(notified, ADA)}")
    page.goto(address + path)
    expect(page.locator("main section, main form").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [320, 1280])
def test_a_thousand_symbols_of_an_entry_are_read_without_scrolling_sideways(
    notified: Notified, address: str, page: Page, width: int
) -> None:
    many = " ".join(f"S{number:04d}-USDT" for number in range(1_000))
    AuditLog(notified.client).write(
        ADA, "watch symbols no longer", "binance", detail={"symbols": "1000", "names": many}
    )
    page.set_viewport_size({"width": width, "height": 640})
    page.goto(f"{address}/sign-in/link/{link(notified, ADA)}")
    page.goto(f"{address}/audit?what=watch+symbols+no+longer")
    row = page.locator("tbody tr")
    expect(row).to_have_count(1)
    expect(row.get_by_text("S0999-USDT")).to_be_hidden()
    row.get_by_text("Details").click()
    expect(row.get_by_text("S0999-USDT")).to_be_visible()
    assert page.evaluate(SIDEWAYS) == []
