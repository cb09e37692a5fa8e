"""A real Chromium on the real app over a directory that a test may change."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page
from werkzeug.serving import make_server

from perseus.clock import SystemClock
from perseus.network.view.directory import Condition
from tests.web.signedin import cookie
from tests.web.views import BINANCE, COINBASE, KRAKEN, FakeDirectory, app_of, event, gone, live, view

POLL = re.compile(r"/network/live(\?.*)?$")
WATCH_POLICY = """
document.addEventListener("securitypolicyviolation", (event) => console.error(`policy: ${event.violatedDirective}`));
"""
# A clock that is put in the browser's place knows of no navigation: it counts on from one page to the next.
ANSWERED_NOW = """
const page = { responseStart: performance.now() };
performance.getEntriesByType = (type) => (type === "navigation" ? [page] : []);
"""


def sign_in(context: BrowserContext, address: str, app: Flask | None = None) -> None:
    """Give the browser the cookie of an admin. `app`: of an app that is not of tests/web alone."""
    app = app or app_of(FakeDirectory())
    name = app.config["SESSION_COOKIE_NAME"]
    context.add_cookies([{"name": name, "value": cookie(app), "url": address, "httpOnly": True}])


@dataclass
class Stage:
    """The page in a browser, and the network behind it. `troubles`: what the console complained of."""

    page: Page
    directory: FakeDirectory
    address: str
    troubles: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()

    def poll(self) -> None:
        """Let five seconds pass and wait for the answer of the poll that they bring."""
        with self.page.expect_response(POLL):
            self.page.clock.run_for(5_000)
        self.page.wait_for_timeout(50)

    def pass_time(self, seconds: int) -> None:
        """Let time pass whether or not anybody polls, second by second, as it does."""
        for _ in range(seconds):
            self.page.clock.run_for(1_000)
        self.page.wait_for_timeout(50)

    def heard(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(text in message.text for text in self.expected):
            self.troubles.append(message.text)


@pytest.fixture
def directory() -> FakeDirectory:
    """Two active exchanges and a lost one, as of now, with three events."""
    now = SystemClock().wall_ms()
    statuses = [live(COINBASE, now=now), live(BINANCE, now=now), gone(Condition.OFFLINE, KRAKEN)]
    events = [event(exchange, now - 60_000 * number) for number, exchange in enumerate((COINBASE, BINANCE, KRAKEN), 1)]
    return FakeDirectory(view(statuses, events, now=now))


@pytest.fixture
def address(directory: FakeDirectory) -> Iterator[str]:
    with serving(app_of(directory)) as address:
        yield address


class serving:
    """An app on a loopback port, without one a free port, for as long as the block lasts."""

    def __init__(self, app: Flask, port: int = 0) -> None:
        self._server = make_server("127.0.0.1", port, app, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._server.port}"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(5)
        self._server.server_close()


@pytest.fixture
def opened(browser: Browser, directory: FakeDirectory, address: str) -> Iterator[Callable[..., Stage]]:
    """Opens the page; in the end no console may have complained of anything but what the test expects."""
    stages: list[Stage] = []

    def open_page(path: str = "/network", *, at: float | None = None, where: str = address, **options: object) -> Stage:
        context = browser.new_context(**options)  # type: ignore[arg-type]
        sign_in(context, where)
        page = context.new_page()
        page.add_init_script(WATCH_POLICY)
        page.clock.install(**({} if at is None else {"time": at}))
        page.add_init_script(ANSWERED_NOW)
        stage = Stage(page, directory, where)
        stages.append(stage)
        page.on("console", stage.heard)
        page.on("pageerror", lambda error: stage.troubles.append(str(error)))
        page.goto(where + path)
        return stage

    yield open_page
    for stage in stages:
        stage.page.context.close()
        assert stage.troubles == []
