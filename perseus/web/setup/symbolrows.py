"""Watched symbols as rows: how each is listed, how liquid it is, and who watched it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from perseus import clock
from perseus.db.watched import Watched
from perseus.exchanges.symbols import Listing, Listings
from perseus.market import liquidity, tickers
from perseus.market.liquidity import Liquidity
from perseus.network.exchange import Exchange
from perseus.store import Client
from perseus.web import moments, words
from perseus.web.moments import Moment

UNLISTED = "not listed"


@dataclass(frozen=True, slots=True)
class SymbolRow:
    """One. `status`: None where it is not known what is listed; `native`: the exchange's word for what does not trade.

    `rating`: None where nothing is known of its liquidity. `volume`, `spread`: as text, None for not known.
    """

    symbol: str
    status: str | None
    native: str
    rating: Liquidity | None
    volume: str | None
    spread: str | None
    since: Moment | None
    by: str


def rows(
    client: Client, exchange: Exchange, watched: tuple[Watched, ...], listings: Listings | None
) -> tuple[SymbolRow, ...]:
    """By rank, then those without by name. `listings` None: not known. Raises StoreUnavailable, StoreRefused."""
    told = tickers.newest(client, exchange.id, (one.symbol for one in watched))
    quotes = {symbol: listing.quote for symbol in told if listings and (listing := listings.get(symbol))}
    rated = liquidity.rated(told.values(), quotes)
    made = [_row(one, rated.get(one.symbol), listings) for one in watched]
    return tuple(sorted(made, key=lambda one: (one.rating.rank if one.rating else len(made) + 1, one.symbol)))


def status(listing: Listing | None) -> str:
    """In a word."""
    return listing.status if listing else UNLISTED


def document(row: SymbolRow) -> dict[str, Any]:
    """One as the JSON API gives it."""
    rating = row.rating
    return {
        "symbol": row.symbol,
        "status": row.status,
        "rank": rating.rank if rating else None,
        "score": rating.score if rating else None,
        "grade": rating.grade if rating else None,
        "quoteVolume24h": rating.signals.volume if rating else None,
        "spread": rating.signals.spread if rating else None,
        "watchedSince": clock.iso(row.since.ms) if row.since else None,
        "watchedBy": row.by or None,
    }


def _row(one: Watched, rating: Liquidity | None, listings: Listings | None) -> SymbolRow:
    listing = listings.get(one.symbol) if listings is not None else None
    volume, spread = (rating.signals.volume, rating.signals.spread) if rating else (None, None)
    quote = listing.quote if listing else liquidity.quote_of(one.symbol) or ""
    return SymbolRow(
        words.plain(one.symbol, 60),
        None if listings is None else status(listing),
        words.plain(listing.native, 60) if listing and listing.status != "trading" else "",
        rating,
        None if volume is None else f"{volume:,.0f} {words.plain(quote, 20)}",
        None if spread is None else f"{spread * 100:.3f} %",
        moments.ago(one.created_ms),
        words.plain(one.created_by or "", 200),
    )
