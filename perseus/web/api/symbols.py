"""The JSON API of watched symbols."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from perseus import clock
from perseus.db import userexchanges, watched
from perseus.errors import UnknownExchange
from perseus.web.parameters import query
from perseus.web.setup import listed, symbolrows
from perseus.web.site import access, commanding

routes = Blueprint("symbolsapi", __name__, url_prefix="/api/network/exchanges")


@routes.get("/<int:exchange_id>/symbols")
def symbols(exchange_id: int) -> Response:
    """What is watched of an exchange, by rank. `listedAt`: when the exchange said what `status` rests on."""
    query(())
    here, commands = access(), commanding()
    every = userexchanges.offered(here.database_url)
    exchange = next((one.exchange for one in every if one.exchange.id == exchange_id), None)
    if exchange is None:
        named = tuple(f"{one.exchange.id} ({one.exchange.name})" for one in every)
        raise UnknownExchange(str(exchange_id), named)
    lists = listed.kept(commands, exchange)
    known = None if lists.at_ms is None else lists.listings
    rows = symbolrows.rows(commands.client, exchange, watched.watched(here.database_url, exchange), known)
    return jsonify(
        exchangeId=exchange.id,
        exchangeName=exchange.name,
        listedAt=None if lists.at_ms is None else clock.iso(lists.at_ms),
        symbols=[symbolrows.document(row) for row in rows],
    )
