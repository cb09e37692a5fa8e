"""The feed's filter in an address: what it means, what it refuses, and what it keeps."""

from __future__ import annotations

import pytest

from perseus.network.exchange import Exchange
from perseus.network.log.search import EVERYTHING, Kind, Search
from perseus.network.view.directory import ActivityPage
from perseus.web.feed import form as feedform
from perseus.web.feed.filter import FeedFilter
from perseus.web.problems import BadParameter
from tests.web.reading import HTMX, get, rows, words
from tests.web.views import BINANCE, COINBASE, NOW, FakeDirectory, app_of, event, live, view

BOTH = (COINBASE, BINANCE)
DAY_MS = 86_400_000
MIDNIGHT = NOW - NOW % DAY_MS  # 2026-11-21


def filtered(**given: str) -> FeedFilter:
    return FeedFilter.of({name.rstrip("_"): value for name, value in given.items()}, BOTH)


def two() -> FakeDirectory:
    """A transition of Coinbase and an error of Binance, with something older behind them."""
    events = [event(COINBASE, NOW - 1_000), event(BINANCE, NOW - 2_000, event="error", error="1006 closed")]
    return FakeDirectory(view([live(COINBASE), live(BINANCE)], events, "binance:5-0"))


def test_nothing_asked_for_is_everything() -> None:
    assert filtered().search == filtered(exchange="", kind=" ", find="").search == EVERYTHING
    assert not filtered(find=" ")


def test_every_part_is_read() -> None:
    asked = filtered(exchange="coinbase", kind="error", from_="2026-11-21", to="2026-11-21", find=" Abnormal  1006 ")
    assert asked.search == Search("coinbase", Kind.ERROR, MIDNIGHT, MIDNIGHT + DAY_MS, ("abnormal", "1006"))
    assert asked.query == "exchange=coinbase&kind=error&from=2026-11-21&to=2026-11-21&find=Abnormal++1006"


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21T14:03",
        "2026-11-21 14:03",
        "2026-11-21T14:03:00Z",
        "2026-11-21T14:03:00.000Z",
        "2026-11-21T15:03+01:00",
        "2026-11-21T15:03 01:00",
    ],
)
def test_a_time_is_utc_unless_it_says_otherwise(text: str) -> None:
    assert filtered(from_=text).search.from_ms == NOW - 22_000


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"exchange": "nobody"}, "exchange"),
        ({"exchange": "<b>"}, "exchange"),
        ({"kind": "errors"}, "kind"),
        ({"from_": "yesterday"}, "from"),
        ({"from_": "2026-W47-6"}, "from"),
        ({"from_": "20261121"}, "from"),
        ({"from_": "2026-11-21x14:03"}, "from"),
        ({"from_": "202\u0666-11-21"}, "from"),
        ({"from_": "1969-12-31"}, "from"),
        ({"to": "9999-12-31"}, "to"),
        ({"to": "2026-13-01"}, "to"),
        ({"from_": "2026-11-21", "to": "2026-11-20"}, "from"),
        ({"find": "x" * 201}, "find"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(given: dict[str, str], field: str) -> None:
    with pytest.raises(BadParameter) as refused:
        filtered(**given)
    assert refused.value.field == field


def test_a_refusal_names_what_would_be_taken() -> None:
    with pytest.raises(BadParameter, match="coinbase, binance"):
        filtered(exchange="kraken")
    with pytest.raises(BadParameter, match="transition, offline, online, failed, error, other"):
        filtered(kind="x")
    many = [Exchange(number, f"x{number}", "X") for number in range(1, 1_001)]
    with pytest.raises(BadParameter, match="x20 and 980 more"):
        FeedFilter.of({"exchange": "nobody"}, many)


def test_while_nobody_knows_the_exchanges_any_name_is_taken() -> None:
    assert FeedFilter.of({"exchange": "kraken"}, ()).search.exchange == "kraken"


def test_the_form_takes_times_as_a_browser_writes_them() -> None:
    made = feedform.form(filtered(from_="2026-11-21T15:03:05+01:00", to="2026-11-21"), BOTH, "/network")
    assert (made.since, made.until) == ("2026-11-21T14:03:05", "2026-11-22T00:00")


def test_what_is_shown_is_said_in_words() -> None:
    made = feedform.form(filtered(exchange="binance", kind="error", from_="2026-11-21", find="1006"), BOTH, "/network")
    assert made.said == "Errors of Binance from 2026-11-21 00:00:00 UTC with “1006”"
    assert feedform.form(filtered(), BOTH, "/network").said is None


def test_other_parameters_of_the_page_are_kept_and_the_cursor_is_not() -> None:
    given = [("state", "offline"), ("kind", "error"), ("before", "x:1-1")]
    made = feedform.form(filtered(kind="error"), BOTH, "/network", given)
    assert made.others == (("state", "offline"),)
    assert made.everything == "/network?state=offline"
    assert made.older("binance:5-0") == "/network/feed?before=binance%3A5-0&kind=error"


def test_of_very_many_exchanges_the_name_is_typed() -> None:
    many = [Exchange(number, f"x{number}", f"X {number}") for number in range(1, 102)]
    made = feedform.form(FeedFilter.of({"exchange": "x7"}, many), many, "/network")
    assert (made.exchanges, made.exchange, made.said) == ((), "x7", "All events of X 7")


@pytest.mark.parametrize("path", ["/network?exchange=binance", "/network?kind=error", "/network?find=CLOSED"])
def test_the_page_and_its_polls_show_only_what_the_filter_lets_through(path: str) -> None:
    app = app_of(two())
    page = get(app, path).text
    assert len(rows(page)) == 1
    assert "Error" in rows(page)[0]
    polled = get(app, path.replace("/network", "/network/live"), **HTMX).text
    assert rows(polled) == rows(page)
    assert f'hx-get="{path.replace("/network", "/network/live")}"' in page
    assert "Only shown:" in words(polled)
    assert 'id="card-1"' in polled


def test_a_filter_that_lets_nothing_through_says_so_with_one_next_step() -> None:
    directory = two()
    directory.pages = {None: ActivityPage((), None)}
    page = words(get(app_of(directory), "/network?find=nowhere").text)
    assert "Nothing matches this filter. Show everything" in page
    assert "There is no activity to show yet" not in page


@pytest.mark.parametrize(
    "path", ["/network?kind=x", "/network/live?kind=x", "/network/feed?kind=x", "/network/feed.csv?kind=x"]
)
def test_a_filter_that_cannot_be_meant_is_refused_wherever_it_stands(path: str) -> None:
    response = get(app_of(two()), path, **(HTMX if "live" in path else {}))
    assert response.status_code == 400
    assert "kind: must be one of" in words(response.text)


def test_what_was_searched_for_is_shown_and_never_run() -> None:
    page = get(app_of(two()), "/network?find=%3Cscript%3Ex%3C/script%3E%22%27").text
    assert "<script>x" not in page
    assert 'value="&lt;script&gt;x&lt;/script&gt;&#34;&#39;"' in page


def test_a_page_of_the_feed_keeps_the_filter_on_its_way_back_and_on() -> None:
    directory = two()
    directory.pages = {"binance:5-0": ActivityPage((event(BINANCE, NOW - 9_000),), "binance:4-0")}
    page = get(app_of(directory), "/network/feed?before=binance:5-0&exchange=binance").text
    assert 'href="/network/feed?before=binance%3A4-0&amp;exchange=binance"' in page
    assert 'href="/network?exchange=binance"' in page
    assert 'href="/network/feed.csv?exchange=binance"' in page


@pytest.mark.parametrize("query", ["page=2", "exchange=coinbase&exchange=binance"])
def test_an_unknown_or_repeated_parameter_is_refused(query: str) -> None:
    assert get(app_of(two()), f"/network/feed?{query}").status_code == 400


def test_a_search_that_stopped_early_says_how_far_back_it_came() -> None:
    directory = two()
    found = directory.search(Search(), 50)
    directory.search = lambda *_: type(found)((), "binance:5-0", NOW - 22_000)  # type: ignore[method-assign]
    page = words(get(app_of(directory), "/network/feed?find=rare").text)
    assert "Nothing was found back to 2026-11-21 14:03:00 UTC. Look further back" in page
