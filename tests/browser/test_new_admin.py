"""A new admin on a real network: in by the printed link, then which exchange died, when, and what it last said."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.commands.running import Command, Site, eventually

#: A lease of 4.8 s: the subject is what an admin finds, not how long a lease is.
QUICK = {
    "PERSEUS_HEARTBEAT_SECONDS": "1.4",
    "PERSEUS_TTL_SECONDS": "4.8",
    "PERSEUS_MARGIN_SECONDS": "1.8",
    "PERSEUS_STOP_SECONDS": "1.6",
    "PERSEUS_RETRY_SECONDS": "0.4",
    "PERSEUS_STORE_TIMEOUT_SECONDS": "0.8",
}
LINK = re.compile(r"http://\S+/sign-in/link/\S+")
LONG = 25_000


def test_a_new_admin_finds_which_exchange_died_when_and_what_it_last_said(tmp_path: Path, browser: Browser) -> None:
    site = Site(tmp_path / "home", **QUICK)
    context = browser.new_context()
    with site.start("up") as up:
        page = context.new_page()
        page.goto(printed_link(up))
        expect(page).to_have_title("Network", timeout=LONG)
        card = page.get_by_role("article", name="Binance", exact=True)
        expect(card.get_by_text("Active").first).to_be_visible(timeout=LONG)

        site.child("ingest binance").kill()
        killed = time.time()

        expect(page).to_have_title("1 down · Network", timeout=LONG)
        expect(page.get_by_role("article").first).to_have_accessible_name("Binance")
        expect(card).to_contain_text("Offline · lost")
        expect(card).to_contain_text("No heartbeat came before its lease ended.")
        card.get_by_role("link", name="Binance", exact=True).click()
        read_page(page, killed)
    context.close()


def printed_link(up: Command) -> str:
    """What `up` prints, as the newcomer clicks it."""
    return str(eventually(lambda: LINK.search(up.said))[0])


def read_page(page: Page, killed: float) -> None:
    """What the page of the dead one says: that it is lost, since when, why, and its last words."""
    expect(page.get_by_role("heading", level=1)).to_have_text("Binance")
    why = page.get_by_role("region", name="Why it says so")
    expect(why).to_contain_text("its last record was never closed: nobody released it, it ran out.")
    said = re.search(r"So since (\S+ \S+) UTC", why.inner_text())
    assert said
    died = datetime.fromisoformat(said[1]).replace(tzinfo=UTC).timestamp()
    assert killed - 1 <= died <= killed + 6, "when its lease ended: at most one lease after its last heartbeat"

    now = page.get_by_role("region", name="Now", exact=True)
    expect(now).to_contain_text(re.compile(r"Last known:\s+Active"))
    for fact in ("Ran for", "Last heartbeat", "Host", "Version"):
        expect(now).to_contain_text(fact)
    activity = page.get_by_role("region", name="Activity")
    newest = activity.get_by_role("listitem").first
    expect(newest).to_contain_text(re.compile(r"Active\s*to\s*Offline · lost"), timeout=LONG)
    expect(newest).to_contain_text(said[1][-8:])
    expect(activity.get_by_role("listitem")).to_have_count(4)

    newest.get_by_role("link").first.click()
    event = page.get_by_role("region", name="Binance")
    expect(event).to_contain_text(f"Its lease ended at {said[1][-8:]} UTC; it was found gone ")
    expect(page.get_by_role("heading", name="Who was told")).to_be_visible()
