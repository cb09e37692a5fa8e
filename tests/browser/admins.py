"""Several admins of one site of real processes, each in a browser of their own."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import Request, urlopen

from playwright.sync_api import Browser, BrowserContext, Locator, Page

from perseus.access import keys
from perseus.access.audit import AuditLog
from perseus.access.auditentry import AuditEntry, Wanted
from perseus.access.roles import Role
from perseus.clock import SystemClock
from perseus.db import access as rows
from perseus.db import userexchanges
from perseus.db.userexchanges import Access
from perseus.local import runfile
from perseus.network.exchange import Exchange
from perseus.settings import Settings
from perseus.store import connect
from tests.browser.conftest import WATCH_POLICY
from tests.commands.running import Site

BINANCE = Exchange(2, "binance", "Binance")
PRESS_AT = "(button, at) => setTimeout(() => button.click(), at - Date.now())"
SOON_MS = 400


class Admin:
    """One admin, who has set Binance up. `troubles`: what the console complained of."""

    def __init__(self, site: Site, context: BrowserContext, name: str) -> None:
        self._home = f"http://127.0.0.1:{site.port}"
        self.name, self.troubles = name, list[str]()
        self.page = context.new_page()
        self.page.add_init_script(WATCH_POLICY)
        self.page.on("console", lambda one: self.troubles.append(one.text) if one.type == "error" else None)
        url = runfile.database_url(Settings(home=site.home))
        person = rows.add_user(url, f"{name.lower()}@example.net", name, Role.ADMIN, "a test")
        userexchanges.add_record(url, person.id, BINANCE, Access("Binance", None, None))
        key = keys.fresh_token()
        rows.add_link(url, person.id, keys.digest(key), "a test", SystemClock().wall_ms())
        self.goto(f"/sign-in/link/{key}")

    def goto(self, path: str) -> Page:
        """The page there."""
        self.page.goto(self._home + path)
        return self.page

    def choose(self, path: str, place: int) -> str:
        """Choose that one of the hosts that are offered there, and agree to what is asked; gives its target."""
        radio = self.goto(path).get_by_role("radio").nth(place)
        radio.check()
        if self.page.get_by_role("checkbox").count():
            self.page.get_by_role("checkbox").check()
        return radio.get_attribute("value") or ""


@contextmanager
def admins(browser: Browser, site: Site, *names: str) -> Iterator[tuple[Admin, ...]]:
    """Signed in, each in a context of their own; in the end no console may have complained of more than a refusal."""
    contexts = [browser.new_context() for _ in names]
    some = tuple(Admin(site, context, name) for context, name in zip(contexts, names, strict=True))
    yield some
    for context in contexts:
        context.close()
    assert [one for admin in some for one in admin.troubles if "409 (CONFLICT)" not in one] == []


def press_together(*buttons: Locator) -> None:
    """Press them all at the same moment, within what the clocks of browsers on one machine tell apart."""
    at_ms = round(time.time() * 1000) + SOON_MS
    for button in buttons:
        button.evaluate(PRESS_AT, at_ms)


def slow_candles(site: Site, wait_ms: int) -> None:
    """Binance answers requests for candles so late from now on; 0: as ever."""
    simulator = f"{site.run_json()['simulator']}/control/faults"
    with urlopen(Request(simulator, method="DELETE"), timeout=10):
        pass
    fault = {"name": "slow_headers", "exchange": "binance", "target": "*klines*", "params": {"wait_ms": wait_ms}}
    if wait_ms:
        with urlopen(Request(simulator, json.dumps(fault).encode(), method="POST"), timeout=10):
            pass


def runs(site: Site) -> list[tuple[str, str]]:
    """Each change of state of Binance, oldest first: whose, to which."""
    told = site.get("/api/network/activity?exchange=binance&count=200")["events"]
    return [(one["instanceId"], one["toState"]) for one in reversed(told) if one.get("toState")]


def never_two(some: list[tuple[str, str]]) -> bool:
    """Has whoever came next begun only when the one before had stopped, or was said to be offline?"""
    holder: str | None = None
    for instance, state in some:
        if holder is not None and instance != holder:
            return False
        holder = None if state in ("stopped", "offline") else instance
    return True


def audited(site: Site, what: str) -> list[AuditEntry]:
    """What the audit log says of that act, oldest first."""
    with connect(runfile.store_url(Settings(home=site.home)), timeout=5, name="tests") as client:
        found = AuditLog(client, SystemClock()).read(200, None, Wanted("", what, ""))
    return list(reversed(found.entries))
