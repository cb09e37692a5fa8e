"""How fast the time of a simulated exchange passes: its bans and minutes are waited for by that, not by ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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


@asynccontextmanager
async def followed(
    clock: ExchangeClock, transport: Transport, rest_url: str, is_simulated: bool
) -> AsyncIterator[None]:
    """For as long as the block lasts, and known before, where the exchange is simulated; a real one has our pace."""
    if not is_simulated:
        yield
        return
    known = await _look(clock, transport, rest_url, 1.0)
    following = asyncio.create_task(follow(clock, transport, rest_url, known), name="pace")
    try:
        yield
    finally:
        following.cancel()


async def follow(clock: ExchangeClock, transport: Transport, rest_url: str, known: float = 1.0) -> None:
    """Ask the simulator behind `rest_url` now and then, until cancelled. While it is silent all stays as it was."""
    while True:
        known = await _look(clock, transport, rest_url, known)
        await asyncio.sleep(EVERY_SECONDS)


async def _look(clock: ExchangeClock, transport: Transport, rest_url: str, known: float) -> float:
    """The speed by now."""
    parts = urlsplit(rest_url)
    url = urlunsplit((parts.scheme, parts.netloc, "/control/clock", "", ""))
    try:
        answer = await transport.get(url, {}, {}, TIMEOUT_SECONDS)
        speed = msgspec.json.decode(answer.body, type=_Clock).speed
    except (TransportError, *UNREADABLE):
        return known
    if speed == known or not 0 < speed <= FASTEST:
        return known
    clock.set_pace(speed)
    return speed
