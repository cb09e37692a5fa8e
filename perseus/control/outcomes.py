"""What came of a command, as values and as the text in the store. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

TEXT_MAX = 2_000


class Status(StrEnum):
    """How far a command has come. Only ACCEPTED and RUNNING are not final.

    FAILED: it was tried; REFUSED: it was not; CANCELLED: a stop or another person ended it; EXPIRED: nobody took it in
    time.
    """

    ACCEPTED = "accepted"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


OPEN = (Status.ACCEPTED, Status.RUNNING)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`step`: what it is at, for people; `text`: what came of it, for people; `percent`: of the whole, None unknown.

    Times: Unix milliseconds of the store.
    """

    id: str
    kind: str
    target: str
    status: Status
    at_ms: int
    started_ms: int
    ended_ms: int | None = None
    step: str | None = None
    text: str | None = None
    percent: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_final(self) -> bool:
        """Will it stay as it is?"""
        return self.status not in OPEN

    def as_dict(self) -> dict[str, Any]:
        """As it stands in the store, and in the API."""
        return {
            "id": self.id,
            "kind": self.kind,
            "target": self.target,
            "status": self.status,
            "step": self.step,
            "text": self.text,
            "percent": self.percent,
            "data": dict(self.data),
            "atMs": self.at_ms,
            "startedAtMs": self.started_ms,
            "endedAtMs": self.ended_ms,
        }

    def to_json(self) -> str:
        """The text that stands in the store."""
        return json.dumps(self.as_dict(), default=str)


def parse(text: object) -> Outcome | None:
    """None when it is none: junk, or another schema."""
    try:
        raw = json.loads(str(text))
        return Outcome(
            id=str(raw["id"]),
            kind=str(raw["kind"]),
            target=str(raw["target"]),
            status=Status(raw["status"]),
            at_ms=int(raw["atMs"]),
            started_ms=int(raw["startedAtMs"]),
            ended_ms=_number(raw["endedAtMs"]),
            step=_said(raw["step"]),
            text=_said(raw["text"]),
            percent=_number(raw["percent"]),
            data=dict(raw["data"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        return None


def _number(value: Any) -> int | None:
    return None if value is None else int(value)


def _said(value: Any) -> str | None:
    return None if value is None else str(value)[:TEXT_MAX]
