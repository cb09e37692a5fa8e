"""The warmup of an exchange on its page: live only while it lasts, a report afterwards, and honest about junk."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from perseus import keys
from perseus.clock import SystemClock, iso
from perseus.network.states import State
from perseus.warmup.stats import Failure, Stats
from perseus.warmup.store import Told
from perseus.web.market import warmuppanel
from perseus.web.market.reads import MarketReads
from perseus.web.market.warmuppanel import Panel
from perseus.web.site import NAME
from tests.web.holding import BINANCE, HOLDER, hold
from tests.web.hosting import report
from tests.web.notified import Notified
from tests.web.reading import HTMX, get, words
from tests.web.views import MINUTE, NOW

HERE = "/network/binance/warmup"


def stats(**changes: Any) -> Stats:
    usual: dict[str, Any] = {
        "exchange_id": 2,
        "run_id": "r",
        "instance_id": "i",
        "status": "fetching",
        "mode": "partial",
        "started_at": iso(NOW - 2 * MINUTE),
        "updated_at": iso(NOW - 1_000),
        "ended_at": None,
        "total_symbols": 100,
        "total_pairs": 500,
        "completed_pairs": 200,
        "skipped_pairs": 100,
        "failed_pairs": 10,
        "percent_complete": 42,
        "eta_ms": 135_000,
        "symbols_left": 60,
        "current_symbol": "BTC-USD",
        "current_timeframe": "1h",
        "rest_calls": 210,
        "failures": tuple(Failure(f"S{number}-USD", "1h", "HTTP 500") for number in range(3)),
    }
    return Stats(**{**usual, **changes})


def panel(given: Stats, instance_id: str | None = "i") -> Panel:
    made = warmuppanel.warmup(Told(None, given), instance_id, NOW, HERE).panel
    assert made is not None
    return made


def test_while_it_lasts_it_says_how_far_and_where_to_ask_again() -> None:
    made = panel(stats())
    assert (made.word, made.address, made.percent, made.eta) == ("Fetching", HERE, 42, "2 min 15 s")
    assert (made.current, made.symbols_left, made.more, made.took) == ("BTC-USD 1h", 60, 7, "2 min 0 s")


@pytest.mark.parametrize(
    ("incomplete", "status", "instance_id", "said"),
    [
        (3, "complete", "i", "Depth still filling: 3 calls at least, behind all other work."),
        (1, "complete", "i", "Depth still filling: 1 call at least, behind all other work."),
        (0, "complete", "i", ""),
        (3, "fetching", "i", ""),
        (3, "complete", "another", ""),
    ],
)
def test_after_a_warmup_it_says_how_much_of_the_depth_is_missing(
    incomplete: int, status: str, instance_id: str, said: str
) -> None:
    given = stats(status=status, mode="warm")
    made = warmuppanel.warmup(Told(None, given), instance_id, NOW, HERE, incomplete).panel
    assert made is not None
    assert made.depth == said


def test_while_it_scans_no_per_cent_is_made_up() -> None:
    made = panel(stats(status="scanning", mode=None, percent_complete=0, eta_ms=None))
    assert (made.word, made.percent, made.eta, made.mode) == ("Looking for what is missing", None, None, None)


@pytest.mark.parametrize(
    ("mode", "skipped", "said"),
    [
        ("cold", 0, "cold: nothing was there that is sure"),
        ("partial", 0, "partial: no pair had all that it needs"),
        ("partial", 100, "partial: some of it was there"),
        ("warm", 500, "warm: the newest of all was there"),
    ],
)
def test_it_claims_of_no_pair_that_it_was_there_where_all_was_fetched_anew(mode: str, skipped: int, said: str) -> None:
    assert panel(stats(mode=mode, skipped_pairs=skipped)).mode == said


@pytest.mark.parametrize(
    ("status", "word", "kind"),
    [
        ("complete", "Complete, 10 of 500 pairs failed", "warning"),
        ("cancelled", "Cancelled at 200 of 500 pairs", "warning"),
        ("failed", "Failed", "danger"),
    ],
)
def test_once_it_is_over_it_is_a_report_that_asks_no_more(status: str, word: str, kind: str) -> None:
    made = panel(stats(status=status, ended_at=iso(NOW - MINUTE)))
    assert (made.address, made.percent, made.eta, made.current) == ("", None, None, None)
    assert (made.word, made.kind, made.took) == (word, kind, "1 min 0 s")
    assert (made.total, made.completed, made.skipped, made.failed) == (500, 200, 100, 10)


@pytest.mark.parametrize("holder", [None, "another"])
def test_a_run_whose_instance_is_gone_is_interrupted_and_not_asked_for_again(holder: str | None) -> None:
    made = panel(stats(), holder)
    assert (made.word, made.address) == ("Interrupted", "")
    assert "The next start goes on with what is left." in made.note
    assert panel(stats(status="complete", ended_at=iso(NOW), failed_pairs=0), holder).word == "Complete"


def test_pairs_that_came_after_all_are_no_failures_any_more() -> None:
    some = panel(stats(status="complete", recovered_pairs=7))
    assert (some.word, some.kind) == ("Complete, 3 of 500 pairs failed", "warning")
    assert (some.failed, some.recovered, some.more) == (3, 7, 0)
    whole = panel(stats(status="complete", recovered_pairs=10, failures=()))
    assert (whole.word, whole.kind, whole.failed, whole.recovered) == ("Complete", "", 0, 10)


def test_no_time_is_told_where_none_is_known_or_left() -> None:
    assert [panel(stats(eta_ms=ms)).eta for ms in (None, 0, 499, 1_000)] == [None, None, None, "1 s"]


@pytest.fixture
def app(notified: Notified) -> Flask:
    site = notified.app.extensions[NAME]
    market = MarketReads.of(notified.client, SystemClock())
    notified.app.extensions[NAME] = type(site)(
        **{name: getattr(site, name) for name in site.__dataclass_fields__} | {"market": market}
    )
    return notified.app


def put(site: Notified, given: Stats | str) -> None:
    site.client.set(keys.warmup_stats(2), given if isinstance(given, str) else given.to_json())


def test_the_page_shows_the_panel_which_follows_by_itself_and_then_stops(notified: Notified, app: Flask) -> None:
    instance = hold(notified.client, BINANCE, state=State.WARMING)
    put(notified, stats(instance_id=instance))
    page = get(app, "/network/binance").text
    assert f'hx-get="{HERE}" hx-trigger="every 2s"' in page
    said = words(page)
    assert "42 % , about 2 min 15 s left" in said
    assert "Now: BTC-USD 1h , 60 of 100 symbols left" in said
    assert "S1-USD 1h HTTP 500" in said
    put(notified, stats(instance_id=instance, status="complete", ended_at=iso(NOW), recovered_pairs=7))
    app.extensions[NAME].market.warmup._known.clear()
    part = get(app, HERE, **HTMX)
    assert part.headers["Perseus-Now"]
    assert "hx-get" not in part.text
    assert '<span class="tag" data-kind="warning">Complete, 3 of 500 pairs failed</span>' in part.text
    assert "Failed 3, 7 since complete" in words(part.text)
    assert f'hx-get="{HERE}"' not in get(app, "/network/binance").text


def test_one_page_says_but_one_figure_of_a_warmup(notified: Notified, app: Flask) -> None:
    """Both are told by the instance, at different moments."""
    instance = hold(notified.client, BINANCE, state=State.WARMING)
    at = {"exchangeId": 2, "exchangeName": "binance", "instanceId": instance}
    report(notified.client, HOLDER, "serving", doing="warming: 1 of 500 pairs, 7 %, about 9 min left", **at)
    put(notified, stats(instance_id=instance))
    for kept in range(2):
        said = words(get(app, "/network/binance").text)
        assert "42 % , about 2 min 15 s left" in said
        assert "about 9 min left" not in said, kept
    assert "7 %, about 9 min left" in words(get(app, "/network").text), "where no panel stands beside it"
    put(notified, stats(instance_id=instance, status="complete", ended_at=iso(NOW), recovered_pairs=7))
    app.extensions[NAME].market.warmup._known.clear()
    assert "about 9 min left" in words(get(app, "/network/binance").text)


def test_a_browser_that_opens_the_part_is_shown_the_page(app: Flask) -> None:
    assert get(app, HERE).headers["Location"] == "/network/binance"
    assert get(app, "/network/nowhere/warmup", **HTMX).status_code == 404


def test_what_something_else_wrote_is_told_as_that_and_hides_nothing(notified: Notified, app: Flask) -> None:
    put(notified, '{"status": "<b>"}')
    page = get(app, "/network/binance")
    assert page.status_code == 200
    assert "was written by something else. The next warmup mends it." in words(page.text)
    notified.client.delete(keys.warmup_stats(2))
    notified.client.lpush(keys.warmup_stats(2), "x")
    app.extensions[NAME].market.warmup._known.clear()
    assert "was written by something else" in words(get(app, "/network/binance").text)


def test_failures_are_shown_as_text(notified: Notified, app: Flask) -> None:
    put(notified, stats(failures=(Failure("<b>x", "1h", "<img src=x>\u202e"),)))
    page = get(app, "/network/binance").text
    assert "<img src=x>" not in page
    assert "\u202e" not in page


def test_without_one_there_is_no_panel(app: Flask) -> None:
    assert 'id="warmup' not in get(app, "/network/binance").text
