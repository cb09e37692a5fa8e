"""Who stands between an engine and its simulated exchange, and what they may say that no exchange should."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from perseus.exchanges.wire.transport import Answer, Text, TransportError
from perseus.simulator.inprocess import Connection, InProcess

if TYPE_CHECKING:
    from tests.simulated.site import Site

DEEP = b"[" * 5_000 + b"]" * 5_000
NO_WORDS = (DEEP, b"\xff\xfe", b'{"e":[]}', b"9" * 5_000, b'{"channel":"candles","events":' + DEEP + b"}", b"")


class Between:
    """A Transport: `spoil` makes of an answer to a path what arrives, `say` says to all connections.

    `instead` gives what is answered to an address and its parameters, None: what the exchange says.
    `is_deaf`: requests are lost on their way, without a word.
    """

    def __init__(self, net: InProcess) -> None:
        self.net, self.driver = net, net.driver
        self.spoil: Callable[[str, bytes], bytes] = lambda _, body: body
        self.instead: Callable[[str, Mapping[str, str]], Answer | None] = lambda *_: None
        self.connections: list[Connection] = []
        self.is_deaf = False

    async def get(self, url: str, params: Mapping[str, str], headers: Mapping[str, str], timeout: float) -> Answer:
        if self.is_deaf:
            await asyncio.sleep(timeout)
            raise TransportError("timeout", f"{url} did not answer within {timeout:g} s")
        answer = await self.net.get(url, params, headers, timeout)
        answer = self.instead(url, params) or answer
        return Answer(answer.status, answer.headers, self.spoil(url, answer.body))

    async def connect(self, url: str, timeout: float) -> Connection:
        self.connections.append(await self.net.connect(url, timeout))
        return self.connections[-1]

    def say(self, data: bytes) -> None:
        for one in self.connections:
            if one._end is None:
                one._arrived.append(Text(data))
                one._wake()


def frame(site: Site, at_ms: int, **changes: Any) -> bytes:
    """A kline of the first symbol at that time, or candles, in the words of its exchange."""
    step = 300_000 if site.name == "coinbase" else 60_000
    open_ms, symbol = changes.pop("open_ms", at_ms // step * step), site.wanted.symbols[0]
    prices = {"open": "1", "high": "1", "low": "1", "close": "1", "volume": "1", **changes.pop("prices", {})}
    if site.name == "coinbase":
        row = {"start": str(open_ms // 1000), "product_id": symbol, **prices}
        said = {"channel": "candles", "timestamp": _iso(at_ms), "events": [{"type": "update", "candles": [row]}]}
        return json.dumps(said).encode()
    k = {"t": open_ms, "i": "1m", "n": 1, "x": changes.pop("is_closed", False), "q": "1"}
    k |= {name[0]: value for name, value in prices.items()}
    return json.dumps({"e": "kline", "E": at_ms, "s": symbol, "k": k}).encode()


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()


def frames(site: Site) -> list[bytes]:
    """All of it, at this moment: what cannot be read, and candles that cannot be."""
    now_ms = site.world.clock.now_ms()
    return [
        *NO_WORDS,
        frame(site, now_ms + 900_000),
        frame(site, now_ms + 900_000, open_ms=now_ms // 300_000 * 300_000),
        frame(site, now_ms, open_ms=(now_ms // 300_000 + 4) * 300_000),
        frame(site, now_ms, open_ms=now_ms // 300_000 * 300_000 + 1_000),
        frame(site, now_ms, prices={"high": "0.5"}),
        frame(site, now_ms, prices={"close": "0"}),
    ]
