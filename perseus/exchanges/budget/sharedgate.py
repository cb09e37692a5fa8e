"""The gate before new connections that all processes of one address share: the ledger."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from perseus.errors import StoreRefused, StoreUnavailable
from perseus.exchanges.budget.gate import CONNECT_SECONDS, Turn
from perseus.exchanges.budget.ledger import Ledger, Priority
from perseus.exchanges.rest import ENDS, Rest
from perseus.exchanges.wire.transport import Answer, Kind

ASK_AGAIN_SECONDS = 1.0


class SharedGate:
    """A `perseus.exchanges.budget.gate.Gate`. `rest` reads from an answer how long to keep away."""

    def __init__(self, ledger: Ledger, rest: Rest) -> None:
        self._ledger = ledger
        self._rest = rest

    async def enter(self) -> Turn:
        """Return when one more connection may be tried; while the store is away, none may.

        The exchange may still take what it held and we gave up, all at once: so that is bounded, and while there is
        some the next is waited for the longer. Raises StoreRefused and StoreCorrupt, which waiting does not mend.
        """
        while True:
            try:
                name = self._ledger.name()
                held = await self._ledger.reserve_connect(Priority.BOUNDARY, name)
                return Turn(name, max(CONNECT_SECONDS, held))
            except StoreUnavailable:
                await asyncio.sleep(ASK_AGAIN_SECONDS)

    async def over(self, turn: Turn, kind: Kind | None = None) -> None:
        """As of a request; where the store is away it counts as not answered."""
        end = "answered" if kind is None else ENDS.get(kind, "answered")
        with suppress(StoreUnavailable):
            await self._ledger.ended(turn.name, end, what="connect")

    async def refused(self, answer: Answer) -> None:
        """The exchange answered with this in place of a WebSocket: a penalty stops all processes."""
        await self._rest.heed(answer)

    async def opened(self) -> None:
        """A REST side that was silent is asked at once; where the store is away, when it is its time."""
        with suppress(StoreUnavailable):
            await self._ledger.sign()

    async def message(self) -> None:
        """What the store cannot be asked is left to the limit of each process: an open connection must speak."""
        with suppress(StoreUnavailable, StoreRefused):
            await self._ledger.reserve_message()
