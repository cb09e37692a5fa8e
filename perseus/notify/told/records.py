"""What a destination's history and dead letters say, as values. Read so that junk in the store never raises."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from perseus.errors import whole
from perseus.notify.delivery import BreakerState
from perseus.notify.outcomes import Outcome
from perseus.notify.planning.steps import Verdict

STREAM_ID = re.compile(r"([0-9]{1,15})-([0-9]{1,19})")
NUMBER = re.compile(r"-?[0-9]{1,15}", re.ASCII)
TEXT_MAX = 2_000
EVENTS_MAX = 500

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """One entry of a history. `at_ms`: when the store wrote it. `events`: names of those that it is about."""

    stream_id: str
    at_ms: int
    events: tuple[str, ...]
    worker: str


@dataclass(frozen=True, slots=True)
class Decided(Record):
    """What was decided about one event. `notification`: id of the message that tells it, '' for none."""

    verdict: Verdict
    why: str
    detail: str
    notification: str


@dataclass(frozen=True, slots=True)
class Attempted(Record):
    """One attempt to send a message; the fields are those of `perseus.notify.delivery.Delivery`."""

    notification: str
    kind: str
    title: str
    outcome: Outcome
    reason: str
    status: int | None
    attempt: int
    took_ms: int | None
    url: str
    is_repeat: bool
    is_drill: bool


@dataclass(frozen=True, slots=True)
class Ordered(Record):
    """What came of something that a person asked for."""

    order: str
    kind: str
    by: str
    result: str
    is_ok: bool


@dataclass(frozen=True, slots=True)
class BreakerChanged(Record):
    """The destination stopped being sent to, was tried, or is sent to again."""

    state: BreakerState
    reason: str


@dataclass(frozen=True, slots=True)
class Foreign(Record):
    """An entry that this version does not know. `fields`: as they stand there."""

    fields: Fields


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was given up. `stream_id` names it when it is sent again or discarded."""

    stream_id: str
    at_ms: int
    notification: str
    title: str
    events: tuple[str, ...]
    reason: str
    status: int | None
    attempts: int | None


def record(stream_id: str, fields: Fields) -> Record:
    """An entry of `:history`; what cannot be made out is Foreign."""
    at_ms = moment(stream_id)
    try:
        return _READERS[text(fields, "what")](stream_id, at_ms, fields)
    except (KeyError, ValueError):
        return Foreign(stream_id, at_ms, _events(fields), text(fields, "worker"), fields)


def dead_letter(stream_id: str, fields: Fields) -> DeadLetter:
    """An entry of `:dead`."""
    return DeadLetter(
        stream_id,
        moment(stream_id),
        text(fields, "notification"),
        text(fields, "title"),
        _events(fields),
        text(fields, "reason"),
        number(fields, "status"),
        number(fields, "attempts"),
    )


def moment(stream_id: str) -> int:
    """Unix milliseconds of a stream id; 0 for what is none."""
    found = STREAM_ID.fullmatch(stream_id)
    return int(found[1]) if found else 0


def place(stream_id: str) -> tuple[int, int]:
    """Order of stream ids; (0, 0) for what is none."""
    found = STREAM_ID.fullmatch(stream_id)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def text(fields: Fields, name: str) -> str:
    """A field as whole text of bounded length, '' where it is missing."""
    value = fields.get(name)
    return "" if value is None else whole(str(value)[:TEXT_MAX])


def number(fields: Fields, name: str) -> int | None:
    """A field as a whole number; None where it is none."""
    value = text(fields, name)
    return int(value) if NUMBER.fullmatch(value) else None


def texts(value: str) -> tuple[str, ...]:
    """The texts of a JSON list; () for anything else."""
    try:
        found = json.loads(value) if value else []
    except (ValueError, RecursionError):
        return ()
    return tuple(whole(one) for one in found[:EVENTS_MAX] if isinstance(one, str)) if isinstance(found, list) else ()


def _events(fields: Fields) -> tuple[str, ...]:
    listed = fields.get("events")
    single = text(fields, "event")
    # Not `text`: a list that is cut in the middle is none.
    return texts(listed) if isinstance(listed, str) else (single,) if single else ()


def _decided(stream_id: str, at_ms: int, fields: Fields) -> Record:
    return Decided(
        stream_id,
        at_ms,
        _events(fields),
        text(fields, "worker"),
        Verdict(text(fields, "verdict")),
        text(fields, "why"),
        text(fields, "detail"),
        text(fields, "notification"),
    )


def _attempted(stream_id: str, at_ms: int, fields: Fields) -> Record:
    return Attempted(
        stream_id,
        at_ms,
        _events(fields),
        text(fields, "worker"),
        text(fields, "notification"),
        text(fields, "kind"),
        text(fields, "title"),
        Outcome(text(fields, "outcome")),
        text(fields, "reason"),
        number(fields, "status"),
        number(fields, "attempt") or 0,
        number(fields, "tookMs"),
        text(fields, "url"),
        text(fields, "repeat") == "1",
        text(fields, "drill") == "1",
    )


def _ordered(stream_id: str, at_ms: int, fields: Fields) -> Record:
    order, kind, by = (text(fields, name) for name in ("order", "orderKind", "by"))
    result, is_ok = text(fields, "result"), text(fields, "ok") in ("1", "true")
    return Ordered(stream_id, at_ms, (), text(fields, "worker"), order, kind, by, result, is_ok)


def _breaker(stream_id: str, at_ms: int, fields: Fields) -> Record:
    state = BreakerState(text(fields, "state"))
    return BreakerChanged(stream_id, at_ms, (), text(fields, "worker"), state, text(fields, "reason"))


_READERS = {"decision": _decided, "attempt": _attempted, "order": _ordered, "breaker": _breaker}
