"""A client on virtual time whose traffic is recorded, and one that meets the recording again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from perseus.exchanges.recordings.recorder import RecordedTransport, Recorder
from perseus.exchanges.recordings.recording import Recording
from perseus.exchanges.recordings.ring import Ring
from perseus.simulator.clock import VirtualClock
from perseus.simulator.faults.fault import Fault
from perseus.simulator.replay.tape import Tape
from perseus.simulator.scenario import Scenario
from tests.simulated.site import START_MS, Site

WALL_MS = START_MS - 7_000
"""By the host that records, whose clock is wrong."""


@dataclass
class LoopClock:
    """A clock that goes with the loop."""

    loop: asyncio.AbstractEventLoop
    began: float

    def elapsed(self) -> float:
        return self.loop.time()

    def wall_ms(self) -> int:
        return WALL_MS + round((self.loop.time() - self.began) * 1000)


def recorder(folder: Path, exchange: str, most: int = 50_000_000) -> Recorder:
    loop = asyncio.get_running_loop()
    return Recorder(Ring(folder, most, exchange, 1), LoopClock(loop, loop.time()))


async def recorded(
    folder: Path, name: str, symbols: Sequence[str], frames: Sequence[str], faults: Sequence[Fault], seconds: float
) -> Site:
    """A site that took in so many seconds, with its traffic in `folder`."""
    site = Site(name, symbols, frames, faults=faults)
    taking = recorder(folder, name)
    site._net = RecordedTransport(site._net, taking)  # type: ignore[assignment]
    await site.begin()
    await site.pass_time(seconds)
    await site.stop()
    taking.close()
    return site


def met(name: str, symbols: Sequence[str], frames: Sequence[str], *paths: Path) -> Site:
    """A site whose exchange is the recording, on a day that is that of the recording."""
    tape = Tape.of(Recording(*paths))
    clock = VirtualClock(asyncio.get_running_loop().time, tape.start_ms + (tape.skew_ms or 0))
    world = Scenario(recordings=paths).world(clock)
    return Site(name, symbols, frames, world=world)


def kinds(path: Path) -> list[str]:
    return [type(entry).__name__ for entry in Recording(path).entries()]
