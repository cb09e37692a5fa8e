"""One instance's part of an activity log, kept whole: what a failover took away is written again by who wrote it.

A replica that is promoted lacks what the old primary confirmed last. The instance still has its events of the last
minutes, so it looks whether they are there, before it writes the next one and for a while after the last.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass

from perseus.clock import Clock
from perseus.errors import PerseusError
from perseus.network.exchange import Exchange
from perseus.network.leasing.lease import Timing
from perseus.network.log.activity import ActivityLog, Entry, Fenced, Forgotten, Written
from perseus.store import Client

log = logging.getLogger(__name__)

KEPT_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry that was confirmed at that moment (elapsed seconds)."""

    at: float
    entry: Entry
    is_death: bool
    written: Written


class Continuity(ActivityLog):
    """An activity log with one writer, which remembers for two TTLs what it has written. One thread uses it."""

    def __init__(self, client: Client, exchange: Exchange, max_entries: int, timing: Timing, clock: Clock) -> None:
        super().__init__(client, exchange, max_entries)
        self._clock = clock
        self._every, self._keep = timing.heartbeat, 2 * timing.ttl
        self._kept: deque[Kept] = deque(maxlen=KEPT_MAX)
        self._last: Written | None = None
        self._sent = ""
        self._look_at: float | None = None

    def append(self, entry: Entry, *, is_death: bool = False) -> str:
        """As of any log; what the log has lost meanwhile is written again first."""
        last = None if is_death else self._last
        least = last.seq + 1 if last else 0
        self._sent = self._sent if is_death else entry.event_id
        try:
            written = self.write(entry, is_death=is_death, after=last.event_id if last else "", least_seq=least)
        except Forgotten as error:
            self._write_again(error)
            written = self.write(entry, is_death=is_death, least_seq=least)
        now = self._clock.elapsed()
        self._kept.append(Kept(now, entry, is_death, written))
        self._last = self._last if is_death else written
        self._look_at = now + self._every
        return written.stream_id

    def look_after(self, now: float) -> float | None:
        """Look, every heartbeat for two TTLs, whether the last event still is the last."""
        while self._kept and self._kept[0].at + self._keep < now:
            self._kept.popleft()
        if self._look_at is None or now < self._look_at:
            return self._look_at
        self._look_at = now + self._every if self._kept else None
        try:
            self._look()
        except PerseusError as error:
            log.debug("Whether the log of %s is whole is not known now: %s", self.exchange.name, error)
        return self._look_at

    def _look(self) -> None:
        if self._last is None or not self._kept:
            return
        event_id, token = self.latest()
        is_fenced = token.isdecimal() and int(token) > int(self._kept[-1].entry.token)
        is_whole = event_id in (self._last.event_id, self._sent)  # a store that stalled takes what it did not confirm
        if not is_whole and not is_fenced:
            self._write_again(Forgotten(self.exchange.name))

    def _write_again(self, error: Forgotten) -> None:
        """All that is remembered, in its order and under its numbers; what is there already stays as it is."""
        log.warning("%s %s", error, _again(len(self._kept)))
        for kept in self._kept:
            try:
                self.write(kept.entry, is_death=kept.is_death, least_seq=kept.written.seq)
            except Fenced:
                if not kept.is_death:
                    raise


def _again(count: int) -> str:
    """What of them is written again."""
    if count == 0:
        return "None of the last minutes is remembered here."
    if count == 1:
        return "The one that is remembered here is written again."
    return f"{count} that are remembered here are written again."
