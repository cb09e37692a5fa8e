"""How one destination stands, and how far it is: what its dispatcher writes of it, read so that junk never raises."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple, TypeVar

from perseus.errors import whole
from perseus.notify.delivery import BreakerState
from perseus.notify.outcomes import Outcome
from perseus.notify.told import records

HELD_MAX = 1_000
HELD_TEXT_MAX = 500
NAME_MAX = 200
SINCE = " since"  # no exchange has such a name

Word = TypeVar("Word", bound=Enum)


@dataclass(frozen=True, slots=True)
class Standing:
    """How one destination stands. Times: Unix milliseconds; None or '' is unknown or none.

    `breaker` None: no dispatcher has ever written of it. `held`: by event name, why it waits. `queued`: events behind
    the cursor, of which the oldest is of `oldest_ms`. `worker`: who sends for it now. `dead`: how many dead letters.
    """

    breaker: BreakerState | None = None
    breaker_reason: str = ""
    breaker_since_ms: int | None = None
    retry_ms: int | None = None
    failures: int = 0
    last_outcome: Outcome | None = None
    last_reason: str = ""
    last_ms: int | None = None
    last_ok_ms: int | None = None
    last_took_ms: int | None = None
    queued: int | None = None
    oldest_ms: int | None = None
    held: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""
    is_paused: bool = False
    replay_from_ms: int | None = None
    updated_ms: int | None = None
    not_before_ms: int | None = None
    worker: str = ""
    dead: int = 0


class Mark(NamedTuple):
    """The last event of one exchange that is settled: its stream id, and its number where that is known."""

    stream_id: str
    seq: int | None


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a destination is, by exchange name. `since_ms`: when it began; None where it has not yet."""

    marks: Mapping[str, Mark] = field(default_factory=dict)
    since_ms: int | None = None


def standing(state: Any, dead: Any, lease: Any, not_before: Any) -> Standing:
    """Of the answers for `:state`, the length of `:dead`, `:lease` and `:not_before`."""
    fields = mapping(state)

    def text(name: str) -> str:
        return records.text(fields, name)

    def number(name: str) -> int | None:
        return records.number(fields, name)

    return Standing(
        breaker=_known(BreakerState, text("breaker")),
        breaker_reason=text("breakerReason"),
        breaker_since_ms=number("breakerSince"),
        retry_ms=number("retryAt"),
        failures=number("failures") or 0,
        last_outcome=_known(Outcome, text("lastOutcome")),
        last_reason=text("lastReason"),
        last_ms=number("lastAt"),
        last_ok_ms=number("lastOkAt"),
        last_took_ms=number("lastTookMs"),
        queued=number("queued"),
        oldest_ms=number("oldestAt"),
        held=_held(fields.get("held")),
        problem=text("problem"),
        is_paused=text("paused") == "1",
        replay_from_ms=number("replayFrom"),
        updated_ms=number("updatedAt"),
        not_before_ms=_moment(not_before),
        worker=_holder(lease),
        dead=dead if isinstance(dead, int) else 0,
    )


def cursor(found: Any) -> Cursor:
    """Of the answer for `:cursor`."""
    marks, fields = {}, mapping(found)
    for name, value in fields.items():
        stream_id, _, seq = str(value).partition(" ")
        if name != SINCE and records.STREAM_ID.fullmatch(stream_id):
            marks[name] = Mark(stream_id, records.number({"seq": seq}, "seq"))
    return Cursor(marks, records.number(fields, SINCE))


def inflight(found: Any) -> frozenset[str]:
    """Of the answer for `:inflight`: names of events. The message itself is the dispatcher's own affair."""
    return frozenset(name for value in mapping(found).values() for name in _named(value))


def mapping(found: Any) -> dict[str, Any]:
    """A hash; empty for a key of another type."""
    return found if isinstance(found, dict) else {}


def _known(kind: type[Word], value: str) -> Word | None:
    return next((one for one in kind if one.value == value), None)


def _holder(lease: Any) -> str:
    return whole(lease.rpartition(" ")[0][:NAME_MAX]) if isinstance(lease, str) else ""


def _moment(value: Any) -> int | None:
    return records.number({"ms": value}, "ms") if isinstance(value, str) else None


def _held(value: object) -> Mapping[str, str]:
    found = _json(value)
    pairs = list(found.items())[:HELD_MAX] if isinstance(found, dict) else []
    return {whole(name): whole(why[:HELD_TEXT_MAX]) for name, why in pairs if isinstance(why, str)}


def _named(value: object) -> list[str]:
    found = _json(value)
    listed = found.get("events") if isinstance(found, dict) else found
    return [whole(one) for one in listed if isinstance(one, str)] if isinstance(listed, list) else []


def _json(value: object) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) and value else None
    except (ValueError, RecursionError):
        return None
