"""Rights of the store's user that shrink while all runs: looked for by who shows the store, as the doctor looks."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import redis

from perseus.clock import Clock, SystemClock
from perseus.doctor import rights
from perseus.doctor.servers import SCRATCH, scratch, written
from perseus.errors import StoreRefused, StoreUnavailable
from perseus.network.view.refusing import Refusing
from perseus.store import Client, answers, at, where
from perseus.store.cluster import Cluster
from perseus.store.refusal import NO_RIGHT

LOOK_SECONDS = 15.0
NAME = "perseus-rights"
MACHINE = SystemClock()

log = logging.getLogger(__name__)


class Lacking:
    """Call it for each primary that withholds rights: tried every 15 s at most, and at once after `doubt`.

    Of a store that does not answer, what was known stands: that it is silent is told by who asks it for more.
    """

    def __init__(self, client: Client, url: str, timeout: float, clock: Clock = MACHINE) -> None:
        self._client = client
        self._url = url
        self._timeout = timeout
        self._clock = clock
        self._trying = threading.Lock()
        self._tried_at: float | None = None
        self._known: tuple[Refusing, ...] = ()

    def __call__(self) -> tuple[Refusing, ...]:
        if self._is_old() and self._trying.acquire(blocking=self._tried_at is None):
            try:
                if self._is_old():
                    self._try()
            finally:
                self._trying.release()
        return self._known

    def doubt(self) -> None:
        """Try at the next call: the store has just denied somebody something."""
        self._tried_at = None

    def _is_old(self) -> bool:
        tried_at = self._tried_at
        return tried_at is None or self._clock.elapsed() - tried_at >= LOOK_SECONDS

    def _try(self) -> None:
        self._tried_at = self._clock.elapsed()
        try:
            with answers(self._client):
                self._known = tuple(self._found())
        except (StoreUnavailable, StoreRefused) as error:
            log.debug("rights were not tried: %s", error)

    def _found(self) -> Iterator[Refusing]:
        if not isinstance(self._client, Cluster):
            yield from _of(self._client, where(self._client), SCRATCH, is_all=True)
            return
        layout = self._client.layout()
        for place in layout.primaries:
            with at(self._url, place, timeout=self._timeout, name=NAME) as node:
                yield from _of(node, written(place), scratch(layout, place), is_all=len(layout.primaries) == 1)


def _of(client: redis.Redis, place: str, key: str, *, is_all: bool) -> Iterator[Refusing]:
    _, lacks = rights.tried(client, key, channel=False)
    if lacks:
        yield Refusing(place, NO_RIGHT, is_all=is_all, lacks=lacks)
