"""What tests look at in a page while the network behind it changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from playwright.sync_api import Locator, Page

from perseus.network.view.directory import NetworkView
from perseus.web import moments
from tests.browser.conftest import POLL, Stage

Open = Callable[..., Stage]
# What the browser itself, and htmx, say of a request that failed as the test wanted it to.
NOISE = ("htmx: htmx:error", "htmx: htmx:response:error", "Failed to load resource")

# htmx itself marks the region and its direct children while it works; everything else counts.
COUNT_MUTATIONS = """() => {
  window.mutations = [];
  const region = document.getElementById("network-live");
  const counts = (one) => one.attributeName !== "class" || ![one.target, one.target.parentElement].includes(region);
  const named = (one) => one.target.outerHTML ?? one.target.parentElement?.outerHTML ?? one.type;
  new MutationObserver((seen) => window.mutations.push(...seen.filter(counts).map(named)))
    .observe(region, {subtree: true, childList: true, characterData: true, attributes: true});
}"""
RECORD_SAID = """() => {
  window.said = [];
  const line = document.getElementById("said");
  new MutationObserver(() => window.said.push(line.textContent)).observe(line, {childList: true});
}"""
SET_HIDDEN = """(hidden) => {
  Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def later(shown: NetworkView, seconds: float, **changes: object) -> NetworkView:
    """The view read again `seconds` later."""
    return replace(shown, now_ms=shown.now_ms + round(seconds * 1000), **changes)  # type: ignore[arg-type]


def top_of(element: Locator) -> float:
    """Where it stands in the window, in pixels."""
    return float(element.evaluate("(element) => element.getBoundingClientRect().top"))


def clock_of(ms: int) -> str:
    """The time of day, as the header shows it."""
    moment = moments.ago(ms)
    assert moment is not None
    return moment.clock


def polls_of(page: Page) -> list[str]:
    """The addresses of the polls that the page sends from now on."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if POLL.search(request.url) else None)
    return asked
