"""A start waits until the exchange has answered what is asked first: its time, its limits and its symbols."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

from perseus.errors import StoreUnavailable, StoreUntrusted
from perseus.exchanges.resterrors import NoAnswer, RateLimited
from perseus.ingest.backoff import Backoff

log = logging.getLogger(__name__)


async def heard(
    ready: Callable[[], Awaitable[None]], say: Callable[[str], None], chance: Callable[[], float] = random.random
) -> None:
    """`ready()`, again for as long as the exchange takes no requests or gives no usable answer; all else is raised.

    `say` is told of the first of either kind. `chance()` gives 0 to 1, and spreads waits. While the exchange takes no
    requests none is sent: the budget holds each back until then. A data store that is away meanwhile, which has the
    budget, is waited for too.
    """
    backoff, told = Backoff(chance), set[type[Exception]]()
    while True:
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
