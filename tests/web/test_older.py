"""Older pages of the feed, for htmx and for a plain browser."""

from __future__ import annotations

from perseus.errors import StoreUnavailable
from perseus.network.view.directory import ActivityPage, BadCursor
from tests.web.reading import HTMX, get, rows, words
from tests.web.views import NOW, FakeDirectory, app_of, event, live, view

OLD = ActivityPage((event(ms=NOW - 9_000_000),), "coinbase:5-0")
LAST = ActivityPage((event(ms=NOW - 99_000_000),), None)


def directory() -> FakeDirectory:
    return FakeDirectory(view([live()], [event()], "binance_us:17-3"), {"binance_us:17-3": OLD, "coinbase:5-0": LAST})


def test_the_page_links_to_the_events_behind_its_last_one() -> None:
    shown = get(app_of(directory()), "/network").text
    assert 'href="/network/feed?before=binance_us%3A17-3"' in shown


def test_htmx_gets_rows_and_the_next_link() -> None:
    asked = directory()
    shown = get(app_of(asked), "/network/feed?before=binance_us:17-3", **HTMX).text
    assert asked.asked == [(50, "binance_us:17-3", None)]
    assert len(rows(shown)) == 1
    assert "before=coinbase%3A5-0" in shown
    assert "<html" not in shown


def test_a_plain_browser_gets_a_whole_page_with_a_way_back() -> None:
    shown = get(app_of(directory()), "/network/feed?before=binance_us:17-3").text
    assert shown.startswith("<!doctype html>")
    assert ">Back to the network</a>" in shown
    assert '<a href="/network" aria-current="true">Network</a>' in shown
    assert len(rows(shown)) == 1


def test_the_end_of_the_logs_is_said() -> None:
    shown = get(app_of(directory()), "/network/feed?before=coinbase:5-0", **HTMX).text
    assert "That is all" in words(shown)
    assert "Load older" not in shown


def test_without_a_cursor_the_newest_events_are_shown() -> None:
    asked = directory()
    assert get(app_of(asked), "/network/feed").status_code == 200
    assert asked.asked == [(50, None, None)]


def test_a_network_without_events_is_not_said_to_have_lost_them() -> None:
    shown = words(get(app_of(FakeDirectory(view())), "/network/feed").text)
    assert "There is no activity to show." in shown
    assert "no longer kept" not in shown


def test_a_broken_cursor_is_refused_with_a_page() -> None:
    asked = directory()
    asked.trouble = BadCursor("<junk>")
    response = get(app_of(asked), "/network/feed?before=%3Cjunk%3E")
    assert response.status_code == 400
    assert "Not a cursor" in words(response.text)


def test_a_silent_store_is_said_and_not_shown_as_no_events() -> None:
    asked = directory()
    asked.trouble = StoreUnavailable("10.1.2.3:6379", "refused")
    response = get(app_of(asked), "/network/feed?before=coinbase:5-0", **HTMX)
    assert response.status_code == 503
    assert "10.1.2.3" not in response.text
