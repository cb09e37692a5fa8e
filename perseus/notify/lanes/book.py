"""The state of one destination as it stands in the store, so that only what has changed is written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from perseus.network.log.activity import Event
from perseus.notify.delivery import Delivery
from perseus.notify.lanes.breaker import Breaker
from perseus.notify.lanes.commit import Commit
from perseus.notify.lanes.position import number
from perseus.notify.outcomes import Outcome
from perseus.notify.told.standing import Mark

FRESH_MS = 10_000
HELD_MAX = 100


class Book:
    """Gathers fields of `:state`. `written`: those that stand there."""

    def __init__(self, written: Mapping[str, str]) -> None:
        self._written = dict(written)
        self._now: dict[str, str] = {}

    def put(self, **fields: str) -> dict[str, str]:
        """These are so now. Gives those of them that stand otherwise in the store."""
        self._now |= fields
        return {name: self._written[name] for name, text in fields.items() if self._written.get(name, text) != text}

    def breaker(self, breaker: Breaker) -> None:
        """How the breaker is."""
        self._now |= breaker.fields()

    def attempt(self, delivery: Delivery) -> None:
        """What came of the last attempt."""
        at = str(delivery.at_ms)
        self.put(lastOutcome=delivery.outcome, lastReason=delivery.reason or "", lastAt=at)
        self.put(lastTookMs=str(delivery.took_ms))
        if delivery.outcome is Outcome.DONE:
            self.put(lastOkAt=at)

    def queue(self, pending: Mapping[str, Sequence[Event]], newest: Mapping[str, Mark]) -> None:
        """What is still to be settled: counted by the numbers of events, where those are known."""
        counts = [_behind(events, newest.get(name)) for name, events in pending.items()]
        oldest = min((events[0].at_ms for events in pending.values()), default=None)
        self.put(queued=str(sum(counts)), oldestAt="" if oldest is None else str(oldest))

    def held(self, held: Mapping[str, str]) -> None:
        """Why events wait, by name."""
        self.put(held=json.dumps(dict(list(held.items())[:HELD_MAX])) if held else "")

    def write(self, commit: Commit, now_ms: int, *, is_urgent: bool = True) -> None:
        """Add to the commit what has changed. Not `is_urgent`: only when something has, or nothing was for 10 s."""
        changed = {name: text for name, text in self._now.items() if self._written.get(name) != text}
        written_ms = int(self._written.get("updatedAt") or 0)
        if not changed and not is_urgent and 0 <= now_ms - written_ms < FRESH_MS:
            return
        commit.state({**changed, "updatedAt": str(now_ms)})
        self._written |= {**changed, "updatedAt": str(now_ms)}


def _behind(pending: Sequence[Event], newest: Mark | None) -> int:
    first = number(pending[0].fields.get("seq"))
    if newest is None or newest.seq is None or first is None:
        return len(pending)
    return max(len(pending), newest.seq - first + 1)
