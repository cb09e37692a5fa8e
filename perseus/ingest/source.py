"""Where a real exchange's candles come from, out of its row and the settings."""

from __future__ import annotations

from perseus import db
from perseus.exchanges.endpoints import Endpoints
from perseus.exchanges.recordings.ring import Keep
from perseus.exchanges.registry import DIALECTS, dialect_of
from perseus.ingest.engine.wanted import Wanted
from perseus.ingest.exchangefeed import SIMULATED_ADDRESS, UNKNOWN_ADDRESS, ExchangeFeed, Source
from perseus.ingest.feed import FeedMaker
from perseus.ingest.standby.shadowfeed import ShadowFeed
from perseus.local import runfile
from perseus.market.timeframes import Timeframe
from perseus.network.exchange import Exchange
from perseus.network.instance import Instance
from perseus.network.payload import SymbolsFrom
from perseus.settings import Settings
from perseus.store import Client, connect

__all__ = ["DIALECTS", "endpoints_of", "feed_maker", "simulator_beside", "wanted"]

OF_UP = "the simulator of perseus up"
"""Its port is another one at each start; its market is the same as long as its world is."""


def simulator_beside(exchange: Exchange, settings: Settings) -> str | None:
    """Of the `perseus up` in this home, where it simulates this exchange and no symbols of a real one are set."""
    if settings.symbols or exchange.name not in DIALECTS:
        return None
    return runfile.simulator_url(settings)


def wanted(exchange: Exchange, settings: Settings) -> tuple[str, ...]:
    """The symbols of PERSEUS_SYMBOLS, else those that are watched. Errors as `perseus.db.check`."""
    if settings.symbols:
        return settings.symbols
    database_url = runfile.database_url(settings)
    try:
        return db.watched_symbols(database_url, exchange)
    finally:
        db.disconnect(database_url)


def endpoints_of(exchange: Exchange, settings: Settings, simulator: str | None) -> Endpoints:
    """Where `exchange`, or its like at `simulator`, is asked. Raises NoDialect, NoEndpoint, as `perseus.db.check`."""
    dialect_of(exchange.name)
    database_url = runfile.database_url(settings)
    try:
        endpoints = db.endpoints(database_url, exchange)
    finally:
        db.disconnect(database_url)
    return endpoints if simulator is None else Endpoints.simulated(exchange.name, simulator, endpoints.timeframes)


def feed_maker(exchange: Exchange, settings: Settings, simulator: str | None) -> FeedMaker:
    """Makes the feed of `exchange`, or of its like at `simulator`, a URL of `perseus simulate`.

    Its symbols are those of PERSEUS_SYMBOLS, else those that are watched, else all that the exchange trades.
    Raises NoDialect, NoEndpoint, UnknownTimeframe, and errors as `perseus.db.check`.
    """
    about = _source(exchange, settings, simulator)

    def make(instance: Instance) -> ExchangeFeed:
        return ExchangeFeed(instance, about, _client(exchange, settings))

    return make


def shadow(exchange: Exchange, settings: Settings, simulator: str | None, address: str | None) -> ShadowFeed:
    """What a standby of the same hears; `address`: of this host on the internet. Errors as `feed_maker`."""
    seen_as = SIMULATED_ADDRESS if simulator is not None else address or UNKNOWN_ADDRESS
    return ShadowFeed(exchange, _source(exchange, settings, simulator), _client(exchange, settings), seen_as)


def going_on(shadow: ShadowFeed) -> FeedMaker:
    """Makes the feed that goes on where a standby is."""
    return lambda instance: ExchangeFeed(instance, shadow.source, shadow.client, shadow)


def _source(exchange: Exchange, settings: Settings, simulator: str | None) -> Source:
    endpoints = endpoints_of(exchange, settings, simulator)
    symbols = wanted(exchange, settings)
    which = Wanted(symbols, tuple(map(Timeframe.parse, settings.timeframes)))
    chosen = SymbolsFrom.SETTING if settings.symbols else SymbolsFrom.WATCHED if symbols else SymbolsFrom.ALL
    keep = Keep.within(settings.home, exchange.name, settings.record_mb)
    named = OF_UP if simulator is not None and simulator == runfile.simulator_url(settings) else ""
    return Source(endpoints, which, simulator is not None, keep, named, chosen)


def _client(exchange: Exchange, settings: Settings) -> Client:
    name = f"perseus:{exchange.name}:candles"
    return connect(runfile.store_url(settings), timeout=settings.store_timeout_seconds, name=name)
