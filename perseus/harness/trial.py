"""One trial of one exchange, from its time to its stream."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from perseus.errors import PerseusError
from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.dialect import BadAnswer, Dialect
from perseus.exchanges.endpoints import Endpoints
from perseus.exchanges.symbols import Listings
from perseus.exchanges.wire.transport import Transport, TransportError
from perseus.harness.asking import CONTINUE, Asking, Failed, chosen
from perseus.harness.budget import Budget
from perseus.harness.heeding import Heeding
from perseus.harness.listening import Listening
from perseus.harness.verdict import Verdict

REPORT = "Keep it by --save and report it: the exchange answers in a form that Perseus does not know."
SKIPPED = "Not tried: it needs what is bad above."
CHECKS = ("time", "symbols", "symbol", "history", "stream")


class _Stop(Exception):
    """Raised when a check is bad: what needs it cannot be tried."""


class Trial:
    """Sends a handful of requests and opens one connection. `host_ms`: this host's date.

    `unreached`: what to do where the exchange is not reached.
    """

    def __init__(
        self,
        transport: Transport,
        dialect: Dialect,
        endpoints: Endpoints,
        budget: Callable[[ExchangeClock], Budget],
        host_ms: Callable[[], int],
        unreached: str = CONTINUE,
    ) -> None:
        self._unreached = unreached
        clock = ExchangeClock(asyncio.get_running_loop().time)
        self._budget = Heeding(budget(clock), dialect, clock, host_ms)
        self._verdict = verdict = Verdict(dialect.name, endpoints.rest_url)
        self._asking = Asking(transport, dialect, endpoints.rest_url, self._budget, clock, host_ms, verdict, unreached)
        self._listening = Listening(transport, dialect, endpoints.ws_url, self._budget, clock, verdict, unreached)

    async def run(self, symbol: str | None) -> Verdict:
        """All checks. One that cannot be made, since another is bad, is bad as well."""
        with suppress(_Stop):
            with self._told("time"):
                await self._asking.time()
            with self._told("symbols"):
                listings = await self._asking.listings()
            await self._try(listings, symbol)
        made = {check.name for check in self._verdict.checks}
        for name in CHECKS:
            if name not in made:
                self._verdict.add(name, False, SKIPPED)
        self._weigh()
        return self._verdict

    async def _try(self, listings: Listings, symbol: str | None) -> None:
        with self._told("symbol"):
            listing = chosen(listings, symbol)
        self._verdict.evidence["symbol"] = listing.symbol
        is_trading = listing.status == "trading"
        mend = "" if is_trading else "Nothing will come of it until it trades again: try another by --symbol."
        self._verdict.add("symbol", is_trading, f"{listing.symbol} is {listing.status} ({listing.native}).", mend)
        with suppress(_Stop), self._told("history"):
            await self._asking.history(listing.symbol)
        with self._told("stream"):
            await self._listening.stream(listing.symbol, listings.aliases())

    @contextmanager
    def _told(self, name: str) -> Iterator[None]:
        """The boundary where an error of a check becomes its result."""
        try:
            yield
        except PerseusError as error:
            self._verdict.add(name, False, str(error), self._mend(error))
            raise _Stop from None

    def _weigh(self) -> None:
        evidence = self._verdict.evidence
        told = "" if evidence["used"] is None else f" The exchange counts {evidence['used']} of this address."
        count = f"{evidence['requests']} request{'' if evidence['requests'] == 1 else 's'}"
        text = f"{count} of weight {evidence['weight']}: {self._budget.says}.{told}"
        self._verdict.add("budget", True, text)

    def _mend(self, error: PerseusError) -> str:
        if isinstance(error, Failed):
            return error.mend
        if isinstance(error, TransportError):
            return self._unreached
        return REPORT if isinstance(error, BadAnswer) else ""
