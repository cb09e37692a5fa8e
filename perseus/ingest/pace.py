"""Which world a simulated exchange is of, and how fast its time passes: its bans and minutes are waited for by that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

import msgspec

from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.unreadable import UNREADABLE
from perseus.exchanges.wire.transport import Transport, TransportError
from perseus.ingest.feed import BegunAnew

EVERY_SECONDS = 2.0
TIMEOUT_SECONDS = 2.0
FASTEST = 1_000.0
FIRST_LOOKS = 5
"""A simulator that is busy with its own start is asked again: what it has is not to be taken for another's."""


class AnotherWorld(BegunAnew):
    """Raised where a simulator has become another one: nothing that was heard of the first is true of it."""

    def __init__(self, rest_url: str) -> None:
        super().__init__(
            f"The simulator at {rest_url} was begun anew with another seed or start: all is asked for again."
        )


class _Clock(msgspec.Struct):
    speed: float
    world: str = ""


_UNKNOWN = _Clock(1.0)


@asynccontextmanager
async def followed(clock: ExchangeClock, transport: Transport, rest_url: str, is_simulated: bool) -> AsyncIterator[str]:
    """For as long as the block lasts, and known before, where the exchange is simulated; a real one has our pace.

    Gives which world it is, '' for the real one or where it does not tell. Raises AnotherWorld once it is another.
    """
    if not is_simulated:
        yield ""
        return
    known = await _first(clock, transport, rest_url)
    owner = asyncio.current_task()
    assert owner is not None
    following = asyncio.create_task(follow(clock, transport, rest_url, known), name="pace")
    following.add_done_callback(lambda task: None if task.cancelled() else owner.cancel())
    try:
        yield known.world
    except asyncio.CancelledError:
        if following.done() and not following.cancelled() and (error := following.exception()):
            owner.uncancel()
            raise error from None
        raise
    finally:
        following.cancel()


async def follow(clock: ExchangeClock, transport: Transport, rest_url: str, known: _Clock = _UNKNOWN) -> None:
    """Ask the simulator behind `rest_url` now and then, until cancelled. While it is silent all stays as it was.

    Raises AnotherWorld.
    """
    while True:
        now = await _look(clock, transport, rest_url, known)
        if known.world and now.world != known.world:
            raise AnotherWorld(rest_url)
        known = now
        await asyncio.sleep(EVERY_SECONDS)


async def _first(clock: ExchangeClock, transport: Transport, rest_url: str) -> _Clock:
    for _ in range(FIRST_LOOKS):
        try:
            return await _asked(clock, transport, rest_url, _UNKNOWN)
        except TransportError as error:
            if error.kind != "timeout":
                break
    return _UNKNOWN


async def _look(clock: ExchangeClock, transport: Transport, rest_url: str, known: _Clock) -> _Clock:
    """What it says by now."""
    try:
        return await _asked(clock, transport, rest_url, known)
    except TransportError:
        return known


async def _asked(clock: ExchangeClock, transport: Transport, rest_url: str, known: _Clock) -> _Clock:
    parts = urlsplit(rest_url)
    url = urlunsplit((parts.scheme, parts.netloc, "/control/clock", "", ""))
    answer = await transport.get(url, {}, {}, TIMEOUT_SECONDS)
    try:
        said = msgspec.json.decode(answer.body, type=_Clock)
    except UNREADABLE:
        return known
    if not 0 < said.speed <= FASTEST:
        return known
    if said.speed != known.speed:
        clock.set_pace(said.speed)
    return said
