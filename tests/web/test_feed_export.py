"""The feed as a file: whole or saying that it is not, and safe to open."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perseus.errors import StoreUnavailable
from perseus.network.log.activity import Event
from perseus.network.log.searching import Found
from perseus.network.view.directory import ActivityPage
from perseus.web.feed import export as feedexport
from perseus.web.feed import file as feedfile
from perseus.web.feed.filter import FeedFilter
from tests.web.reading import get
from tests.web.views import BINANCE, COINBASE, NOW, FakeDirectory, app_of, event, live, view

THREE = (event(COINBASE, NOW), event(BINANCE, NOW - 1, event="error", error="=1+1", odd="x"), event(COINBASE, NOW - 2))


def directory() -> FakeDirectory:
    pages = {None: ActivityPage(THREE[:2], "binance:5-0"), "binance:5-0": ActivityPage(THREE[2:], None)}
    return FakeDirectory(view([live(COINBASE), live(BINANCE)]), pages)


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_has_a_row_for_each_event_and_its_page_boundaries_do_not_show() -> None:
    response = get(app_of(directory()), "/network/feed.csv")
    assert response.content_type == "text/csv; charset=utf-8; header=present"
    assert response.headers["Content-Disposition"] == 'attachment; filename="perseus-activity.csv"'
    found = table(response.text)
    assert [row["name"] for row in found] == [one.name for one in THREE]
    assert (found[0]["time"], found[0]["toState"]) == ("2026-11-21T14:03:22.000Z", "active")
    assert json.loads(found[1]["other"]) == {"odd": "x"}


def test_ndjson_has_the_fields_as_they_are_stored() -> None:
    response = get(app_of(directory()), "/network/feed.ndjson")
    assert response.content_type.startswith("application/x-ndjson")
    found = [json.loads(line) for line in response.text.splitlines()]
    assert found[1] == {
        "time": "2026-11-21T14:03:21.999Z",
        "exchange": "binance",
        "name": THREE[1].name,
        "event": "error",
        "error": "=1+1",
        "odd": "x",
    }


def test_only_what_the_filter_lets_through_is_written() -> None:
    found = table(get(app_of(directory()), "/network/feed.csv?exchange=binance&kind=error").text)
    assert [row["name"] for row in found] == [THREE[1].name]


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\u00a0=1", "\uff1d1", '=cmd|" /C calc"!A0'],
)
def test_no_cell_can_be_taken_for_a_formula(text: str) -> None:
    row = table(b"".join(feedfile.csv(iter([{"error": text}]))).decode())[0]
    assert row["error"] == f"'{text}"


@given(st.dictionaries(st.sampled_from((*feedfile.COLUMNS, "a", "=b")), st.text(max_size=20)))
def test_whatever_stands_in_a_field_stays_in_its_cell(fields: dict[str, str]) -> None:
    (row,) = table(b"".join(feedfile.csv(iter([fields]))).decode())
    assert None not in row
    for column in feedfile.COLUMNS:
        assert row[column] in (
            fields.get(column, "").replace("\0", "\ufffd"),
            "'" + fields.get(column, "").replace("\0", "\ufffd"),
        )
        assert not row[column].startswith(feedfile.FORMULA)


def pages(*found: Found | Exception) -> Iterator[Found]:
    for one in found:
        if isinstance(one, Exception):
            raise one
        yield one


def written(*found: Found | Exception, most: int = 100, seconds: float = 60) -> list[feedfile.Line]:
    rest = pages(*found)
    return list(feedexport.lines(next(rest), lambda: next(rest), most, seconds))


def page(*events: Event, older: str | None = None) -> Found:
    return Found(events, older)


def test_a_file_that_is_cut_says_so_and_how_to_go_on_without_a_gap() -> None:
    *_, last = written(page(*THREE[:2], older="x"), page(THREE[2]), most=2)
    assert last["event"] == "export_cut"
    to = last["reason"].rpartition("to=")[2].rstrip(".")
    rest = FeedFilter.of({"to": to}, ()).search
    assert [one for one in THREE if rest.matches(one)] == [THREE[2]]


def test_a_file_of_just_as_many_rows_is_whole() -> None:
    assert [one["name"] for one in written(page(*THREE), most=3)] == [one.name for one in THREE]


def test_looking_for_too_long_ends_the_file_and_says_so() -> None:
    *_, last = written(page(THREE[0], older=THREE[0].name), page(THREE[1]), seconds=-1)
    assert (last["event"], "after 1 events" in last["reason"]) == ("export_cut", True)


def test_a_store_that_falls_silent_half_way_is_told_in_the_file() -> None:
    *_, last = written(page(THREE[0], older="x"), StoreUnavailable("10.1.2.3:6379", "gone"))
    assert last["event"] == "export_failed"
    assert "10.1.2.3" not in last["reason"]


def test_a_store_that_is_silent_from_the_start_is_a_problem_and_no_file() -> None:
    asked = directory()
    asked.trouble = StoreUnavailable("10.1.2.3:6379", "gone")
    app = app_of(asked)
    assert [get(app, "/network/feed.csv").status_code for _ in range(4)] == [503] * 4


def test_more_exports_than_may_run_at_once_are_put_off() -> None:
    app = app_of(directory())
    running = [app.test_client().get("/network/feed.csv", buffered=False) for _ in range(feedexport.EXPORTS_AT_ONCE)]
    refused = get(app, "/network/feed.csv")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "10")
    for one in running:
        one.close()
    assert get(app, "/network/feed.csv").status_code == 200


def test_finished_exports_make_room() -> None:
    app = app_of(directory())
    for _ in range(5):
        response = get(app, "/network/feed.ndjson")
        assert response.status_code == 200
        response.close()


def test_a_cursor_has_no_place_in_an_export() -> None:
    assert get(app_of(directory()), "/network/feed.csv?before=coinbase:1-1").status_code == 400
