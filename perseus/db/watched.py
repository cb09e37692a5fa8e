"""Which symbols of an exchange are watched: what its ingest process takes in, where PERSEUS_SYMBOLS does not say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import Update, delete, func, insert, select, update

from perseus.db.engine import answers, engine
from perseus.db.errors import TooManySymbols
from perseus.db.models import ExchangeRow, WatchedRow
from perseus.db.notifyrows import ms
from perseus.network.exchange import Exchange

#: How many symbols of one exchange may be watched.
MOST = 1000
#: How long the name of one may be.
LONGEST = 50


class Watched(NamedTuple):
    """One watched symbol: since when, Unix milliseconds, and by whose hand."""

    symbol: str
    created_ms: int
    created_by: str | None


def watched_symbols(database_url: str, exchange: Exchange) -> tuple[str, ...]:
    """Their names, sorted; () for none. Errors as `perseus.db.exchanges`."""
    return tuple(one.symbol for one in watched(database_url, exchange))


def watched(database_url: str, exchange: Exchange) -> tuple[Watched, ...]:
    """All of them, by name. Errors as `watched_symbols`."""
    row = WatchedRow
    wanted = select(row.symbol, row.created_at, row.created_by).where(row.exchange_id == exchange.id)
    with answers(database_url), engine(database_url).connect() as connection:
        rows = connection.execute(wanted).all()
    return tuple(sorted(Watched(one.symbol, ms(one.created_at), one.created_by) for one in rows))


Counts = Mapping[int, int]


def counted(database_url: str) -> Counts:
    """How many symbols are watched, by exchange id; of the others none is. Errors as `watched_symbols`."""
    wanted = select(WatchedRow.exchange_id, func.count().label("symbols")).group_by(WatchedRow.exchange_id)
    with answers(database_url), engine(database_url).connect() as connection:
        return {row.exchange_id: row.symbols for row in connection.execute(wanted)}


def watch(database_url: str, exchange: Exchange, symbols: Iterable[str], by: str) -> tuple[str, ...]:
    """Watch these too, all of them or none; returns those that were not watched before.

    Raises TooManySymbols where they would be more than MOST; errors as `watched_symbols`.
    """
    row, chosen = WatchedRow, tuple(dict.fromkeys(symbols))
    there = select(row.symbol).where(row.exchange_id == exchange.id)
    with answers(database_url), engine(database_url).begin() as connection:
        # The first statement writes, so that on both databases a second one waits here and sees what the first added.
        connection.execute(_touched(exchange))
        before = frozenset(connection.scalars(there))
        new = tuple(symbol for symbol in chosen if symbol not in before)
        if len(before) + len(new) > MOST and new:
            raise TooManySymbols(exchange.name, MOST)
        if new:
            values = [{"exchange_id": exchange.id, "symbol": symbol, "created_by": by} for symbol in new]
            connection.execute(insert(row), values)
    return new


def _touched(exchange: Exchange) -> Update:
    """Changes nothing, and locks the row of the exchange until the transaction ends."""
    return update(ExchangeRow).where(ExchangeRow.id == exchange.id).values(is_active=ExchangeRow.is_active)


def unwatch(database_url: str, exchange: Exchange, symbols: Iterable[str]) -> tuple[str, ...]:
    """Watch these no longer; returns those that were watched. Errors as `watched_symbols`."""
    row, names = WatchedRow, sorted(set(symbols))
    gone = delete(row).where(row.exchange_id == exchange.id, row.symbol.in_(names)).returning(row.symbol)
    with answers(database_url), engine(database_url).begin() as connection:
        return tuple(sorted(symbol for (symbol,) in connection.execute(gone)))
