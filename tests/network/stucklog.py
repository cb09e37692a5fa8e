"""Logs of the store in which a state has its usual time, for tests of what lasts longer."""

from __future__ import annotations

from dataclasses import replace

from perseus import keys
from perseus.network.exchange import Exchange
from perseus.network.states import State
from perseus.network.view.directory import ExchangeStatus
from perseus.store import Client
from tests.web.views import live

MINUTE, HOUR = 60_000, 3_600_000


def now(client: Client) -> int:
    """The store's Unix milliseconds."""
    seconds, micros = client.time()
    return int(seconds) * 1000 + int(micros) // 1000


def six_runs(client: Client, exchange: Exchange, now_ms: int) -> None:
    """Two minutes of warming in each of the last six hours."""
    for hours in range(6, 0, -1):
        for after_ms, state in ((0, "warming"), (2 * MINUTE, "active")):
            client.xadd(
                keys.activity(exchange.name),
                {"event": "state_transition", "toState": state},
                id=f"{now_ms - hours * HOUR + after_ms}-0",
            )


def warming(exchange: Exchange, now_ms: int, for_ms: int) -> ExchangeStatus:
    """A live instance that has been warming for so long."""
    return replace(live(exchange, State.WARMING), since_ms=now_ms - for_ms)
