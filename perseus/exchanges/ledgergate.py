"""The gate before new connections that all processes of one address share: the ledger counts them."""

from __future__ import annotations

import asyncio

from perseus.errors import StoreUnavailable
from perseus.exchanges.ledger import Ledger, Priority
from perseus.exchanges.rest import Rest
from perseus.exchanges.transport import Answer

STORE_SECONDS = 1.0


class LedgerGate:
    """A Gate. While the store is away nobody may connect, for nobody knows how many have: it waits."""

    def __init__(self, ledger: Ledger, rest: Rest) -> None:
        self._ledger = ledger
        self._rest = rest

    async def enter(self) -> None:
        while True:
            try:
                return await self._ledger.reserve_connect(Priority.REPAIR)
            except StoreUnavailable:
                await asyncio.sleep(STORE_SECONDS)

    async def refused(self, answer: Answer) -> None:
        await self._rest.heed(answer)
