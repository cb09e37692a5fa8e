"""Where a drill takes place: its exchange, its times, its contenders, and the eyes on the store."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from uuid import uuid4

from perseus import keys
from perseus.clock import SystemClock
from perseus.drill import leftover
from perseus.drill.practice import PRACTICE_ID
from perseus.drill.runner import Runner
from perseus.errors import PerseusError
from perseus.network.exchange import Exchange
from perseus.network.log.activity import RETENTION_MS
from perseus.network.view.directory import Directory
from perseus.settings import Settings, check_timing
from perseus.store import Client, answers

SHORT = {
    "heartbeat_seconds": 1.2,
    "ttl_seconds": 4.0,
    "margin_seconds": 1.5,
    "stop_seconds": 1.0,
    "retry_seconds": 0.3,
    "store_timeout_seconds": 0.5,
}
TIMES = (*SHORT, "settle_seconds", "store_wait_seconds")
LOOK = 0.02
SPARE = 15.0
CLOCK = SystemClock()


def short(settings: Settings) -> Settings:
    """The settings of the site with a lease of 4 s. Its settle time stays."""
    made = settings.model_copy(update=SHORT)
    check_timing(made)
    return made


@dataclass(frozen=True, slots=True)
class Stage:
    """`settings` are those of the contenders, `client` is the drill's own.

    `mark`: how the names of the contenders' connections begin, by which they are told from those of another drill.
    """

    exchange: Exchange
    settings: Settings
    url: str
    client: Client
    folder: Path
    mark: str = field(default_factory=lambda: f"drill-{uuid4().hex[:8]}-")
    _runners: list[Runner] = field(default_factory=list)

    @property
    def patience(self) -> float:
        """Seconds in which a claim must be granted and valid: a lease, a settle time, a hold-off."""
        return 2 * self.settings.ttl_seconds + self.settings.settle_seconds + SPARE

    def contender(self, name: str, cable: int | None = None) -> Runner:
        """One more, to be started as a block."""
        number = sum(1 for _ in self.folder.iterdir()) if self.folder.exists() else 0
        runner = Runner(name, self.exchange, self.folder / f"{number}-{name}", self._environ(), cable, self.mark)
        self._runners.append(runner)
        return runner

    def prepare(self) -> None:
        """Have the keys of a practice exchange there, each with its end, so that a killed drill leaves none for ever.

        Raises StoreUnavailable, StoreRefused.
        """
        if self.exchange.id != PRACTICE_ID:
            return
        last, log, meta = self._keys()
        with answers(self.client):
            pipeline = self.client.pipeline(transaction=False)
            pipeline.hset(last, "practice", "1")
            pipeline.hsetnx(meta, "seq", "0")
            if not self.client.exists(log):
                pipeline.xadd(log, {"event": "practice"})
                pipeline.xtrim(log, maxlen=0, approximate=False)
            for key in (last, log, meta):
                pipeline.pexpire(key, RETENTION_MS)
            pipeline.execute()

    def require_store(self) -> None:
        """Raise StoreUnavailable, StoreRefused when what went wrong is that the store does not answer."""
        with answers(self.client):
            self.client.exists(keys.status(self.exchange.id))

    def clear(self) -> None:
        """Have the store forget a practice exchange as it forgets events, and free it. All contenders have ended.

        Raises StoreUnavailable, StoreRefused, StoreCorrupt.
        """
        if self.exchange.id != PRACTICE_ID:
            return
        pids = {runner.pid for runner in self._runners if runner.pid is not None}
        leftover.clear(self.client, self.exchange.id, self.settings, self.mark, pids)
        with answers(self.client):
            for key in self._keys():
                self.client.pexpire(key, RETENTION_MS)

    def _keys(self) -> tuple[str, str, str]:
        """Last record, log and its bookkeeping."""
        name, id_ = self.exchange.name, self.exchange.id
        return keys.last_record(id_), keys.activity(name), keys.activity_meta(name)

    def _environ(self) -> Mapping[str, str]:
        times = {f"PERSEUS_{name.upper()}": str(getattr(self.settings, name)) for name in TIMES}
        return {**os.environ, **times, "PERSEUS_REDIS_URL": self.url, "PERSEUS_LOG_LEVEL": "warning"}


@dataclass(frozen=True, slots=True)
class Seen:
    """What a reader saw: at which elapsed second, which instance (None: none), and how old its heartbeat was."""

    at: float
    instance: str | None
    age: float | None


class Lookout:
    """Reads the exchange as the Network page does, fifty times a second, while the block lasts."""

    def __init__(self, stage: Stage) -> None:
        self._directory = Directory(stage.client, lambda: (stage.exchange,))
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="drill", daemon=True)
        self.seen: list[Seen] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join(10)

    def gone(self, instance: str, after: float) -> float | None:
        """When a reader first saw, after that moment, that this instance does not serve the exchange any more."""
        return next((seen.at for seen in list(self.seen) if seen.at > after and seen.instance != instance), None)

    def served(self, after: float) -> Seen | None:
        """The first sight of an instance whose heartbeat was answered after that moment."""
        return next((seen for seen in list(self.seen) if seen.age is not None and seen.at - seen.age > after), None)

    def _run(self) -> None:
        while not self._ending.wait(LOOK):
            at = CLOCK.elapsed()
            try:
                view = self._directory.view(1)
            except PerseusError:
                continue
            if view.store.answers:
                status = view.exchanges[0]
                holder = status.status.instance_id if status.live and status.status else None
                age = None if holder is None or status.heartbeat_age_ms is None else status.heartbeat_age_ms / 1000
                self.seen.append(Seen(at, holder, age))
