"""The lease of one destination: any number of dispatchers may want it, one has it, and only that one writes."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import uuid4

from perseus import keys
from perseus.notify.lanes.commit import PARTS, Commit
from perseus.store import Client, Script

log = logging.getLogger(__name__)

SENT_KEPT = 100
SUSPECTS_MAX = 500


class NotHeld(Exception):
    """Raised by writes once the destination is no longer ours: whoever has it now has all that was written."""


@dataclass(frozen=True, slots=True)
class Flight:
    """A message that was noted down as being sent.

    `flights`: how often it was begun without an outcome, this time included; `at_ms`: when, by the store.
    """

    flights: int
    at_ms: int


class Holding:
    """One destination's lease as one worker sees it. Safe on any thread. `life_ms`: of a lease that is not renewed.

    Every call but `owner` is one round trip and raises StoreUnavailable, StoreRefused, StoreCorrupt.
    """

    def __init__(self, client: Client, destination: str, worker: str, life_ms: int) -> None:
        self.destination = destination
        self.worker = worker
        self._life_ms = life_ms
        self._keys = [keys.destination(destination, part) for part in PARTS]
        self._hold = Script(client, "hold", "perseus.notify")
        self._begin = Script(client, "begin", "perseus.notify")
        self._commit = Script(client, "commit", "perseus.notify")
        self._lock = threading.Lock()
        self._token: int | None = None
        self._turn = 0

    @property
    def turn(self) -> int:
        """How often it was taken: what was known in an earlier turn may have changed since."""
        return self._turn

    @property
    def token(self) -> int | None:
        """Number of our lease, None while it is not ours as far as we know."""
        return self._token

    @property
    def owner(self) -> str | None:
        """What stands in the lease while it is ours."""
        return None if self._token is None else f"{self.worker} {self._token}"

    def keep(self) -> bool:
        """Take the lease when it is free, renew it when it is ours. Is it ours now?"""
        with self._lock:
            answer, value = self._hold([self._key("lease"), self._key("token")], [self.worker, self._life_ms])
            self._turn += answer == "ANEW"
            self._token = None if answer == "TAKEN" else int(value)
            return self._token is not None

    def release(self) -> None:
        """Give it back, if it is ours."""
        with self._lock:
            if self._token is not None:
                gone = Commit()
                gone.add("DEL", "lease")
                self._commit(self._keys, [self.owner or "", "", *gone.arguments])
            self._token = None

    def leave(self, commit: Commit) -> None:
        """Carry out a last commit and give the lease back with it: nothing of ours is written after. Raises NotHeld."""
        with self._lock:
            commit.add("DEL", "lease")
            self.write(commit)
            self._token = None

    def begin(self, message: str, events: Sequence[str], attempt: int, suspects: Iterable[str]) -> Flight:
        """Note down a message as being sent, and renew the lease. Raises NotHeld.

        `suspects`: names of events that may have arrived before, kept for a next holder.
        """
        kept = " ".join(sorted(suspects)[:SUSPECTS_MAX])
        args: list[str | int | float] = [self._life_ms, uuid4().hex, message, json.dumps(list(events)), attempt]
        found = self._begin(
            [self._key(part) for part in ("lease", "inflight", "sent")],
            [self._owner(), *args, self.worker, kept, SENT_KEPT],
        )
        if found[0] == "LOST":
            self._lost()
        return Flight(int(found[1]), int(found[2]))

    def write(self, commit: Commit) -> None:
        """Carry out a commit, once, however often it is asked for. Raises NotHeld."""
        if commit and self._commit(self._keys, [self._owner(), commit.mark, *commit.arguments])[0] == "LOST":
            self._lost()

    def _owner(self) -> str:
        if self._token is None:
            raise NotHeld(self.destination)
        return self.owner or ""

    def _lost(self) -> None:
        self._token = None
        raise NotHeld(self.destination)

    def _key(self, part: str) -> str:
        return self._keys[PARTS.index(part)]
