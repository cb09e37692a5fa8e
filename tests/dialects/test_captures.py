"""Real traffic, read to the last message: every candle equals what an independent reading of the bytes gives."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import msgspec
import pytest

from perseus.exchanges.events import CandleEvent, Event, Unknown, Unreadable
from perseus.exchanges.registry import dialect_of
from tests.dialects.readings import answer, body, klines, messages

CAPTURES = {"cryptofeed_BINANCE.ws.1.0": (265, 2), "cryptofeed_BINANCE_FUTURES.ws.1.0": (1535, 67)}


def flat(event: CandleEvent) -> dict[str, Any]:
    fields = msgspec.structs.asdict(event.candle)
    return {"symbol": event.pair.symbol, "timeframe": event.pair.timeframe.name, **fields}


def decoded(exchange: str, found: list[bytes]) -> list[Event]:
    dialect = dialect_of(exchange)
    return [event for data in found for event in dialect.decode(data)]


@pytest.mark.parametrize("name", CAPTURES)
@pytest.mark.parametrize("exchange", ["binance", "binance_us"])
def test_every_candle_of_a_capture_is_what_the_bytes_say(name: str, exchange: str) -> None:
    found = messages(name)
    events = decoded(exchange, found)
    total, candles = CAPTURES[name]
    assert len(found) == len(events) == total
    read = [flat(event) for event in events if isinstance(event, CandleEvent)]
    assert read == list(klines(found))
    assert len(read) == candles
    assert not any(event.is_snapshot for event in events if isinstance(event, CandleEvent))


@pytest.mark.parametrize("name", CAPTURES)
def test_a_raw_message_says_what_a_combined_one_does(name: str) -> None:
    found = messages(name)
    raw = [json.dumps(json.loads(data)["data"]).encode() for data in found]
    assert decoded("binance", raw) == decoded("binance", found)


@pytest.mark.parametrize("name", CAPTURES)
def test_times_in_microseconds_are_read_as_milliseconds(name: str) -> None:
    found = messages(name)
    wider = []
    for data in found:
        said = json.loads(data)
        if said["data"].get("e") == "kline":
            said["data"]["E"] = said["data"]["E"] * 1000 + 123
            said["data"]["k"] |= {"t": said["data"]["k"]["t"] * 1000, "T": said["data"]["k"]["T"] * 1000 + 999}
        wider.append(json.dumps(said).encode())
    assert decoded("binance", wider) == decoded("binance", found)


def test_all_else_of_a_capture_is_unknown_and_named_by_its_kind() -> None:
    events = decoded("binance", messages("cryptofeed_BINANCE_FUTURES.ws.1.0"))
    kinds = Counter(event.text for event in events if isinstance(event, Unknown))
    assert kinds == {"depthUpdate": 764, "bookTicker": 613, "aggTrade": 91}
    assert not any(isinstance(event, Unreadable) for event in events)


def test_the_four_closed_candles_of_the_futures_capture_are_closed() -> None:
    events = decoded("binance", messages("cryptofeed_BINANCE_FUTURES.ws.1.0"))
    closed = [event for event in events if isinstance(event, CandleEvent) and event.candle.is_closed]
    late = [event.candle.event_ms - event.pair.timeframe.close_of(event.candle.open_ms) for event in closed]
    assert len({event.pair for event in closed}) == 4
    assert all(0 < milliseconds < 2500 for milliseconds in late)


def test_coinbase_s_older_feed_is_unknown_to_its_last_message_and_does_no_harm() -> None:
    found = messages("cryptofeed_COINBASE.ws.28.0")
    events = decoded("coinbase", found)
    assert len(found) == len(events) == 9946
    kinds = Counter(event.text for event in events if isinstance(event, Unknown))
    expected = Counter(json.loads(data)["type"] for data in found)
    assert kinds == expected


def test_all_symbols_and_limits_of_a_real_listing_are_read() -> None:
    text = body("cryptofeed_BINANCE.0")
    listings, limits = dialect_of("binance").parse_listings(answer(text))
    expected = {one["symbol"]: one for one in json.loads(text)["symbols"]}
    assert {one.symbol: (one.base, one.quote, one.native) for one in listings} == {
        name: (one["baseAsset"], one["quoteAsset"], one["status"]) for name, one in expected.items()
    }
    assert Counter(one.status for one in listings) == {"trading": 1262, "halted": 433}
    found = {(limit.kind, limit.interval_ms, limit.amount, limit.is_calendar) for limit in limits}
    assert found == {
        ("weight", 60_000, 1200, True),
        ("requests", 300_000, 6100, True),
        ("connects", 300_000, 300, False),
    }
