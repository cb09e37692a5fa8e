"""Scenarios drawn by a seed: a few faults at once, each of which ends, so that a client can be whole again after it."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from perseus.simulator.faults.catalogue import CATALOGUE
from perseus.simulator.faults.fault import Fault
from perseus.simulator.market import buckets
from perseus.simulator.scenario import Scenario

DAY_MS = 1_795_219_200_000  # 2026-11-21 00:00 UTC
MONTH_MS = 1_796_083_200_000  # 2026-12-01 00:00 UTC
COINBASE_ONLY = ("sequence_jump", "sequence_reset", "snapshot_again", "heartbeat_jump", "error_message")
BINANCE_ONLY = ("close_corrected", "server_shutdown", "ping_flood", "ping_strict", "ack_other_id")
LASTING = (
    "long_prices",
    "exponent_volume",
    "unknown_fields",
    "zero_volume_row",
    "rest_lag",
    "clock_skew",
    "channel_renamed",
)
LATER, LATER_SHARE = ("handshakes_held", "channel_renamed"), 0.15
"""Drawn by dice of their own, so that seeds which once found something still draw the same beside them."""
SETTLED_MS = 60_000
"""A clock that was wrong from the first word on cannot be told from a right one."""
HISTORY = ("*klines*", "*candles*")
"""What a fault of REST is aimed at from the start on: who cannot even learn the time does not begin."""
MOST = {"http_418": 5}
"""Times at most, where each is worse than the last: six bans in a row are longer than a day."""
SYMBOLS = ("BTC", "ETH", "LTC", "NKN")

Draw = Callable[[random.Random], Any]
PARAMS: dict[str, dict[str, Draw]] = {
    "http_429": {"retry_after_s": lambda dice: dice.randint(1, 90)},
    "http_5xx": {"status": lambda dice: dice.choice((500, 502, 503, 504))},
    "slow_headers": {"wait_ms": lambda dice: dice.randint(200, 30_000)},
    "slow_body": {"wait_ms": lambda dice: dice.randint(200, 30_000)},
    "rest_lag": {"ms": lambda dice: dice.randint(1_000, 2_800)},
    "kline_late": {"ms": lambda dice: dice.randint(3_000, 30_000)},
    "close_corrected": {"ms": lambda dice: dice.randint(300, 4_000)},
    "time_backwards": {"ms": lambda dice: dice.randint(1, 60_000)},
    "handshake": {"status": lambda dice: dice.choice((403, 429, 500, 502, 503))},
    "ping_strict": {"deadline_ms": lambda dice: dice.randint(1_000, 5_000)},
    "close": {"code": lambda dice: dice.choice((1000, 1001, 1008, 1011, 1012, 1013))},
    "ping_flood": {"pings": lambda dice: dice.randint(5, 100)},
    "server_shutdown": {"after_s": lambda dice: dice.choice((0, 5, 600))},
    "market_halt": {
        "status": lambda dice: dice.choice(("HALT", "BREAK", "CANCEL_ONLY")),
        "for_ms": lambda dice: dice.randint(60_000, 600_000),
    },
    "outage": {"for_ms": lambda dice: dice.randint(1_000, 180_000)},
    "requests_held": {"for_ms": lambda dice: dice.randint(1_000, 90_000)},
    "handshakes_held": {"for_ms": lambda dice: dice.randint(1_000, 240_000)},
    "limits_lowered": {"share": lambda dice: dice.choice((0.3, 0.5, 0.8))},
    "clock_skew": {"ms": lambda dice: dice.choice((-5_000, -1_000, 2_000, 60_000, 300_000))},
    "heartbeat_jump": {"by": lambda dice: dice.randint(1, 50)},
}


def drawn(seed: int, exchange: str, length_ms: int = 3_600_000, most: int = 6) -> Scenario:
    """The scenario of that seed for `binance`, `binance_us` or `coinbase`: the same each time.

    All faults are over after two thirds of `length_ms`. It begins at an odd moment or shortly before an hour, a day or
    a month ends.
    """
    dice = random.Random(f"scenario/{exchange}/{seed}")
    early = [name for name in possible(exchange) if name not in LATER]
    names = dice.sample(early, dice.randint(1, most))
    faults = [_fault(dice, name, exchange, length_ms * 2 // 3) for name in names if _may_be(name, names)]
    later = random.Random(f"later/{exchange}/{seed}")
    faults += [_fault(later, name, exchange, length_ms * 2 // 3) for name in LATER if later.random() < LATER_SHARE]
    scope = dice.choice(("connection", "product")) if exchange == "coinbase" else "connection"
    symbols = tuple(dice.sample(SYMBOLS, dice.randint(2, len(SYMBOLS))))
    return Scenario(f"drawn-{seed}", _start(dice), 1.0, symbols, scope, faults=faults)


def _may_be(name: str, names: list[str]) -> bool:
    """What was sent before a ban and is held on its way arrives during it, by nobody's fault."""
    return "requests_held" not in names or not name.startswith(("http_418", "http_429"))


def possible(exchange: str) -> list[str]:
    """Faults that make sense there, in order."""
    without = BINANCE_ONLY if exchange == "coinbase" else COINBASE_ONLY
    return [name for name in CATALOGUE if name not in without]


def _start(dice: random.Random) -> int:
    before = dice.randint(1, 20) * buckets.MINUTE + dice.randint(0, 59_999)
    return dice.choice((DAY_MS + dice.randrange(buckets.DAY), DAY_MS + buckets.DAY - before, MONTH_MS - before))


def _fault(dice: random.Random, name: str, exchange: str, end_ms: int) -> Fault:
    kind = CATALOGUE[name]
    params = {key: draw(dice) for key, draw in PARAMS.get(name, {}).items()}
    after = dice.randrange(end_ms // 2) if kind.is_act or dice.random() < 0.7 else 0
    target = dice.choice(("*", _aimed(dice, kind.aim, exchange)))
    if name == "list_new" and exchange == "coinbase":
        params["symbol"] = "NEW-USD"
    if kind.aim == "path" and after == 0:
        target = HISTORY[exchange == "coinbase"]
    if name == "clock_skew":
        after = max(after, SETTLED_MS)
    if kind.is_act:
        repeated = {**params, "every_ms": dice.choice((1_000, 30_000, 240_000))}
        return Fault(name, exchange, target, 1.0, dice.randint(1, 3), after, end_ms, repeated)
    if name in LASTING:
        return Fault(name, exchange, target, 1.0, None, after, end_ms, params)
    probability, count = dice.choice((0.05, 0.3, 1.0)), min(dice.randint(1, 8), MOST.get(name, 8))
    return Fault(name, exchange, target, probability, count, after, end_ms, params)


def _aimed(dice: random.Random, aim: str, exchange: str) -> str:
    base = dice.choice(SYMBOLS)
    symbol = f"{base}-USD" if exchange == "coinbase" else f"{base}USDT"
    stream = f"candles:{symbol}" if exchange == "coinbase" else f"{symbol.lower()}@kline_*"
    path = HISTORY[exchange == "coinbase"]
    return {"symbol": symbol, "stream": stream, "path": path, "connection": "1"}.get(aim, "*")
