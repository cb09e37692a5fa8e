"""What all streams of one exchange share, and how one of them is."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from perseus.exchanges.budget.gate import CONNECT_SECONDS, Gate
from perseus.exchanges.budget.patience import Patience
from perseus.exchanges.budget.window import Window
from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.dialect import Dialect
from perseus.exchanges.events import Listener
from perseus.exchanges.streams.quiet import Trades
from perseus.exchanges.streams.strangers import Strangers
from perseus.exchanges.wire.transport import Transport


@dataclass(frozen=True)
class Site:
    """All that streams of one exchange share. `window`: of messages, where one holds for all connections.

    `trades`: what REST says of them, None where it is not asked.
    """

    ws_url: str
    dialect: Dialect
    transport: Transport
    gate: Gate
    clock: ExchangeClock
    listener: Listener
    chance: random.Random
    strangers: Strangers
    window: Window | None = None
    trades: Trades | None = None
    patience: Patience = field(default_factory=lambda: Patience(CONNECT_SECONDS))


@dataclass(frozen=True, slots=True)
class StreamView:
    """How a stream is. `heard`: of those that are wanted, those that spoke on this connection; ages in seconds."""

    is_connected: bool
    wanted: int
    acknowledged: int
    heard: int
    connects: int
    losses: int
    rollovers: int
    duplicates: int
    age: float | None
    silent_for: float | None
    why_lost: str | None
    unknown: dict[str, int]
