"""The command `check`: are the variables there, and does the exchange answer this host?"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass

from perseus.control.handling import Done, Job, Refused, Work
from perseus.errors import PerseusError, StoreCorrupt
from perseus.exchanges.budget.ledger import Ledger, Priority
from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.recollection import Memory
from perseus.exchanges.registry import dialect_of
from perseus.exchanges.rest import Rest
from perseus.exchanges.wire.aiohttp_transport import AiohttpTransport
from perseus.ingest import source
from perseus.ingest.engine.cacheport import StoreThread
from perseus.ingest.exchangefeed import SIMULATED_ADDRESS, UNKNOWN_ADDRESS
from perseus.ingest.host import Host
from perseus.ingest.membership import find_exchange
from perseus.local import runfile
from perseus.network.exchange import Exchange
from perseus.store import connect

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
MOST = 20
ANSWER_SECONDS = 25.0


class ExchangeSilent(PerseusError):
    """Raised when an exchange did not answer a check in time."""

    def __init__(self, exchange: str, url: str) -> None:
        super().__init__(
            f"{exchange} has not answered within {ANSWER_SECONDS:g} s at {url}. Look at the network of this host, and "
            "whether the exchange serves its country."
        )
        self.exchange = exchange


@dataclass(frozen=True, slots=True)
class Found:
    """`latency_ms`: of one question and its answer; `listed`: how many symbols trade there."""

    latency_ms: int
    listed: int


class Checker:
    """Checks for one process. Values of variables are never told, only whether they are there."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def __call__(self, job: Job) -> Work:
        """A Handler."""
        name = job.command.exchange_name
        if not name:
            raise Refused("A check names the exchange that is to be asked.")
        present = _present(job.command.arguments.get("environment"))
        job.step("asking the exchange")
        return lambda: self._check(name, present)

    def _check(self, name: str, present: Mapping[str, bool]) -> Done:
        settings = self._host.settings
        exchange = find_exchange(name, settings)
        simulator = self._host.simulator_of(name) or source.simulator_beside(exchange, settings)
        url = source.endpoints_of(exchange, settings, simulator).rest_url
        address = SIMULATED_ADDRESS if simulator is not None else self._host.address() or UNKNOWN_ADDRESS
        try:
            found = asyncio.run(asyncio.wait_for(self._asked(exchange, url, address), ANSWER_SECONDS))
        except TimeoutError:
            raise ExchangeSilent(name, url) from None
        missing = [variable for variable, is_there in present.items() if not is_there]
        lacks = f" {self._host.hostname} lacks {', '.join(missing)}." if missing else ""
        text = f"{name} answers {self._host.hostname} in {found.latency_ms} ms and lists {found.listed} symbols.{lacks}"
        return Done(text, {"latencyMs": found.latency_ms, "present": dict(present), "listed": found.listed})

    async def _asked(self, exchange: Exchange, url: str, address: str) -> Found:
        """Within the budget that all processes share; what it lists is kept for whoever needs it next."""
        settings, dialect = self._host.settings, dialect_of(exchange.name)
        store_url, timeout = runfile.store_url(settings), settings.store_timeout_seconds
        time, call = asyncio.get_running_loop().time, StoreThread()
        with closing(connect(store_url, timeout=timeout, name="perseus:check")) as client:
            try:
                clock = ExchangeClock(time)
                ledger = Ledger(client, exchange.id, address, dialect.first_limits, clock, call)
                async with AiohttpTransport() as transport:
                    rest = Rest(transport, ledger, clock, dialect, url)
                    await rest.calibrate()
                    began = time()
                    await rest.get(dialect.time_request(), Priority.ADMIN)
                    latency_ms = round((time() - began) * 1000)
                    listings, limits = await rest.read(
                        dialect.listings_request(), Priority.ADMIN, dialect.parse_listings
                    )
                await ledger.learn(limits)
                memory = Memory(client, exchange.id, url, call)
                with suppress(StoreCorrupt):  # what is kept now takes its place
                    if (earlier := await memory.read()) is not None:
                        listings = listings.remembering(earlier.listings.by_symbol)
                store_ms = await memory.now_ms()
                await memory.keep(store_ms, clock.now_ms() - store_ms, limits, listings)
            finally:
                call.close()
        return Found(latency_ms, sum(one.status == "trading" for one in listings))


def _present(names: object) -> dict[str, bool]:
    """Whether each variable is there, with anything in it. Raises Refused for what is no name of one."""
    listed = names if isinstance(names, list) else []
    if len(listed) > MOST or not all(isinstance(name, str) and VARIABLE.fullmatch(name) for name in listed):
        raise Refused(f"A check takes up to {MOST} names of environment variables: letters, digits and _.")
    return {name: bool(os.environ.get(name, "").strip()) for name in listed}
