"""What is traded at the simulated exchanges unless a scenario says otherwise: lively, calm and almost dead symbols."""

from __future__ import annotations

from perseus.simulator.market.bar import UNIT
from perseus.simulator.market.truth import Market
from perseus.simulator.market.walk import Manner

# base, price, mean ms between trades, mean amount, tick
COINS: tuple[tuple[str, str, int, int, int], ...] = (
    ("BTC", "91000", 900, UNIT // 50, UNIT // 100),
    ("ETH", "3100", 1_100, UNIT // 4, UNIT // 100),
    ("SOL", "142", 1_500, 8 * UNIT, UNIT // 100),
    ("XRP", "2", 2_000, 900 * UNIT, UNIT // 10_000),
    ("DOGE", "0.16", 2_500, 9_000 * UNIT, 1_000),
    ("ADA", "0.48", 4_000, 2_000 * UNIT, 1_000),
    ("LTC", "88", 20_000, 3 * UNIT, UNIT // 100),
    ("SHIB", "0.00000864", 30_000, 70_000_000_000 * UNIT, 1),
    ("NKN", "0.03", 150_000, 25_000 * UNIT, 1_000),
    ("QUIET", "1", 900_000, 10 * UNIT, UNIT // 10_000),
)
DEFAULT = ("BTC", "ETH", "SOL", "XRP", "DOGE", "LTC", "NKN", "QUIET")


def manner_of(base: str) -> Manner:
    """How that coin trades; one that is not in the list trades calmly at 10."""
    for name, price, mean_ms, amount, tick in COINS:
        if name == base:
            return Manner(_units(price), mean_ms, amount, tick)
    return Manner(10 * UNIT, 3_000, UNIT, UNIT // 1_000)


def binance(bases: tuple[str, ...] = DEFAULT) -> list[Market]:
    """BTCUSDT and so on."""
    return [Market(f"{base}USDT", base, "USDT", manner_of(base)) for base in bases]


def coinbase(bases: tuple[str, ...] = DEFAULT) -> list[Market]:
    """BTC-USD and so on, and BTC-USDC as another name of the first."""
    found = [Market(f"{base}-USD", base, "USD", manner_of(base)) for base in bases]
    if bases:
        first = found[0]
        found.append(Market(f"{first.base}-USDC", first.base, "USDC", first.manner, alias_of=first.symbol))
    return found


def _units(price: str) -> int:
    whole, _, rest = price.partition(".")
    return int(whole) * UNIT + int(rest.ljust(8, "0"))
