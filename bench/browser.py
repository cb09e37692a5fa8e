"""What a poll costs the browser: main thread of Chromium for one changed card of 50, and the heap after a thousand.

The time is processor time of that thread for polls of a real site, one heartbeat between two of them. For the heap two
answers of it that differ in one card are given in turns, whole and as fast as the page takes them. V8 compiles what
runs often, and the code stays in its heap: what the page itself keeps is seen in a browser that does not compile.
"""

from __future__ import annotations

import gzip
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from statistics import median, quantiles
from typing import Any

from playwright.sync_api import CDPSession, Page, Route, sync_playwright

from bench.figures import Figure
from bench.load import Answer, Connection
from bench.page import EVENTS, SHARED_SECONDS, SMALL
from bench.site import FRAGMENT, Site, cookie_name, site

NAMES = ("chromium", "chromium-browser", "google-chrome")
LIMIT_MS = 16
TIMED, FIRST, LAST = 30, 10, 1_000  # leases of 45 s outlive the 30 polls
HEAP = 1.1
UNCOMPILED = "--no-opt --no-maglev --no-sparkplug"
# A poll as the button Refresh asks for it; done when its answer was swapped in and two frames were drawn.
POLL = """
() => new Promise((resolve) => {
  const drawn = () => requestAnimationFrame(() => requestAnimationFrame(() => resolve()));
  document.addEventListener("htmx:after:swap", drawn, { once: true });
  document.body.dispatchEvent(new CustomEvent("network:refresh"));
})
"""


def measure(url: str) -> list[Figure]:
    """With the Chromium on PATH; a note where there is none."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        return [Figure("main thread of a poll", 0.0, unit="ms", note="not measured: apt-get install chromium")]
    with site(url, SMALL, EVENTS) as ours:
        with _page(ours, path) as (page, session):
            figures = _main_thread(ours, page, session)
            compiled = _heap(ours, page, session, "  with the code that was compiled meanwhile")
        with _page(ours, path, f"--js-flags={UNCOMPILED}") as (page, session):
            kept = _heap(ours, page, session, f"heap after {LAST:,} polls, to that after {FIRST}", HEAP)
        return [*figures, kept, compiled]


@contextmanager
def _page(ours: Site, path: str, *arguments: str) -> Iterator[tuple[Page, CDPSession]]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        at = f"http://127.0.0.1:{ours.port}"
        context.add_cookies([{"name": cookie_name(ours.port), "value": ours.session, "url": at}])
        page = context.new_page()
        page.goto(f"{at}/network")
        session = context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})  # a neighbour on the machine costs nothing
        yield page, session
        browser.close()


def _two(ours: Site) -> tuple[Answer, Answer]:
    """Two answers to a poll, between them one heartbeat."""
    viewer = Connection(ours.port, "/network/live", {**FRAGMENT, **ours.headers})
    ours.pause()
    time.sleep(SHARED_SECONDS)
    first = viewer.get()
    ours.network.members[SMALL // 2].beat()
    time.sleep(SHARED_SECONDS)
    second = viewer.get()
    ours.resume()
    if first.body == second.body:
        raise RuntimeError("a heartbeat changed nothing on the page")
    return first, second


def _fulfil(route: Route, answer: Answer) -> None:
    """As if it came now: the page refuses what is older than what it shows. The store's clock is this machine's."""
    now = time.time_ns() // 1_000_000
    headers = {"Content-Type": "text/html; charset=utf-8", "Perseus-Now": str(now)}
    route.fulfill(status=200, headers=headers, body=gzip.decompress(answer.body))


def _main_thread(ours: Site, page: Page, session: CDPSession) -> list[Figure]:
    for _ in range(FIRST):
        page.evaluate(POLL)
    ours.pause()
    taken = []
    for member in ours.network.members[:TIMED]:
        member.beat()
        time.sleep(SHARED_SECONDS)
        taken.append(_cost(page, session))
    ours.resume()
    ms = sorted(one * 1000 for one in taken)
    note = f"{SMALL} cards, {TIMED} polls, 9 of 10 within {quantiles(ms, n=10)[8]:.1f} ms"
    return [Figure("main thread of a poll with one changed card", median(ms), LIMIT_MS, "ms", ms[0], ms[-1], note)]


def _cost(page: Page, session: CDPSession) -> float:
    before = _metric(session, "TaskDuration")
    page.evaluate(POLL)
    return _metric(session, "TaskDuration") - before


def _heap(ours: Site, page: Page, session: CDPSession, name: str, limit: float | None = None) -> Figure:
    answers = cycle(_two(ours))
    page.route("**/network/live*", lambda route: _fulfil(route, next(answers)))
    page.reload()
    sizes = []
    for polls in (FIRST, LAST - FIRST):
        for _ in range(polls):
            page.evaluate(POLL)
        session.send("HeapProfiler.collectGarbage")
        sizes.append(_metric(session, "JSHeapUsedSize"))
    first, last = sizes
    return Figure(name, last / first, limit, note=f"{first / 1e6:.2f} MB to {last / 1e6:.2f} MB")


def _metric(session: CDPSession, name: str) -> float:
    told: dict[str, Any] = session.send("Performance.getMetrics")
    return next(float(one["value"]) for one in told["metrics"] if one["name"] == name)
