"""Two admins at once, with real processes: each sees what really came of it, and nobody ever serves beside another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from perseus.access.auditentry import DONE, SENT
from tests.browser.admins import Admin, admins, audited, never_two, press_together, runs, slow_candles
from tests.commands.running import Site, eventually

SECONDS = 40_000
HERE = "/network/binance"
ENDED = re.compile(r"(Start|Takeover) on \S+: (done|refused|failed|cancelled|not taken)\.")
SLOW_MS = 4_000


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """`perseus up` and two more processes that wait."""
    site = Site(tmp_path / "home")
    with site.start("up"):
        eventually(site.has_three_active, 60)
        with site.start("ingest", "--idle"), site.start("ingest", "--idle"):
            yield site


@pytest.fixture
def both(browser: Browser, site: Site) -> Iterator[tuple[Admin, Admin]]:
    with admins(browser, site, "Ada", "Otto") as (ada, otto):
        yield ada, otto


def badge(page: Page) -> Locator:
    return page.locator("#card-2 .card-head .badge")


def agree(page: Page, name: str) -> None:
    """To what the dialog asks."""
    page.get_by_role("dialog").get_by_role("button", name=name).click()


def free(site: Site, admin: Admin) -> None:
    """Nobody serves it, and all three processes wait."""
    page = admin.goto(HERE)
    page.locator("#act-stop").click()
    agree(page, "Stop")
    expect(page.locator("#told")).to_contain_text("Stop on", timeout=SECONDS)
    eventually(lambda: admin.goto(f"{HERE}/connect").get_by_role("radio").count() == 3)


def answer(admin: Admin) -> str:
    """What the page that they were led to says in the end: how it ended, or why nothing was asked."""
    said = admin.page.locator("#told, #command, [role=alert]").filter(has_text=re.compile(r"\S")).first
    expect(said).to_contain_text(re.compile(rf"{ENDED.pattern}|Nothing was (started|asked)"), timeout=SECONDS)
    return said.inner_text()


def asked(site: Site, unsent: str, sent: str) -> set[str]:
    """Who asked for it, whether it was sent or not."""
    sent_by = {one.who for one in audited(site, sent) if one.result == SENT}
    return sent_by | {one.who for one in audited(site, unsent)}


def test_of_two_who_connect_at_once_one_does_and_the_other_is_told(site: Site, both: tuple[Admin, Admin]) -> None:
    free(site, both[0])
    for place, admin in enumerate(both):
        admin.choose(f"{HERE}/connect", place)
    press_together(*(admin.page.get_by_role("button", name="Connect Binance") for admin in both))
    said = [answer(admin) for admin in both]
    won = [text for text in said if "done. binance is active" in text]
    lost = [text for text in said if re.search("refused|meanwhile", text)]
    assert (len(won), len(lost)) == (1, 1), said
    for admin in both:
        expect(badge(admin.goto(HERE))).to_have_text("Active", timeout=SECONDS)
    assert never_two(runs(site))
    assert asked(site, "connect an exchange", "control: start") == {"ada@example.net", "otto@example.net"}

    holder = both[0].page.locator("#card-2")
    was = holder.inner_text()
    for place, admin in enumerate(both):
        admin.choose(f"{HERE}/connect", place)
    press_together(*(admin.page.get_by_role("button", name="Take over Binance") for admin in both))
    said = [answer(admin) for admin in both]
    done = [text for text in said if "done. binance is active" in text]
    lost = [text for text in said if re.search("refused|Nothing was asked", text)]
    assert (len(done), len(lost)) == (1, 1), said
    expect(badge(both[0].goto(HERE))).to_have_text("Active", timeout=SECONDS)
    assert both[0].page.locator("#card-2").inner_text() != was
    assert never_two(runs(site))
    assert asked(site, "take an exchange over", "control: takeover") == {"ada@example.net", "otto@example.net"}
    assert [one.result for one in audited(site, "control: takeover")].count(DONE) == 1


@pytest.mark.long
def test_one_stops_what_another_has_started_and_a_warmup_is_cancelled(site: Site, both: tuple[Admin, Admin]) -> None:
    ada, otto = both
    expect(ada.goto(HERE).locator("#act-warm_up")).to_be_enabled()
    assert not ada.page.locator("#act-cancel_warm_up").count(), "nothing warms up"
    slow_candles(site, SLOW_MS)
    ada.page.get_by_label("everything anew").check()
    ada.page.locator("#act-warm_up").click()
    agree(ada.page, "Warm up again")
    expect(ada.page.locator("#command")).to_contain_text("warming", timeout=SECONDS)
    assert not ada.page.locator("#command-stop").count(), "it is no start"
    page = otto.goto(HERE)
    page.locator("#act-cancel_warm_up").click()
    agree(page, "Cancel the warmup")
    expect(page.locator("#told")).to_contain_text("The warmup of binance is cancelled at", timeout=SECONDS)
    expect(page.locator("#warmup")).to_contain_text("Cancelled", timeout=SECONDS)
    expect(page.locator("#act-cancel_warm_up")).to_have_count(0, timeout=SECONDS)
    expect(ada.page.locator("#command")).to_contain_text("cancelled", timeout=SECONDS)
    expect(badge(page)).to_have_text("Active")

    free(site, ada)
    ada.choose(f"{HERE}/connect", 0)
    ada.page.get_by_role("button", name="Connect Binance").click()
    expect(ada.page.locator("#command")).to_contain_text("warming", timeout=SECONDS)
    otto.goto("/network").locator("#card-2-stop").click()
    agree(otto.page, "Stop the start")
    expect(otto.page.locator("#told")).to_contain_text("binance is stopped, its lease released", timeout=SECONDS)
    expect(ada.page.locator("#command")).to_contain_text("cancelled. Otto (otto@example.net) has asked for a stop.")
    expect(badge(ada.goto(HERE))).to_have_text("Offline · stopped", timeout=SECONDS)

    ada.choose(f"{HERE}/connect", 0)
    ada.page.get_by_role("button", name="Connect Binance").click()
    expect(ada.page.locator("#command")).to_contain_text("warming", timeout=SECONDS)
    ada.page.locator("#command-stop").click()
    agree(ada.page, "Stop it")
    expect(ada.page.locator("#told")).to_contain_text("binance is stopped, its lease released", timeout=SECONDS)
    expect(badge(ada.page)).to_have_text("Offline · stopped", timeout=SECONDS)
    assert never_two(runs(site))
    ends = [(one.who, one.result) for one in audited(site, "control: start") if one.result != SENT]
    assert [result for _, result in ends] == ["failed", "failed"], "both were cancelled"
    assert [one.who for one in audited(site, "control: stop") if one.result == DONE][-2:] == [
        "otto@example.net",
        "ada@example.net",
    ]
