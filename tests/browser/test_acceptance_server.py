"""Lines 14, 15 and 18 of the acceptance list: what the server owes the page, as a browser meets it."""

from __future__ import annotations

import gzip
import time

from playwright.sync_api import Browser, expect

from perseus.network.exchange import Exchange
from perseus.network.log.activity import Event
from perseus.pluginhost.manager import UI, load
from perseus.web.extensions import Extensions
from tests.browser.conftest import serving
from tests.browser.watching import Open
from tests.plugins.shelf import Shelf, shelf
from tests.web.reading import HTMX, get
from tests.web.views import NOW, FakeDirectory, app_of, event, live, view

__all__ = ["shelf"]

RAISES = """
@hookimpl
def perseus_card_fragments(status, slot):
    raise RuntimeError("planted")
"""
SPEAKS = """
from perseus import Fragment

@hookimpl
def perseus_card_fragments(status, slot):
    return [Fragment(text="all is well here")] if slot == "footer" else []
"""
FOREIGN = "https://elsewhere.example/"


def test_line_14_a_post_from_another_site_is_refused_with_the_reason(browser: Browser, address: str) -> None:
    page = browser.new_page()
    form = f'<form method="post" action="{address}/plugins/switch"><button>Win</button></form>'
    page.route(f"{FOREIGN}*", lambda route: route.fulfill(content_type="text/html", body=form))
    page.goto(FOREIGN)
    with page.expect_navigation() as sent:
        page.get_by_role("button").click()
    assert sent.value is not None
    assert sent.value.status == 403
    expect(page.locator("body")).to_contain_text("The request came from another site")
    page.close()


def test_line_15_a_plugin_that_raises_is_named_on_the_page_and_stops_nobody_else(
    opened: Open, directory: FakeDirectory, shelf: Shelf
) -> None:
    shelf.add("wrong", RAISES)
    shelf.add("good", SPEAKS)
    extensions = Extensions(load(UI, shelf.entries))
    with serving(app_of(directory, extensions=extensions)) as address:
        stage = opened(where=address)
        stage.poll()
        expect(stage.page.locator("#card-1 .card-trouble")).to_contain_text("wrong")
        expect(stage.page.locator("#card-1 .card-added-footer")).to_have_text("all is well here")
        expect(stage.page.locator(".card")).to_have_count(3)
        stage.page.goto("about:blank")


def busy(number: int) -> FakeDirectory:
    """A network of fifty exchanges, and the fifty newest of a thousand events, as one poll of many reads it."""
    exchanges = [Exchange(one, f"exchange-{one}", f"Exchange {one}") for one in range(1, 51)]
    events: list[Event] = [event(exchanges[n % 50], NOW - 1_000 * n - number) for n in range(50)]
    last_error = {"last_error": f"1006 abnormal closure {number}", "last_error_at": None}
    statuses = [live(one, beat_ms=3_000 + number, **last_error) for one in exchanges]
    return FakeDirectory(view(statuses, events, events[-1].name))


def test_line_18_fifty_exchanges_are_rendered_in_100_ms_and_a_poll_is_under_60_kb() -> None:
    directory = busy(0)
    app = app_of(directory)
    get(app, "/network")
    took = []
    for number in range(1, 6):
        directory.shown = busy(number).shown
        began = time.perf_counter()
        answer = get(app, "/network/live", **HTMX)
        took.append(time.perf_counter() - began)
    assert answer.text.count('<article class="card"') == 50
    assert min(took) < 0.1
    assert len(gzip.compress(answer.data)) < 60_000
