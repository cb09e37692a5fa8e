"""The command `check`: are the variables there, and does the exchange answer this host?"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Coroutine, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from math import ceil

from perseus.clock import iso
from perseus.control.handling import Done, Job, Refused, Work
from perseus.errors import PerseusError, StoreCorrupt
from perseus.exchanges.budget.ledger import SILENCE, Ledger, Priority
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
LOOK_SECONDS = 0.1
ASKING = "asking the exchange"


class ExchangeSilent(PerseusError):
    """Raised when an exchange did not answer a check in time."""

    def __init__(self, exchange: str, url: str) -> None:
        super().__init__(
            f"{exchange} has not answered within {ANSWER_SECONDS:g} s at {url}. Look at the network of this host, and "
            "whether the exchange serves its country."
        )
        self.exchange = exchange


class ExchangeHeld(PerseusError):
    """Raised when a check may ask nothing: its address is banned or limited for longer than a check waits."""

    def __init__(self, exchange: str, until_ms: int, seconds: float, why: str) -> None:
        super().__init__(
            f"{exchange} was not asked: nothing may be sent to it from this address until {iso(until_ms)}, for "
            f"{ceil(seconds)} s more. {_because(exchange, why)} Check it again then."
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
        job.step(ASKING)
        return lambda: self._check(job, name, present)

    def _check(self, job: Job, name: str, present: Mapping[str, bool]) -> Done:
        settings = self._host.settings
        exchange = find_exchange(name, settings)
        simulator = self._host.simulator_of(name) or source.simulator_beside(exchange, settings)
        url = source.endpoints_of(exchange, settings, simulator).rest_url
        address = SIMULATED_ADDRESS if simulator is not None else self._host.address() or UNKNOWN_ADDRESS
        try:
            found = asyncio.run(asyncio.wait_for(self._asked(job, exchange, url, address), ANSWER_SECONDS))
        except TimeoutError:
            raise ExchangeSilent(name, url) from None
        missing = [variable for variable, is_there in present.items() if not is_there]
        lacks = f" {self._host.hostname} lacks {', '.join(missing)}." if missing else ""
        text = f"{name} answers {self._host.hostname} in {found.latency_ms} ms and lists {found.listed} symbols.{lacks}"
        return Done(text, {"latencyMs": found.latency_ms, "present": dict(present), "listed": found.listed})

    async def _asked(self, job: Job, exchange: Exchange, url: str, address: str) -> Found:
        """Within the budget that all processes share; what it lists is kept for whoever needs it next."""
        settings, limits = self._host.settings, dialect_of(exchange.name).first_limits
        store_url, timeout = runfile.store_url(settings), settings.store_timeout_seconds
        clock, call = ExchangeClock(asyncio.get_running_loop().time), StoreThread()
        with closing(connect(store_url, timeout=timeout, name="perseus:check")) as client:
            try:
                ledger = Ledger(client, exchange.id, address, limits, clock, call, exchange.name)
                memory = Memory(client, exchange.id, url, call)
                return await _unless_held(
                    job, exchange.name, ledger, clock, _found(exchange, url, ledger, clock, memory)
                )
            finally:
                call.close()


async def _found(exchange: Exchange, url: str, ledger: Ledger, clock: ExchangeClock, memory: Memory) -> Found:
    dialect, time = dialect_of(exchange.name), asyncio.get_running_loop().time
    async with AiohttpTransport() as transport:
        rest = Rest(transport, ledger, clock, dialect, url)
        await rest.calibrate()
        began = time()
        await rest.get(dialect.time_request(), Priority.ADMIN)
        latency_ms = round((time() - began) * 1000)
        listings, limits = await rest.read(dialect.listings_request(), Priority.ADMIN, dialect.parse_listings)
    await ledger.learn(limits)
    with suppress(StoreCorrupt):  # what is kept now takes its place
        if (earlier := await memory.read()) is not None:
            listings = listings.remembering(earlier.listings.by_symbol)
    store_ms = await memory.now_ms()
    await memory.keep(store_ms, clock.now_ms() - store_ms, limits, listings)
    return Found(latency_ms, sum(one.status == "trading" for one in listings))


async def _unless_held(
    job: Job, exchange: str, ledger: Ledger, clock: ExchangeClock, asking: Coroutine[None, None, Found]
) -> Found:
    """What `asking` gives. Raises ExchangeHeld at once where it would wait beyond the end of the check."""
    time = asyncio.get_running_loop().time
    task, ends, told = asyncio.ensure_future(asking), time() + ANSWER_SECONDS, ""
    try:
        while not (await asyncio.wait((task,), timeout=LOOK_SECONDS))[0]:
            held, now_ms = ledger.held, clock.estimate_ms()
            if held is None or now_ms is None or held[1] == SILENCE:
                continue
            seconds = clock.takes_seconds(held[0] - now_ms)
            if time() + seconds >= ends:
                raise ExchangeHeld(exchange, held[0], seconds, held[1])
            if ledger.held_up != told:
                told = ledger.held_up
                job.step(f"{ASKING}: {told}")
        return task.result()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, PerseusError):
            await task


def _because(exchange: str, why: str) -> str:
    """Why nothing may be sent, as a sentence."""
    said = why.rstrip(".")
    if why.startswith("HTTP "):
        return f"{exchange} has banned or limited this address: {said}."
    return f"{said[:1].upper()}{said[1:]}."


def _present(names: object) -> dict[str, bool]:
    """Whether each variable is there, with anything in it. Raises Refused for what is no name of one."""
    listed = names if isinstance(names, list) else []
    if len(listed) > MOST or not all(isinstance(name, str) and VARIABLE.fullmatch(name) for name in listed):
        raise Refused(f"A check takes up to {MOST} names of environment variables: letters, digits and _.")
    return {name: bool(os.environ.get(name, "").strip()) for name in listed}
