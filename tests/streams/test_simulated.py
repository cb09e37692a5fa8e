"""Streams against the simulated exchanges: whatever they do, no rule is broken, and nothing is missing undoubted."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from decimal import Decimal

import pytest

from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.registry import dialect_of
from perseus.exchanges.streams.streams import Streams
from perseus.market.candle import Candle, Pair
from perseus.simulator.clock import VirtualClock
from perseus.simulator.faults.fault import Fault
from perseus.simulator.inprocess import BASE, InProcess
from perseus.simulator.market.bar import UNIT
from perseus.simulator.world import World
from tests.simulated.virtual_loop import run
from tests.streams.staged import Told, pairs

START_MS = 1_795_262_415_123
MINUTE = 60_000
WANTED = ("BTCUSDT 1m", "BTCUSDT 5m", "ETHUSDT 1m", "QUIETUSDT 1m")
FAULTS = {
    "nothing": {},
    "kline_duplicate": {"probability": 0.2},
    "kline_reordered": {"probability": 0.1},
    "kline_late": {"probability": 0.02},
    "kline_nan": {"probability": 0.05},
    "time_backwards": {"probability": 0.05},
    "unknown_event": {"probability": 0.2},
    "unknown_fields": {},
    "long_prices": {},
    "exponent_volume": {},
    "fragmented": {"probability": 0.3},
    "handshake": {"count": 8, "params": {"status": 503}},
    "silent_accept": {"count": 3},
    "ack_never": {"count": 2},
    "ack_other_id": {"count": 2},
    "ack_dead": {"count": 1},
    "ping_strict": {},
    "reset": {"after_ms": 95_000, "count": 4, "params": {"every_ms": 120_000}},
    "close": {"after_ms": 95_000, "count": 4, "params": {"every_ms": 120_000, "code": 1012}},
    "half_open": {"after_ms": 95_000, "count": 3, "params": {"every_ms": 180_000}},
    "ping_flood": {"after_ms": 95_000, "count": 5, "params": {"every_ms": 30_000}},
    "server_shutdown": {"after_ms": 95_000, "count": 3, "params": {"every_ms": 200_000, "after_s": 15}},
    "expire_all": {"after_ms": 95_000, "count": 3, "params": {"every_ms": 200_000}},
    "subscription_lost": {"after_ms": 95_000, "target": "btcusdt@kline_5m"},
    "outage": {"after_ms": 95_000, "params": {"for_ms": 240_000}},
}


@dataclass
class Run:
    world: World
    told: Told
    streams: Streams
    ended_ms: int


async def lived(
    exchange: str, wanted: tuple[str, ...], seconds: float, *faults: Fault, scope: str = "connection"
) -> Run:
    loop = asyncio.get_running_loop()
    world = World(VirtualClock(loop.time, START_MS), "seed", faults, sequence_scope=scope)
    told, clock = Told(), ExchangeClock(loop.time)
    clock.heard(START_MS, loop.time())
    wire = InProcess(world)
    streams = Streams(dialect_of(exchange), wire, f"{BASE}/{exchange}", told, clock, random.Random(1))
    streams.start(pairs(*wanted), [wanted[0].split()[0]])
    await asyncio.sleep(seconds)
    ended_ms = world.clock.now_ms()
    await streams.close()
    return Run(world, told, streams, ended_ms)


def missing(lived: Run, exchange: str, pair: Pair) -> list[int]:
    """Open times of the candles of `pair` that are neither told as they truly are nor in doubt."""
    told = lived.told
    latest: dict[int, Candle] = {}
    for event in told.candles:
        candle = event.candle
        if event.pair == pair and candle.is_closed and _time(latest, candle) <= candle.event_ms:
            latest[candle.open_ms] = candle
    first = next(from_ms for _, subjects, from_ms in told.lives if pair in subjects)
    truth = lived.world.exchanges[exchange].truth
    bars = truth.bars(pair.symbol, pair.timeframe.name, first, lived.ended_ms - 400_000, 500)
    assert len(bars) >= (1 if pair.symbol == "QUIETUSDT" else 2)
    found = []
    for bar in bars:
        candle = latest.get(bar.open_ms)
        is_true = candle is not None and (Decimal(candle.close), Decimal(candle.volume), candle.trades) == (
            Decimal(bar.close) / UNIT,
            Decimal(bar.volume) / UNIT,
            bar.trades,
        )
        if not is_true and not _in_doubt(told, pair, bar.open_ms, pair.timeframe.close_of(bar.open_ms)):
            found.append(bar.open_ms)
    return found


def _time(latest: dict[int, Candle], candle: Candle) -> int:
    return latest[candle.open_ms].event_ms if candle.open_ms in latest else 0


def _in_doubt(told: Told, pair: Pair, open_ms: int, close_ms: int) -> bool:
    for at, subjects, since_ms, _ in told.doubts:
        if pair in subjects:
            ends = [from_ms for later, back, from_ms in told.lives if later >= at and pair in back]
            if since_ms <= close_ms + 3_000 and open_ms <= (ends[0] if ends else 2**60):
                return True
    return False


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("exchange", ["binance", "binance_us"])
def test_whatever_binance_does_no_rule_is_broken_and_nothing_is_missing_undoubted(name: str, exchange: str) -> None:
    faults = [] if name == "nothing" else [Fault(name, exchange=exchange, **FAULTS[name])]

    async def main() -> Run:
        return await lived(exchange, WANTED, 1800, *faults)

    ended = run(main)
    assert ended.world.broken() == {}
    if faults:
        assert ended.world.exchanges[exchange].counters.faults[name] > 0
    for pair in pairs(*WANTED):
        if name == "ack_dead" and pair.symbol == "QUIETUSDT":
            continue
        assert missing(ended, exchange, pair) == [], pair
    if name in ("nothing", "server_shutdown", "fragmented", "kline_duplicate", "unknown_fields", "ping_flood"):
        assert [why for _, _, _, why in ended.told.doubts if "silent" not in why] == []


COINBASE_FAULTS = {
    "nothing": {},
    "sequence_jump": {"probability": 0.05},
    "sequence_reset": {"after_ms": 95_000, "count": 3, "params": {"every_ms": 200_000}},
    "snapshot_again": {"after_ms": 95_000, "count": 3},
    "heartbeat_jump": {"after_ms": 95_000, "count": 3, "params": {"every_ms": 200_000}},
    "error_message": {"after_ms": 95_000, "count": 3},
    "reset": {"after_ms": 95_000, "count": 3, "params": {"every_ms": 200_000}},
    "half_open": {"after_ms": 95_000, "count": 3, "params": {"every_ms": 200_000}},
    "outage": {"after_ms": 95_000, "params": {"for_ms": 240_000}},
    "handshake": {"count": 8, "params": {"status": 503}},
}
DOUBTED = {"sequence_jump", "sequence_reset", "heartbeat_jump", "reset", "half_open", "outage"}


@pytest.mark.parametrize("name", COINBASE_FAULTS)
def test_whatever_coinbase_does_no_rule_is_broken_and_each_loss_is_told(name: str) -> None:
    faults = [] if name == "nothing" else [Fault(name, exchange="coinbase", **COINBASE_FAULTS[name])]

    async def main() -> Run:
        return await lived("coinbase", ("BTC-USD 5m", "ETH-USD 5m"), 1800, *faults)

    ended = run(main)
    assert ended.world.broken() == {}
    if faults:
        assert ended.world.exchanges["coinbase"].counters.faults[name] > 0
    opens = {event.candle.open_ms for event in ended.told.candles if event.pair in pairs("BTC-USD 5m")}
    assert len(opens) >= 5
    assert not any(event.candle.is_closed for event in ended.told.candles)
    assert bool(ended.told.doubts) == (name in DOUBTED)
    if name == "error_message":
        assert any("internal error" in text for text in ended.told.troubles)


def test_a_day_on_binance_costs_a_new_connection_and_no_doubt_about_what_trades() -> None:
    async def main() -> Run:
        return await lived("binance", ("NKNUSDT 5m", "NKNUSDT 1h"), 25 * 3600)

    ended = run(main)
    assert ended.world.broken() == {}
    assert [why for _, _, _, why in ended.told.doubts if "silent" not in why] == []
    assert ended.world.exchanges["binance"].counters.seen["ws_connects"] == 2
    for pair in pairs("NKNUSDT 5m", "NKNUSDT 1h"):
        assert missing(ended, "binance", pair) == []
