"""The past sent again: how far it is stands in the state of the destination, so that no end of a process loses it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from perseus.network.exchange import Exchange
from perseus.network.log.activity import Event
from perseus.notify.lanes.inbox import Inbox
from perseus.notify.told.records import STREAM_ID
from perseus.notify.told.standing import Mark
from perseus.store import Client


class Replay:
    """From `from_ms` up to the marks that held when it was ordered: what comes later is sent anyway."""

    def __init__(self, client: Client, from_ms: int, until: Mapping[str, Mark], done: Mapping[str, Mark]) -> None:
        self.from_ms = from_ms
        self._until = dict(until)
        self._inbox = Inbox(client, from_ms, done, until)
        self._inbox.heard(until)

    @classmethod
    def read(cls, client: Client, text: str) -> Replay | None:
        """One that an earlier holder began; None for none, and for junk."""
        try:
            raw = json.loads(text)
            until, done = ({str(name): _mark(at) for name, at in raw[part].items()} for part in ("until", "done"))
            return cls(client, int(raw["from"]), until, done)
        except (ValueError, TypeError, KeyError, AttributeError):
            return None

    def pending(self, exchanges: Sequence[Exchange]) -> Mapping[str, Sequence[Event]]:
        """What is still to be sent. Raises StoreUnavailable, StoreRefused."""
        self._inbox.read(exchanges)
        return self._inbox.pending

    def settle(self, settled: Mapping[str, Event]) -> None:
        """These have been sent again."""
        self._inbox.settle(settled)

    def text(self, settled: Mapping[str, Event]) -> str:
        """As it stands in the store once these are settled too."""
        done = {name: mark.stream_id for name, mark in self._inbox.marks.items()}
        done |= {name: event.stream_id for name, event in settled.items()}
        until = {name: mark.stream_id for name, mark in self._until.items()}
        return json.dumps({"from": self.from_ms, "until": until, "done": done})


def _mark(stream_id: object) -> Mark:
    if not STREAM_ID.fullmatch(str(stream_id)):
        raise ValueError(f"{stream_id!r} is no stream id")
    return Mark(str(stream_id), None)
