"""How long a warmup takes, to what the budget permits; and the scan of what is there, which every start makes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from statistics import median

import fakeredis
import msgspec

from bench import store
from bench.figures import Figure
from perseus.exchanges.budget.ledger import Ledger, Priority, inline
from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.registry import dialect_of
from perseus.market.cache import CandleCache
from perseus.market.candle import Candle, Pair
from perseus.market.coverage import Coverage
from perseus.market.timeframes import Timeframe
from perseus.simulator.clock import VirtualClock
from perseus.simulator.world import World
from perseus.store import Client
from perseus.warmup.scan import SUFFICIENT, Known, scan
from perseus.warmup.store import read
from tests.simulated.site import EXCHANGE_ID, START_MS, Site
from tests.simulated.virtual_loop import run

SYMBOLS = 100
BASES = tuple(f"C{number:03}" for number in range(SYMBOLS))
TIMEFRAMES = {
    "binance": ("1d", "4h", "1h", "15m", "5m"),
    "binance_us": ("1d", "4h", "1h", "15m", "5m"),
    "coinbase": ("1d", "6h", "1h", "15m", "5m"),
}
BUDGET_BOUND = ("binance_us", "coinbase")
"""At binance.com the budget of one minute is more than a warmup of this size needs: there is nothing to divide by."""
BEGIN_MS = START_MS + 20_000
"""Not just when candles of all timeframes end: what has to be asked for then is no part of a warmup."""
SCAN_SYMBOLS = 500
SCAN_TIMEFRAMES = ("1d", "4h", "1h", "15m", "5m", "1m")
SCAN_LIMIT_MS = 500
ROUND_TRIPS = 2
REPEATS = 7
TOGETHER = 50


def measure(url: str) -> list[Figure]:
    """Both."""
    return [*_scan(url), *(_cold(name) for name in TIMEFRAMES)]


def _cold(name: str) -> Figure:
    seconds, weight, count = run(lambda: _warmed(name))
    told = f"cold warmup of {SYMBOLS} symbols in {len(TIMEFRAMES[name])} timeframes, {name}"
    if name not in BUDGET_BOUND:
        return Figure(told, seconds, None, "s", note=f"{count} calls, all within one minute's budget, no 429")
    permitted = run(lambda: _permitted(name, weight, count))
    note = f"{seconds:.1f} s to {permitted:.1f} s that the budget takes for {count} calls, no 429"
    return Figure(f"{told}, to its budget", seconds / permitted, 1.1, "x", note=note)


async def _warmed(name: str) -> tuple[float, int, int]:
    """Seconds of virtual time from the schedule to its end, the weight of a call, and how many there were."""
    quote = "-USD" if name == "coinbase" else "USDT"
    symbols = [f"{base}{quote}" for base in BASES]
    world = World(VirtualClock(asyncio.get_running_loop().time, BEGIN_MS), "warmup", (), BASES)
    async with Site(name, symbols, TIMEFRAMES[name], world=world) as site:
        told = read(site.redis, EXCHANGE_ID)
        assert told.schedule is not None, told
        assert told.stats is not None, told
        assert told.stats.ended_at is not None, told
        assert (told.stats.status, told.stats.failed_pairs) == ("complete", 0), told.stats
        assert site.world.broken() == {}, f"rules were broken: {site.world.broken()}"
        began, ended = (datetime.fromisoformat(text) for text in (told.schedule.created_at, told.stats.ended_at))
        dialect = dialect_of(name)
        pair = Pair(symbols[0], Timeframe.parse(TIMEFRAMES[name][0]))
        end_ms = pair.timeframe.open_of(START_MS)
        weight = dialect.history_request(pair, pair.timeframe.shift(end_ms, -SUFFICIENT), end_ms, SUFFICIENT).weight
        return (ended - began).total_seconds(), weight, told.schedule.needs_fetching


async def _permitted(name: str, weight: int, count: int) -> float:
    """Seconds that the ledger takes to grant so many calls of a warmup, asked by nobody else, answered at once."""
    time_ = asyncio.get_running_loop().time
    clock = ExchangeClock(time_)
    clock.recall(VirtualClock(time_, BEGIN_MS).now_ms())
    redis = fakeredis.FakeRedis(decode_responses=True)
    ledger = Ledger(redis, EXCHANGE_ID, "bench", dialect_of(name).first_limits, clock, inline)
    began = time_()
    await asyncio.gather(*(ledger.reserve(weight, Priority.WARMUP) for _ in range(count)))
    return time_() - began


def _scan(url: str) -> list[Figure]:
    with store.client_of(url) as client:
        pairs = [Pair(f"S{n}USDT", Timeframe.parse(name)) for name in SCAN_TIMEFRAMES for n in range(SCAN_SYMBOLS)]
        now_ms = START_MS
        _fill(client, pairs, now_ms)
        cache = CandleCache(client, EXCHANGE_ID, "1")
        taken = []
        for _ in range(REPEATS):
            with store.packets() as packets:
                began = time.perf_counter()
                coverages = cache.coverages(pairs)
                found = scan(Known(pair, coverages[pair], _window(pair, now_ms)) for pair in pairs)
                taken.append((time.perf_counter() - began) * 1000)
            assert len(found) == len(pairs) // 10, len(found)
    told = f"scan of {SCAN_SYMBOLS} symbols in {len(SCAN_TIMEFRAMES)} timeframes"
    return [
        Figure(told, median(taken), SCAN_LIMIT_MS, "ms", min(taken), max(taken), "one pair in ten lacks its newest"),
        Figure("round trips of it", packets.sent, ROUND_TRIPS, ""),
    ]


def _window(pair: Pair, now_ms: int) -> tuple[int, int]:
    end_ms = pair.timeframe.open_of(now_ms)
    return pair.timeframe.shift(end_ms, -SUFFICIENT), end_ms


def _fill(client: Client, pairs: Sequence[Pair], now_ms: int) -> None:
    """As a process leaves it; of every tenth pair the newest candle is missing."""
    cache = CandleCache(client, EXCHANGE_ID, "1")
    for first in range(0, len(pairs), TOGETHER):
        some = pairs[first : first + TOGETHER]
        candles = {pair: _candles(pair, now_ms, is_behind=not at % 10) for at, pair in enumerate(some)}
        coverage = {
            pair: Coverage().verify(states[0].open_ms, pair.timeframe.close_of(states[-1].open_ms))
            for pair, states in candles.items()
        }
        cache.store(candles, False, coverage)


def _candles(pair: Pair, now_ms: int, is_behind: bool) -> list[Candle]:
    opens = list(pair.timeframe.opens(*_window(pair, now_ms)))[: -1 if is_behind else None]
    return [msgspec.structs.replace(_BAR, open_ms=open_ms) for open_ms in opens]


_BAR = Candle(
    open_ms=0,
    open="64000.00",
    high="64010.50",
    low="63990.10",
    close="64001.00",
    volume="12.5",
    quote_volume="800000",
    trades=900,
    event_ms=START_MS,
    is_closed=True,
)
