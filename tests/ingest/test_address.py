"""How a feed gets to know under which address the exchange sees this host: it has a budget of its own."""

from __future__ import annotations

import asyncio
import threading
import time
from types import SimpleNamespace
from typing import Any

from perseus.exchanges.endpoints import Endpoints
from perseus.ingest.engine.wanted import Wanted
from perseus.ingest.exchangefeed import ADDRESS_SECONDS, UNKNOWN_ADDRESS, ExchangeFeed, Source
from perseus.market.timeframes import Timeframe
from perseus.network.exchange import Exchange

FRAMES = ("1m",)


def address(ip_address: str | None, sought: threading.Event) -> str:
    """That of a feed whose instance knows this."""
    about = SimpleNamespace(ip_address=ip_address)
    exchange = Exchange(2, "binance", "Binance")
    instance: Any = SimpleNamespace(exchange=exchange, status=lambda: about, ip_sought=sought)
    endpoints = Endpoints.simulated("binance", "http://127.0.0.1:1", FRAMES)
    source = Source(endpoints, Wanted(("BTCUSDT",), tuple(map(Timeframe.parse, FRAMES))), is_simulated=False)
    client: Any = None
    return asyncio.run(ExchangeFeed(instance, source, client)._address())


def test_one_that_is_known_is_taken() -> None:
    assert address("192.0.2.7", threading.Event()) == "192.0.2.7"


def test_one_that_nobody_says_is_waited_for_no_longer_than_it_is_sought() -> None:
    sought = threading.Event()
    sought.set()
    began = time.monotonic()
    assert address(None, sought) == UNKNOWN_ADDRESS
    assert time.monotonic() - began < ADDRESS_SECONDS / 5
