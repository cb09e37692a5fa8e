"""Exchanges that somebody holds, for tests of pages on a real store: a live lease, and its process among the hosts."""

from __future__ import annotations

from typing import Any

from perseus import keys
from perseus.clock import iso
from perseus.network.exchange import Exchange
from perseus.network.states import State
from perseus.store import Client, now_ms
from tests.web.hosting import report
from tests.web.views import payload

HOLDER = "holder-1-4711-0a1b2c3d"
COINBASE, BINANCE = Exchange(1, "coinbase", "Coinbase Advanced Trade"), Exchange(2, "binance", "Binance")


def hold(
    client: Client,
    exchange: Exchange = COINBASE,
    *,
    target: str | None = HOLDER,
    reports: bool = True,
    state: State = State.ACTIVE,
    pause: dict[str, str] | None = None,
    **changes: Any,
) -> str:
    """Its lease, held for 40 s more. `target`: under which it takes commands; gives the instance id."""
    now = now_ms(client, keys.status(exchange.id))
    fields = {"target": target, **(pause or {})} if target else {}
    told = payload(exchange, now, connection_state=state, last_state_change=iso(now - 60_000), fields=fields, **changes)
    client.set(keys.status(exchange.id), told.to_json(), px=40_000)
    if target and reports:
        report(
            client,
            target,
            "serving",
            exchangeId=exchange.id,
            exchangeName=exchange.name,
            instanceId=told.instance_id,
            doing=state.value,
        )
    return told.instance_id


def free(client: Client, exchange: Exchange = COINBASE) -> None:
    """Nobody holds it any more."""
    client.delete(keys.status(exchange.id))
