"""An ingest process of a fake network: it lives, beats, works and dies when a test says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

from perseus.clock import iso
from perseus.network.exchange import Exchange
from perseus.network.leasing.claims import Death
from perseus.network.log import activity
from perseus.network.payload import InstanceStatus
from perseus.network.states import OFFLINE, State, check
from perseus.testing import samples
from perseus.testing.clock import FakeClock
from perseus.testing.logbook import Logbook

HEARTBEAT_MS = 15_000
TTL_MS = 45_000
GRACE_MS = 500
#: The way to each state of work, as an instance walks it.
WAY = (State.IDLE, State.STARTING, State.WARMING, State.ACTIVE)


class FakeNode:
    """One exchange and the process that holds it. Each call gives the node, so that calls read as a sentence.

    `settled()` is called after each change: messages are on their way then.
    """

    def __init__(self, exchange: Exchange, log: Logbook, clock: FakeClock, settled: Callable[[], object]) -> None:
        self.exchange = exchange
        self.hostname = "feed-1"
        self._log = log
        self._clock = clock
        self._settled = settled
        self._state = State.IDLE
        self._is_alive = False
        self._token = clock.wall_ms() * 1000 + exchange.id
        self._beat_ms = 0
        self._death: Death | None = None

    @property
    def state(self) -> str:
        """What it said of itself last; `offline` once that is written down."""
        return OFFLINE if self._death is not None else self._state

    def start(self) -> Self:
        """Begin a new process: idle to starting, 'back online' after a death. Raises RuntimeError while one lives."""
        if self._is_alive:
            raise RuntimeError(f"{self.exchange.name} runs already: kill() or stop() it first")
        if self._state is not State.STOPPED and self._beat_ms and self._death is None:
            self.lose("restarted")
        self._is_alive, self._state = True, State.IDLE
        self._token += 1
        self._beat_ms = self._clock.wall_ms()
        down_ms = self._clock.wall_ms() - self._death.offline_ms if self._death else None
        self._death = None
        return self._step(State.STARTING, "start", down_ms)

    def warming(self) -> Self:
        """Walk on to warming."""
        return self._walk(State.WARMING)

    def active(self) -> Self:
        """Walk on to active."""
        return self._walk(State.ACTIVE)

    def error(self, text: str, count: int = 1) -> Self:
        """Report an error, or so many repeats of one."""
        return self._write(activity.error(self.status(), self._clock.wall_ms(), text, count))

    def stop(self, reason: str = "asked to stop") -> Self:
        """End in order: stopping, stopped, the lease released."""
        self._step(State.STOPPING, reason)
        self._step(State.STOPPED, reason)
        self._is_alive = False
        return self

    def kill(self) -> Self:
        """End as by `kill -9`: nothing is written; the lease ends up to 45 s later, and a watcher writes that down."""
        self._is_alive = False
        return self

    def status(self) -> InstanceStatus:
        """Its payload."""
        return samples.status(
            self.exchange.name,
            self._state,
            exchange_id=self.exchange.id,
            fencing_token=str(self._token),
            hostname=self.hostname,
            last_heartbeat=iso(self._beat_ms),
        )

    def beat(self, now_ms: int) -> None:
        """Renew the lease when that is due. Called for each second in which the store is there."""
        if self._is_alive and now_ms >= self._beat_ms + HEARTBEAT_MS:
            self._beat_ms = now_ms

    def is_lost(self, now_ms: int) -> bool:
        """Has its lease ended, unreleased, and nobody has written that down?"""
        is_over = self._state not in (State.IDLE, State.STOPPED) and now_ms >= self._beat_ms + TTL_MS + GRACE_MS
        return is_over and not self._is_alive and self._death is None

    def lose(self, reason: str = "lease_expired") -> None:
        """Write its death down, as a watcher or the next holder does."""
        ends_ms = self._beat_ms + (TTL_MS if reason == "lease_expired" else 0)
        self._death = Death(str(self._token), ends_ms, self.status().to_json(), reason)
        self._write(activity.death(self.exchange, self._death, self._clock.wall_ms()))

    def _walk(self, to: State) -> Self:
        for state in WAY[WAY.index(self._state) + 1 : WAY.index(to) + 1] if self._state in WAY else ():
            self._step(state, "the feed is warm" if state is State.ACTIVE else "the feed connects")
        check(self.exchange.name, self._state, to) if self._state is not to else None
        return self

    def _step(self, to: State, reason: str, down_ms: int | None = None) -> Self:
        if not self._is_alive:
            raise RuntimeError(f"{self.exchange.name} does not run: start() it first")
        check(self.exchange.name, self._state, to)
        entry = activity.transition(self.status(), self._clock.wall_ms(), self._state, to, reason, down_ms)
        self._state = to
        return self._write(entry)

    def _write(self, entry: activity.Entry) -> Self:
        self._log.write(self.exchange, entry)
        self._settled()
        return self
