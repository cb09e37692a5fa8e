"""The candle meter: grades with words, grouped by liquidity, read once for all viewers and never without bound."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from perseus import keys
from perseus.market.candle import Pair
from perseus.market.freshness import Freshness
from perseus.market.liquidity import Liquidity, Signals
from perseus.market.timeframes import Timeframe
from perseus.warmup.schedule import Schedule
from perseus.web.market import meter
from perseus.web.market import reads as marketreads
from perseus.web.market.reads import MarketReads
from perseus.web.recent import Recent
from perseus.web.site import NAME
from tests.conftest import ManualClock
from tests.web.notified import Notified
from tests.web.reading import HTMX, get, words
from tests.web.views import MINUTE, NOW

M1, H1 = map(Timeframe.parse, ("1m", "1h"))
HERE = "/network/binance/candles"


def freshness(ended: dict[tuple[str, Timeframe], int], liquid: dict[str, int] | None = None) -> Freshness:
    symbols = tuple(dict.fromkeys(symbol for symbol, _ in ended))
    rated = {name: Liquidity(rank, 0.5, "A", Signals(None, None)) for name, rank in (liquid or {}).items()}
    return Freshness(NOW, symbols, (M1, H1), {Pair(*pair): ms for pair, ms in ended.items()}, rated)


@pytest.mark.parametrize(
    ("age", "short"),
    [(0.0, "<1"), (0.99, "<1"), (1.0, "<1.5"), (1.5, "<3"), (2.99, "<3"), (3.0, "<10"), (10.0, "10+"), (1e9, "10+")],
)
def test_an_age_has_one_grade(age: float, short: str) -> None:
    assert meter.grade(age).short == short


def test_what_is_not_known_is_never_called_fresh() -> None:
    assert meter.grade(None) is meter.NONE
    open_ms = M1.open_of(NOW)
    made = meter.meter(freshness({("BTC-USD", M1): open_ms}))
    (group,) = made.groups
    assert [cell.short for cell in group.rows[0].cells] == ["<1", "none"]
    assert made.behind == "BTC-USD 1h"
    assert [(tally.grade.short, tally.count) for tally in made.tallies] == [("<1", 1), ("none", 1)]


def test_symbols_stand_in_groups_by_liquidity_and_unknown_ones_apart() -> None:
    open_ms = M1.open_of(NOW)
    names = ["LAST-USD", "A-USD", "B-USD", "C-USD"]
    made = meter.meter(
        freshness({(name, M1): open_ms for name in names}, {"B-USD": 1, "A-USD": 11, "C-USD": 31}),
    )
    assert [(group.title, [row.symbol for row in group.rows]) for group in made.groups] == [
        ("Most liquid, rank 1 to 10", ["B-USD"]),
        ("Rank 11 to 30", ["A-USD"]),
        ("Rank 31 and beyond", ["C-USD"]),
        ("Liquidity not known", ["LAST-USD"]),
    ]


def test_the_pairs_that_lack_most_are_named_first_and_the_rest_counted() -> None:
    open_ms = M1.open_of(NOW)
    old = {(f"S{number}-USD", M1): open_ms - (2 + number * 3) * MINUTE for number in range(8)}
    fine = {(f"S{number}-USD", H1): H1.open_of(NOW) for number in range(8)}
    made = meter.meter(freshness(old | fine))
    assert made.behind.endswith("and 3 more")
    assert "S0-USD" not in made.behind


def schedule(symbols: tuple[str, ...], timeframes: tuple[str, ...] = ("1h", "1m")) -> str:
    given: dict[str, Any] = {"exchange_id": 2, "exchange_name": "binance", "run_id": "r", "instance_id": "i"}
    counts = {"total_pairs": 0, "sufficient_pairs": 0, "needs_fetching": 0, "entries": ()}
    return Schedule(
        **given, **counts, created_at="2026-11-21T14:03:22Z", mode="cold", symbols=symbols, timeframes=timeframes
    ).to_json()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def app(notified: Notified, clock: ManualClock) -> Flask:
    site = notified.app.extensions[NAME]
    market = MarketReads.of(notified.client, clock)
    notified.app.extensions[NAME] = type(site)(
        **{name: getattr(site, name) for name in site.__dataclass_fields__} | {"market": market}
    )
    return notified.app


def test_the_meter_is_a_part_for_htmx_and_a_page_for_browsers(notified: Notified, app: Flask) -> None:
    assert "No warmup has said yet which symbols it takes in." in words(get(app, HERE).text)
    app.extensions[NAME].market.meter._known.clear()
    notified.client.set(keys.warmup_schedule(2), schedule(("BTC-USDT", "<b>ETH")))
    page, part = get(app, HERE), get(app, HERE, **HTMX)
    assert "<h1>Candles of Binance</h1>" in page.text
    assert page.text.count("no finished candle that the store bears out") == 2, "in the sum for all, and in the legend"
    assert "<html" not in part.text
    assert part.headers["Perseus-Now"]
    assert "BTC-USDT none none" in words(part.text)
    assert "<b>ETH" not in part.text
    assert "no finished candle that the store bears out" in words(part.text)
    assert get(app, "/network/nowhere/candles").status_code == 404
    assert f'hx-get="{HERE}"' in get(app, "/network/binance").text


@pytest.mark.parametrize("junk", ["{", "[]", schedule(("BTC-USDT",), ("7x",))])
def test_a_schedule_that_cannot_be_read_is_told_and_shows_nothing(notified: Notified, app: Flask, junk: str) -> None:
    notified.client.set(keys.warmup_schedule(2), junk)
    page = get(app, HERE)
    assert page.status_code == 200
    assert "was written by something else" in page.text or "is not a timeframe" in page.text


def test_it_is_read_once_for_all_viewers_until_it_is_old(
    notified: Notified, app: Flask, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[int] = []
    real = marketreads.freshness.read
    monkeypatch.setattr(marketreads.freshness, "read", lambda *given: reads.append(1) or real(*given))
    notified.client.set(keys.warmup_schedule(2), schedule(("BTC-USDT",)))
    for _ in range(5):
        get(app, HERE, **HTMX)
    assert len(reads) == 1
    clock.advance(marketreads.METER_SECONDS)
    get(app, HERE, **HTMX)
    assert len(reads) == 2


def test_no_more_symbols_are_read_than_can_be_shown(
    notified: Notified, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marketreads, "MOST_SYMBOLS", 2)
    notified.client.set(keys.warmup_schedule(2), schedule(("A-USDT", "B-USDT", "C-USDT")))
    said = words(get(app, HERE).text)
    assert "1 more symbol is not shown." in said
    assert "C-USDT" not in said


def test_what_is_recent_is_kept_for_so_long_and_no_longer(clock: ManualClock) -> None:
    said: list[str] = []
    recent = Recent(lambda key: said.append(key) or len(said), clock, 10)  # type: ignore[func-returns-value]
    assert [recent("a"), recent("a"), recent("b")] == [1, 1, 2]
    clock.advance(10)
    assert recent("a") == 3


def test_what_raises_is_not_kept(clock: ManualClock) -> None:
    answers: list[object] = [LookupError(), 7]

    def read(_: str) -> object:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    recent = Recent(read, clock, 10)
    with pytest.raises(LookupError):
        recent("a")
    assert recent("a") == 7
