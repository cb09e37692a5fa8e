"""Keeps schedule and stats in the store as they are, while a warmup goes on and until its end stands there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol, TypeVar

from perseus.errors import PerseusError, StoreCorrupt, StoreUnavailable
from perseus.warmup.schedule import Schedule
from perseus.warmup.stats import Stats

log = logging.getLogger(__name__)

EVERY_SECONDS = 1.0
MEND_EVERY = 5
"""Of so many times once the schedule is read again: it may be long."""
IDLE_SECONDS = 60.0
"""So often it is looked whether the report of a warmup that is over still stands."""
LAST_SECONDS = 0.5
"""The end of a process waits no longer for its last word to stand."""

Result = TypeVar("Result")


class Kept(Protocol):
    """Where they stand: a `perseus.warmup.store.WarmupStore`."""

    def write_schedule(self, schedule: Schedule) -> list[str]: ...
    def write_stats(self, stats: Stats) -> list[str]: ...
    def mend(self) -> list[str]: ...


class Caller(Protocol):
    """Runs a call of the store where it does not stall the loop."""

    def __call__(self, work: Callable[[], Result], /) -> Awaitable[Result]: ...


class Reporter:
    """`say` is told once of what others have put in place of ours. Only a later lease's write is an error.

    `latest`: the stats as they were written last, or would have been; to be read from any thread.
    """

    def __init__(self, kept: Kept, call: Caller, say: Callable[[str], None]) -> None:
        self._kept = kept
        self._call = call
        self._say = say
        self._schedule: Schedule | None = None
        self._stats: Callable[[], Stats] | None = None
        self._wanted = asyncio.Event()
        self._told: set[str] = set()
        self.latest: Stats | None = None
        self._rounds = 0

    def begin(self, stats: Callable[[], Stats]) -> None:
        """From now on `stats()` is written every second, until it says that it has ended."""
        self._stats, self.latest = stats, stats()
        self._wanted.set()

    def again(self) -> None:
        """What was over says something else now."""
        self._wanted.set()

    def schedule(self, schedule: Schedule) -> None:
        """From now on this is the schedule."""
        self._schedule = schedule
        self._wanted.set()

    async def run(self) -> None:
        """Write until cancelled. Raises WriteFenced."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), IDLE_SECONDS)
            if await self.flush() and not self._is_going_on():
                self._wanted.clear()
            await asyncio.sleep(EVERY_SECONDS)

    async def flush(self) -> bool:
        """Write all now; False when the store is away. Raises WriteFenced."""
        schedule, self._schedule = self._schedule, None
        stats = self.latest = self._stats() if self._stats else None
        self._rounds += 1
        try:
            found = await self._call(lambda: self._write(schedule, stats))
        except StoreUnavailable:
            self._schedule = self._schedule or schedule
            return False
        except StoreCorrupt as error:
            self._say_once(str(error))
            return True
        for key in found:
            self._say_once(f"{key} had been written by something else. It was written anew.")
        return True

    async def last(self) -> None:
        """Write it within the time that an ending process has, if that can be done."""
        try:
            async with asyncio.timeout(LAST_SECONDS):
                await self.flush()
        except (PerseusError, TimeoutError) as error:
            log.info("The end of the warmup could not be written, and is told as interrupted: %s", error or "no answer")

    def _is_going_on(self) -> bool:
        return self._schedule is not None or (self._stats is not None and self._stats().is_at_work)

    def _write(self, schedule: Schedule | None, stats: Stats | None) -> list[str]:
        found: list[str] = []
        if schedule is not None:
            found += self._kept.write_schedule(schedule)
        elif not self._wanted.is_set() or self._rounds % MEND_EVERY == 0:
            found += self._kept.mend()
        if stats is not None:
            found += self._kept.write_stats(stats)
        return found

    def _say_once(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._say(text)
