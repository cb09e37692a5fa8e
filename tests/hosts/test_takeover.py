"""In a browser an admin moves an exchange to another host: from one that is asked, and from one that is cut off."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import WATCH_POLICY
from tests.hosts.candles import HOUR_MS, check_no_hole, now_ms
from tests.hosts.conftest import Scene
from tests.hosts.lease import LEASE_SECONDS, check_never_two, reasons
from tests.hosts.namespaces import Host

MS = 40_000
REVOKED_AND_OVER_MS = 1_000 * (10 + LEASE_SECONDS + 30)
WHO = "Olga (olga@example.net)"
SINCE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, ")
TOLD = re.compile(r"/network/binance\?told=")


@pytest.fixture
def page(scene: Scene, browser: Browser) -> Iterator[Page]:
    """Signed in as the admin; in the end the console may not have complained."""
    context, troubles = browser.new_context(), list[str]()
    page = context.new_page()
    page.add_init_script(WATCH_POLICY)
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    page.goto(scene.site.sign_in_link())
    yield page
    context.close()
    assert troubles == []


def warning(page: Page, scene: Scene) -> dict[str, str]:
    """Open the card, and go as far as what is said of who holds it."""
    page.goto(f"{scene.site.pages}/network/binance")
    page.get_by_role("link", name="Move to another host").click()
    page.get_by_role("button", name="Set up", exact=True).first.click()
    expect(page.get_by_role("heading", name="Binance is in use")).to_be_visible()
    names, said = (page.locator(f"#holder {part}").all_inner_texts() for part in ("dt", "dd"))
    return {name: " ".join(text.split()) for name, text in zip(names, said, strict=True)}


def take_over(page: Page, to: Host, milliseconds: float) -> None:
    """Confirm; until the card says that it is active there."""
    page.get_by_role("radio").check()
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Take over Binance").click()
    expect(page).to_have_url(TOLD, timeout=milliseconds)
    expect(page.locator("#told")).to_contain_text(f"Takeover on {to.name}")
    card = page.locator("#card-2")
    expect(card.locator(".card-head .badge")).to_have_text("Active", timeout=MS)
    for fact in (to.name, to.address):
        expect(card).to_contain_text(fact, timeout=MS)
    expect(page.locator(".feed")).to_contain_text(f"taken over by {WHO}")


def test_a_holder_that_is_asked_stops_in_order_and_hands_it_over(scene: Scene, page: Page) -> None:
    site, a, b, lease = scene.site, scene.a, scene.b, scene.lease
    holder = site.ingest(a, "binance", "--idle")
    site.ingest(b, "--idle")
    lease.known(a)
    site.report(b, role="idle", ip=b.address)
    since_ms = now_ms(site.simulator) - HOUR_MS

    told = warning(page, scene)
    assert (told["Host"], told["IP"], told["Admin"], told["Takes commands"]) == (a.name, a.address, "Olga", "yes")
    assert SINCE.match(told["Since"])
    take_over(page, b, MS)
    expect(page.locator(".feed")).to_contain_text(f"handed over to {b.name} by {WHO}")
    scene.measured("from the end of its lease to active", lease.active(b).at - lease.ended(a))
    assert (a.name, "stopped", f"handed over to {b.name} by {WHO}") in reasons(site.store)
    site.report(a, role="idle")
    assert holder.is_running, "it waits for the next start"
    check_no_hole(site.store, site.simulator, since_ms)
    check_never_two((a, b), lease)


@pytest.mark.long
def test_from_a_host_that_is_cut_off_it_is_taken_once_its_lease_has_run_out(scene: Scene, page: Page) -> None:
    site, a, b, lease = scene.site, scene.a, scene.b, scene.lease
    cut_off = site.ingest(a, "--idle")
    site.ingest(b, "--idle")
    target = site.report(a, role="idle", ip=a.address).target
    site.report(b, role="idle", ip=b.address)
    assert f"done: binance is active on {a.name}." in site.run("control", "start", "binance", "--on", target)
    lease.known(a)
    since_ms = now_ms(site.simulator) - HOUR_MS

    told = warning(page, scene)
    assert (told["Host"], told["IP"]) == (a.name, a.address)
    a.switch_off()
    take_over(page, b, REVOKED_AND_OVER_MS)
    scene.measured("from the end of its lease to active", lease.active(b).at - lease.ended(a))
    check_no_hole(site.store, site.simulator, since_ms)

    a.switch_on()
    cut_off.has_said(f"binance is held by .*{b.name}", 90)
    site.report(a, role="idle")
    assert cut_off.is_running, "it waits for the next start"
    assert lease.payload()["hostname"] == b.name
    check_never_two((a, b), lease)
