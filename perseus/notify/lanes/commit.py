"""What is to be written of one destination, gathered so that it is written in one step or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from uuid import uuid4

from perseus.network.log.activity import Event
from perseus.notify.delivery import Delivery
from perseus.notify.notification import Notification
from perseus.notify.planning.memory import Memory
from perseus.notify.planning.steps import Decision, Verdict

PARTS = ("lease", "state", "cursor", "memory", "inflight", "not_before", "sent", "history", "dead", "orders", "token")
HISTORY_MAX = 10_000
DEAD_MAX = 1_000
EVENTS_MAX = 200
TOLD = (Verdict.SEND, Verdict.MERGE)


class Commit:
    """Commands on the keys of one destination, in order. Empty is False. `mark` makes its repeat a no-op."""

    def __init__(self) -> None:
        self.mark = uuid4().hex
        self.arguments: list[str | int] = []

    def __bool__(self) -> bool:
        return bool(self.arguments)

    def add(self, command: str, part: str, *arguments: str | int) -> None:
        """One more command on that part of the destination's keys."""
        self.arguments += [command, PARTS.index(part) + 1, len(arguments), *arguments]

    def cursor(self, settled: Mapping[str, Event]) -> None:
        """These are the last events that are settled, by exchange name."""
        self.places({name: place(event) for name, event in settled.items()})

    def places(self, places: Mapping[str, str]) -> None:
        """Fields of `:cursor`."""
        if places:
            self.add("HSET", "cursor", *_flat(places))

    def memories(self, memories: Mapping[str, Memory]) -> None:
        """What is remembered now, by exchange name."""
        if memories:
            texts = {name: memory.model_dump_json(exclude_defaults=True) for name, memory in memories.items()}
            self.add("HSET", "memory", *_flat(texts))

    def state(self, fields: Mapping[str, str]) -> None:
        """Fields of `:state`."""
        if fields:
            self.add("HSET", "state", *_flat(fields))

    def history(self, fields: Mapping[str, str]) -> None:
        """One entry of `:history`."""
        self.add("XADD", "history", "MAXLEN", "=", HISTORY_MAX, "*", *_flat(fields))

    def decisions(self, decisions: Iterable[Decision], notification: str, worker: str) -> None:
        """What was decided; `notification`: id of the message that tells it, '' for none."""
        for one in decisions:
            told = notification if one.verdict in TOLD else ""
            fields = {"event": one.event, "verdict": one.verdict, "why": one.why, "detail": one.detail}
            self.history({"what": "decision", **fields, "notification": told, "worker": worker})

    def attempt(self, delivery: Delivery) -> None:
        """One attempt."""
        self.history({"what": "attempt", **_attempt(delivery)})

    def dead(self, delivery: Delivery, message: Notification) -> None:
        """One message that is given up."""
        told = _attempt(delivery)
        fields = {name: told[name] for name in ("notification", "title", "events", "reason", "status")}
        fields |= {"attempts": str(delivery.attempt), "message": message.to_json()}
        self.add("XADD", "dead", "MAXLEN", "=", DEAD_MAX, "*", *_flat(fields))


def forgetting() -> Commit:
    """After a destination was deleted: nothing of it stays, and one that gets its id later begins anew."""
    commit = Commit()
    commit.mark = ""
    for part in PARTS:
        if part not in ("lease", "token"):
            commit.add("DEL", part)
    return commit


def place(event: Event) -> str:
    """A position in a log as the cursor holds it: stream id and number, '' for an unknown one."""
    seq = event.fields.get("seq", "")
    return f"{event.stream_id} {seq if seq.isdecimal() else ''}"


def _attempt(delivery: Delivery) -> dict[str, str]:
    return {
        "notification": delivery.notification,
        "kind": delivery.kind,
        "title": delivery.title,
        "events": json.dumps(delivery.events[:EVENTS_MAX]),
        "outcome": delivery.outcome,
        "reason": delivery.reason or "",
        "status": "" if delivery.status is None else str(delivery.status),
        "attempt": str(delivery.attempt),
        "tookMs": str(delivery.took_ms),
        "ref": delivery.ref or "",
        "url": delivery.url or "",
        "repeat": "1" if delivery.is_repeat else "",
        "drill": "1" if delivery.is_drill else "",
        "worker": delivery.worker,
    }


def _flat(fields: Mapping[str, str]) -> list[str]:
    return [part for pair in fields.items() for part in pair]
