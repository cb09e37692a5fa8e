"""Long waits for what an exchange seems to hold: once it has answered another, they end soon."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from perseus.exchanges.wire.transport import TransportError

BRIEF_SECONDS = 2.0


class Patience:
    """Shared by all that wait for one exchange's REST side, or its WebSockets. `usual`: seconds that are not long."""

    def __init__(self, usual: float) -> None:
        self._usual = usual
        self._held: set[asyncio.Timeout] = set()

    @asynccontextmanager
    async def of(self, seconds: float) -> AsyncIterator[None]:
        """Around a wait that ends by itself after so many seconds. Raises TransportError where it ends before."""
        try:
            async with asyncio.timeout(None) as wait:
                if seconds > self._usual:
                    self._held.add(wait)
                try:
                    yield
                finally:
                    self._held.discard(wait)
        except TimeoutError:
            raise TransportError("timeout", "It was not answered, and others were meanwhile.") from None

    def end_soon(self) -> None:
        """One was answered: what was held comes now, or is lost."""
        brief = asyncio.get_running_loop().time() + BRIEF_SECONDS
        for wait in self._held:
            wait.reschedule(brief)
        self._held.clear()
