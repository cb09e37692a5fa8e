"""A start waits until the exchange has answered what is asked first: its time, its limits and its symbols."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

from perseus.clock import iso
from perseus.errors import StoreUnavailable, StoreUntrusted
from perseus.exchanges.budget.book import BookState
from perseus.exchanges.resterrors import NoAnswer, RateLimited
from perseus.ingest.backoff import Backoff

log = logging.getLogger(__name__)


LOOK_SECONDS = 1.0
HELD = "a budget that is frozen"


async def heard(
    ready: Callable[[], Awaitable[None]],
    say: Callable[[str], None],
    chance: Callable[[], float] = random.random,
    held: Callable[[], tuple[int, str] | None] = lambda: None,
) -> None:
    """`ready()`, again for as long as the exchange takes no requests or gives no usable answer; all else is raised.

    `say` is told of the first of either kind. `chance()` gives 0 to 1, and spreads waits. While the exchange takes no
    requests none is sent: the budget holds each back until then. `held()` says until when (Unix ms) it does, and why:
    that is told where another process has met it. A data store that is away meanwhile, which has the budget, is waited
    for too.
    """
    backoff, told = Backoff(chance), set[object]()
    while True:
        watching = asyncio.create_task(_tell_of(held, say, told), name="held up")
        try:
            await ready()
        except (NoAnswer, RateLimited) as error:
            if type(error) not in told:
                told.add(type(error))
                say(f"{error} The start waits for it.")
            await asyncio.sleep(backoff.wait())
        except StoreUnavailable as error:
            if not told or isinstance(error, StoreUntrusted):
                raise
            if StoreUnavailable not in told:
                told.add(StoreUnavailable)
                say(f"{error} The start waits for it as well.")
            await asyncio.sleep(backoff.wait())
        else:
            if told:
                log.info("The exchange has answered: the start goes on.")
            return
        finally:
            watching.cancel()


async def thawed(state: Callable[[], Awaitable[BookState]], say: Callable[[str], None]) -> None:
    """Until something may be sent: a start that remembers all that is asked first meets a frozen budget only later.

    `state()` is the budget's; a data store that is away is waited for by who asks next. `say` is told once.
    """
    is_told = False
    while True:
        try:
            book = await state()
        except StoreUnavailable:
            return
        if book.frozen_until_ms is None:
            return
        if not is_told:
            say(_held_until(book.frozen_until_ms, book.why))
            is_told = True
        await asyncio.sleep(LOOK_SECONDS)


async def _tell_of(held: Callable[[], tuple[int, str] | None], say: Callable[[str], None], told: set[object]) -> None:
    """Once, unless the refusal itself was told."""
    while not told & {HELD, RateLimited}:
        if (known := held()) is not None:
            told.add(HELD)
            say(_held_until(*known))
        await asyncio.sleep(LOOK_SECONDS)


def _held_until(until_ms: int, why: str) -> str:
    until = iso(until_ms)[:19].replace("T", " ")
    return f"Nothing may be sent to the exchange until {until} UTC: {why.rstrip('.')}. The start waits for it."
