"""How fast the time of a simulated exchange passes: its bans and minutes are waited for by that, not by ours."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit, urlunsplit

import msgspec

from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.unreadable import UNREADABLE
from perseus.exchanges.wire.transport import Transport, TransportError

EVERY_SECONDS = 2.0
TIMEOUT_SECONDS = 2.0
FASTEST = 1_000.0


class _Clock(msgspec.Struct):
    speed: float


async def follow(clock: ExchangeClock, transport: Transport, rest_url: str) -> None:
    """Ask the simulator behind `rest_url` now and then, until cancelled. While it is silent all stays as it was."""
    parts = urlsplit(rest_url)
    url, known = urlunsplit((parts.scheme, parts.netloc, "/control/clock", "", "")), 1.0
    while True:
        try:
            answer = await transport.get(url, {}, {}, TIMEOUT_SECONDS)
            speed = msgspec.json.decode(answer.body, type=_Clock).speed
        except (TransportError, *UNREADABLE):
            speed = known
        if speed != known and 0 < speed <= FASTEST:
            known = speed
            clock.set_pace(speed)
        await asyncio.sleep(EVERY_SECONDS)
