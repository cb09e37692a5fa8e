"""One exchange's time on a virtual loop, and ledgers that share one budget."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from perseus.exchanges.budget.book import Book, Priority
from perseus.exchanges.budget.ledger import Ledger, inline
from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.wire.request import CONNECTS, MESSAGES, REQUESTS, WEIGHT, Limit
from perseus.store import Client

MINUTE = 60_000
START_MS = 1_790_000_040_000 // MINUTE * MINUTE + 10_000
"""Ten seconds into a minute."""
ADDRESS = "192.0.2.7"
ID, NAME = 4, "kraken"
BY_MINUTE = Limit(WEIGHT, MINUTE, 200, is_calendar=True)
"""Of which 130 are used: 78 by a warmup, 110 by repairs."""
BY_SECOND = Limit(REQUESTS, 1_000, 10, is_calendar=False)
MESSAGES_LIMIT = Limit(MESSAGES, 1_000, 8, is_calendar=False)
BY_FIVE_MINUTES = Limit(CONNECTS, 300_000, 300, is_calendar=False)
CAP = 130


def clock_now(ahead_ms: int = 0) -> ExchangeClock:
    """A clock that knows the exchange's time, which began with the loop; `ahead_ms` wrong."""
    loop = asyncio.get_running_loop()
    clock = ExchangeClock(loop.time)
    clock.heard(true_ms() + ahead_ms, loop.time())
    return clock


def true_ms() -> int:
    """The exchange's own time."""
    return START_MS + round((asyncio.get_running_loop().time() - 1_000.0) * 1000)


def ledger(client: Client, *limits: Limit, clock: ExchangeClock | None = None, address: str = ADDRESS) -> Ledger:
    """One process's ledger."""
    return Ledger(client, ID, address, limits or (BY_MINUTE,), clock or clock_now(), inline, NAME)


def book(client: Client, limits: Sequence[Limit] = (BY_MINUTE,)) -> Book:
    """The book that they share."""
    return Book(client, ID, ADDRESS, limits)


async def granted_within(one: Ledger, seconds: float, weight: int, priority: Priority = Priority.ADMIN) -> int:
    """How many requests of this weight go within so many seconds, when as many as possible are asked for."""
    count = 0

    async def ask() -> None:
        nonlocal count
        while True:
            await one.reserve(weight, priority)
            count += 1

    asking = asyncio.create_task(ask())
    await asyncio.wait([asking], timeout=seconds)
    if asking.done():
        await asking
    asking.cancel()
    await asyncio.wait([asking])
    return count
