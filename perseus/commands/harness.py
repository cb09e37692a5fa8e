"""`perseus harness EXCHANGE`: does an exchange do what it should, and can Perseus read it?"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from perseus import db
from perseus.clock import SystemClock
from perseus.commands.recordings import NotWritten
from perseus.errors import EXIT_FAILED, PerseusError
from perseus.exchanges.budget.ledger import Ledger, inline
from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.dialect import Dialect
from perseus.exchanges.endpoints import Endpoints, simulator_at
from perseus.exchanges.recordings import ring
from perseus.exchanges.recordings.recorder import Kept, RecordedTransport
from perseus.exchanges.registry import dialect_of
from perseus.exchanges.wire.aiohttp_transport import AiohttpTransport
from perseus.harness.asking import CONTINUE
from perseus.harness.budget import Budget, Charged, LookedUp, Unknown, why_silent
from perseus.harness.trial import Trial
from perseus.harness.verdict import Verdict
from perseus.ingest.exchangefeed import ADDRESS_SECONDS, SIMULATED_ADDRESS, UNKNOWN_ADDRESS
from perseus.ingest.membership import find_exchange
from perseus.local import runfile
from perseus.network.exchange import Exchange
from perseus.plugins.registry.public_ip import PublicIp
from perseus.settings import Settings
from perseus.store import Client, answers, connect

NO_SIMULATOR = "Is the simulator at work? Start it by `perseus simulate`, and give the address that it prints."
Budgets = Callable[[ExchangeClock], Budget]


def run(
    settings: Settings,
    name: str,
    simulator: str | None,
    symbol: str | None,
    is_charged: bool,
    save: Path | None,
    as_json: bool,
) -> int:
    """0 when all checks are good, else 1.

    Raises UnknownExchange, NoDialect, NoEndpoint, NoSimulator, NotWritten, errors as `perseus.db.check`, and with
    `is_charged` those of the store.
    """
    if simulator is not None:
        simulator_at(simulator)
    exchange = find_exchange(name, settings) if simulator is None or is_charged else None
    dialect = dialect_of(name)
    with _budgets(settings, exchange, dialect, simulator is not None, is_charged) as budgets:
        kept = Kept(SystemClock())
        endpoints = _endpoints(settings, exchange, name, simulator)
        unreached = CONTINUE if simulator is None else NO_SIMULATOR
        verdict = asyncio.run(_tried(dialect, endpoints, budgets, symbol, kept, unreached))
    if save is not None:
        try:
            ring.save(save, kept.entries, name)
        except OSError as error:
            raise NotWritten(error) from error
    click.echo(json.dumps(verdict.as_json(), indent=2) if as_json else "\n".join(verdict.lines()))
    return 0 if verdict.is_good else EXIT_FAILED


async def _tried(
    dialect: Dialect, endpoints: Endpoints, budgets: Budgets, symbol: str | None, kept: Kept, unreached: str
) -> Verdict:
    async with AiohttpTransport() as wire:
        trial = Trial(RecordedTransport(wire, kept), dialect, endpoints, budgets, SystemClock().wall_ms, unreached)
        return await trial.run(symbol)


def _endpoints(settings: Settings, exchange: Exchange | None, name: str, simulator: str | None) -> Endpoints:
    if simulator is not None:
        return Endpoints.simulated(name, simulator, ())
    assert exchange is not None
    database = runfile.database_url(settings)
    try:
        return db.endpoints(database, exchange)
    finally:
        db.disconnect(database)


@contextmanager
def _budgets(
    settings: Settings, exchange: Exchange | None, dialect: Dialect, is_simulated: bool, is_charged: bool
) -> Iterator[Budgets]:
    if exchange is None:
        yield lambda _: Unknown("at a simulator nothing is shared")
        return
    try:
        client = _client(settings)
    except PerseusError as error:
        if is_charged:
            raise
        why = why_silent(error)
        yield lambda _: Unknown(why)
        return
    address = SIMULATED_ADDRESS if is_simulated else _address(settings)

    def budget(clock: ExchangeClock) -> Budget:
        ledger = Ledger(client, exchange.id, address, dialect.first_limits, clock, inline, exchange.name)
        return Charged(ledger, dialect) if is_charged else LookedUp(ledger)

    with client:
        yield budget


def _client(settings: Settings) -> Client:
    """Of the store, which answers now: nobody waits for one here."""
    client = connect(runfile.store_url(settings), timeout=settings.store_timeout_seconds, name="perseus-harness")
    with answers(client):
        client.ping()
    return client


def _address(settings: Settings) -> str:
    """As ingest processes of this host have it: under it they share a budget."""
    asked = PublicIp()
    asked.services = settings.public_ip_services
    return asked.look_up(ADDRESS_SECONDS) or UNKNOWN_ADDRESS
