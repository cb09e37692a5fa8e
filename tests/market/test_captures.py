"""Real traffic and real histories: what stands in the cache is what an independent reading of the same bytes gives.

The files are not part of the project; where they are absent these tests are skipped.
"""

from __future__ import annotations

import csv
import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from perseus.market.cache import CandleCache
from perseus.market.candle import Candle, Pair
from perseus.market.coverage import Coverage
from perseus.market.timeframes import DAY, HOUR, MINUTE, Timeframe
from perseus.store import Client
from tests.market.making import NEW

DATA = Path(__file__).parents[3] / "shared/data"
FUTURES = DATA / "captures/cryptofeed_BINANCE_FUTURES.ws.1.0"
SPOT = DATA / "captures/cryptofeed_BINANCE.ws.1.0"
pytestmark = pytest.mark.skipif(not DATA.exists(), reason="the shared captures and histories are not on this machine")

HISTORIES = {
    "lean_coinbase_btcusd_1m.csv": "1m",
    "lean_coinbase_ethusd_1m.csv": "1m",
    "lean_coinbase_btcusd_1d.csv": "1d",
    "lean_binance_btcbusd_1m_20221213.csv": "1m",
    "lean_binance_btcusdt_1h.csv": "1h",
    "basana_binance_btcusdt_1d_2020.csv": "1d",
    "nautilus_binance_ADABTC-1m-2021-11-27.csv": "1m",
    "nautilus_binance_ADABTC-1m-2021-11-28.csv": "1m",
}


def klines(path: Path) -> list[dict[str, Any]]:
    """Each kline event of a capture, as the standard library reads it."""
    found = []
    for line in path.read_text("utf-8").splitlines():
        received, _, frame = line.partition(": ")
        data = json.loads(frame).get("data", {}) if received.replace(".", "").isdigit() else {}
        if data.get("e") == "kline":
            found.append(data)
    return found


def made(event: dict[str, Any]) -> tuple[Pair, Candle]:
    told = event["k"]
    candle = Candle(
        *(told["t"], told["o"], told["h"], told["l"], told["c"], told["v"]), told["q"], told["n"], event["E"], told["x"]
    )
    return Pair(told["s"], Timeframe.parse(told["i"])), candle


@pytest.mark.parametrize(("path", "events", "finished"), [(FUTURES, 67, 4), (SPOT, 2, None)])
@pytest.mark.parametrize("seed", range(3))
def test_the_last_word_on_each_candle_stands_in_whatever_order_they_come(
    client: Client, path: Path, events: int, finished: int | None, seed: int
) -> None:
    told = klines(path)
    assert len(told) == events
    last: dict[tuple[str, int], dict[str, Any]] = {}
    for event in sorted(told, key=lambda event: (event["k"]["x"], event["E"])):
        last[event["k"]["s"], event["k"]["t"]] = event
    cache, shuffled = CandleCache(client, 7, NEW), list(told)
    random.Random(seed).shuffle(shuffled)
    closed = 0
    for event in shuffled if seed else told:
        pair, candle = made(event)
        assert pair.timeframe.is_open(candle.open_ms)
        assert pair.timeframe.close_of(candle.open_ms) == event["k"]["T"] + 1
        closed += cache.store({pair: [candle]}, live=True).closed
    assert finished is None or closed == finished
    for symbol in {symbol for symbol, _ in last}:
        kept = [json.loads(member) for member in client.zrange(f"candles:7:{symbol}:1m", 0, -1)]
        assert [
            [one[name] for name in ("timestamp", "open", "high", "low", "close", "volume", "quoteVolume", "trades")]
            + [one["eventTime"], one["closed"]]
            for one in kept
        ] == [
            [last[symbol, at]["k"][name] for name in "tohlcvqn"] + [last[symbol, at]["E"], last[symbol, at]["k"]["x"]]
            for at in sorted(at for name, at in last if name == symbol)
        ]


def rows(name: str) -> list[list[str]]:
    """The rows of a history: open time in ms, open, high, low, close, volume."""
    with (DATA / "ohlcv" / name).open(newline="") as file:
        read = [row for row in csv.reader(file) if row and row[0][0].isdigit()]
    return [[str(_ms(row[0])), *row[1:6]] for row in read]


def _ms(text: str) -> int:
    if text.isdigit():
        return int(text)
    form = "%Y%m%d %H:%M" if text[4] != "-" else "%Y-%m-%d %H:%M:%S"
    return int(datetime.strptime(text, form).replace(tzinfo=UTC).timestamp()) * 1_000


@pytest.mark.parametrize(("name", "timeframe"), HISTORIES.items())
def test_every_row_of_a_real_history_is_a_candle_and_stays_the_text_it_was(name: str, timeframe: str) -> None:
    series = Pair("X", Timeframe.parse(timeframe))
    read = rows(name)
    assert read
    for row in read:
        candle = Candle(int(row[0]), *row[1:], None, None, int(row[0]), True)  # type: ignore[arg-type,call-arg]
        assert series.timeframe.is_open(candle.open_ms)
        told = json.loads(candle.to_json(7, series))
        assert [str(told["timestamp"]), *(told[key] for key in ("open", "high", "low", "close", "volume"))] == row


@pytest.mark.parametrize(("name", "timeframe"), HISTORIES.items())
def test_the_holes_of_a_real_history_are_what_counting_its_rows_gives(name: str, timeframe: str) -> None:
    of = Timeframe.parse(timeframe)
    length = {"1m": MINUTE, "1h": HOUR, "1d": DAY}[timeframe]
    opens = [int(row[0]) for row in rows(name)]
    coverage = Coverage()
    for open_ms in random.Random(1).sample(opens, len(opens)):
        coverage = coverage.verify(open_ms, of.close_of(open_ms))
    holes = coverage.unverified(opens[0], opens[-1])
    assert sum(of.count(*hole) for hole in holes) == (opens[-1] - opens[0]) // length + 1 - len(opens)
    assert {at for hole in holes for at in of.opens(*hole)}.isdisjoint(opens)
    if name == "lean_coinbase_btcusd_1m.csv":
        assert (1_522_860_480_000, 432) in {(start, of.count(start, end)) for start, end in holes}
