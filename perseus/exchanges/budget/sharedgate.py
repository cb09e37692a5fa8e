"""The gate before new connections that all processes of one address share: the ledger."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from perseus.errors import StoreUnavailable
from perseus.exchanges.budget.ledger import Ledger, Priority
from perseus.exchanges.rest import Rest
from perseus.exchanges.wire.transport import Answer

ASK_AGAIN_SECONDS = 1.0


class SharedGate:
    """A `perseus.exchanges.budget.gate.Gate`. `rest` reads from an answer how long to keep away."""

    def __init__(self, ledger: Ledger, rest: Rest) -> None:
        self._ledger = ledger
        self._rest = rest

    async def enter(self) -> None:
        """Return when one more connection may be tried; while the store is away, none may.

        Raises StoreRefused and StoreCorrupt, which waiting does not mend.
        """
        while True:
            try:
                return await self._ledger.reserve_connect(Priority.BOUNDARY)
            except StoreUnavailable:
                await asyncio.sleep(ASK_AGAIN_SECONDS)

    async def refused(self, answer: Answer) -> None:
        """The exchange answered with this in place of a WebSocket: a penalty stops all processes."""
        await self._rest.heed(answer)

    async def opened(self) -> None:
        """A REST side that was silent is asked at once; where the store is away, when it is its time."""
        with suppress(StoreUnavailable):
            await self._ledger.sign()
