"""JSON schemas of what the API answers. Closed ones: a member that is not named here may not be in an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from perseus.doctor.finding import Severity
from perseus.network.holdoff import HoldOff
from perseus.network.leasing.durability import Durability
from perseus.network.payload import InstanceStatus
from perseus.network.view.reading import Condition
from perseus.notify.configuration import Policy
from perseus.notify.delivery import BreakerState
from perseus.notify.outcomes import Outcome
from perseus.notify.planning.steps import Verdict
from perseus.notify.told.dispatchers import KindReport, PluginReport
from perseus.notify.told.fate import Fate

Schema = Mapping[str, Any]

TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
COUNT: Schema = {"type": "integer", "minimum": 0}
YES_OR_NO: Schema = {"type": "boolean"}
MOMENT: Schema = {"type": "string", "format": "date-time", "description": "UTC, with Z."}
ANYTHING: Schema = {"type": "object"}
WHERE = "#/components/schemas/"


def maybe(schema: Schema) -> Schema:
    """The same, or null: unknown."""
    return {**schema, "type": [schema["type"], "null"]} if "type" in schema else {"anyOf": [schema, {"type": "null"}]}


def many(schema: Schema) -> Schema:
    """A list of them."""
    return {"type": "array", "items": schema}


def named(schema: Schema) -> Schema:
    """Members whose names nobody fixed."""
    return {"type": "object", "additionalProperties": schema}


def closed(members: Mapping[str, Schema], *optional: str) -> Schema:
    """An object of just these members; all but the `optional` ones are always there."""
    required = [name for name in members if name not in optional]
    return {"type": "object", "properties": dict(members), "required": required, "additionalProperties": False}


def one_of(*words: str) -> Schema:
    """One of these words, and no other."""
    return {"type": "string", "enum": list(words)}


def ref(name: str) -> Schema:
    """The component of that name."""
    return {"$ref": WHERE + name}


def _of(model: type[BaseModel], without: tuple[str, ...] = (), **more: Schema) -> Schema:
    made = model.model_json_schema(mode="serialization", ref_template=WHERE + "{model}")
    parts = {name: part for name, part in made["properties"].items() if name not in without}
    kept = {key: value for key, value in made.items() if key not in ("$defs", "title")}
    return {**kept, "properties": parts | more}


PROBLEM = closed(
    {
        "type": TEXT,
        "title": TEXT,
        "status": WHOLE,
        "detail": {**TEXT, "description": "For people: what is wrong, and what to do next."},
        "field": {**TEXT, "description": "The parameter at fault."},
        "store": TEXT,
        "database": TEXT,
    },
    "field",
    "store",
    "database",
)
INSTANCE = closed(
    {
        "exchangeId": WHOLE,
        "exchangeName": TEXT,
        "displayName": TEXT,
        "condition": one_of(*Condition),
        "online": {**YES_OR_NO, "description": "A lease is held now."},
        "reason": maybe(TEXT),
        "since": maybe(MOMENT),
        "heartbeatAgeMs": maybe(WHOLE),
        "leaseLeftMs": maybe(WHOLE),
        "possiblyStuck": maybe(closed({"runs": COUNT, "medianMs": COUNT, "mostMs": COUNT, "limitMs": COUNT})),
        "status": maybe(ref("InstanceStatus")),
        "lastKnown": maybe(ref("InstanceStatus")),
    }
)
EVENT = {
    **named(TEXT),
    "properties": {
        "name": {**TEXT, "description": "<exchange>:<stream id>; unique in a network."},
        "id": TEXT,
        "exchange": TEXT,
    },
    "required": ["name", "id", "exchange"],
    "description": "All fields of the entry in the activity log, as they stand there.",
}
FINDING = closed(
    {
        "name": {**TEXT, "description": "Stays the same from version to version: docs/doctor.md lists them."},
        "severity": one_of(*Severity),
        "title": TEXT,
        "seen": TEXT,
        "breaks": TEXT,
        "mend": TEXT,
        "commands": many(TEXT),
        "administrator": {**many(TEXT), "description": "Lines for an administrator of the store; see `where`."},
        "where": {**many(TEXT), "description": "Servers, host:port. For admins; empty for others."},
    }
)
KIND = _of(KindReport, ("jsonSchema",), schema=ANYTHING)
DISPATCHER = closed(
    {
        "worker": TEXT,
        "host": maybe(TEXT),
        "pid": maybe(WHOLE),
        "version": maybe(TEXT),
        "started": maybe(MOMENT),
        "heard": maybe(MOMENT),
        "rssBytes": maybe(WHOLE),
        "memoryLimitMb": maybe(WHOLE),
        "safeMode": YES_OR_NO,
        "holds": many(TEXT),
        "plugins": many(ref("Plugin")),
    }
)
STANDING: Mapping[str, Schema] = {
    "id": TEXT,
    "kind": TEXT,
    "origin": one_of("environment", "page"),
    "paused": YES_OR_NO,
    "problem": maybe(TEXT),
    "worker": maybe(TEXT),
    "breaker": {"enum": [*BreakerState, None]},
    "breakerReason": maybe(TEXT),
    "breakerSince": maybe(MOMENT),
    "retryAt": maybe(MOMENT),
    "notBefore": maybe(MOMENT),
    "queued": COUNT,
    "oldest": maybe(MOMENT),
    "lastOutcome": {"enum": [*Outcome, None]},
    "lastReason": maybe(TEXT),
    "lastAt": maybe(MOMENT),
    "lastOkAt": maybe(MOMENT),
    "lastTookMs": maybe(WHOLE),
    "deadLetters": COUNT,
}
DETAIL = {
    "config": ANYTHING,
    "secrets": many(TEXT),
    "policy": _of(Policy),
    "held": named(TEXT),
    "cursor": named(TEXT),
    "began": maybe(MOMENT),
}
RECORD: Mapping[str, Schema] = {"id": TEXT, "at": maybe(MOMENT), "events": many(TEXT), "worker": maybe(TEXT)}
TRIED: Mapping[str, Schema] = {
    **RECORD,
    "what": {"const": "attempt"},
    "outcome": one_of(*Outcome),
    "status": maybe(WHOLE),
    "attempt": maybe(WHOLE),
    "tookMs": maybe(WHOLE),
    "repeat": YES_OR_NO,
    "drill": YES_OR_NO,
    **{name: maybe(TEXT) for name in ("notification", "kind", "title", "reason", "url")},
}
ORDERED: Mapping[str, Schema] = {
    **RECORD,
    "what": {"const": "order"},
    "ok": YES_OR_NO,
    **{name: maybe(TEXT) for name in ("order", "kind", "by", "result")},
}
DECIDED: Mapping[str, Schema] = {
    **RECORD,
    "what": {"const": "decision"},
    "verdict": one_of(*Verdict),
    "why": maybe(TEXT),
    "detail": maybe(TEXT),
}
BROKEN: Mapping[str, Schema] = {
    **RECORD,
    "what": {"const": "breaker"},
    "breaker": one_of(*BreakerState),
    "reason": maybe(TEXT),
}
FOREIGN: Mapping[str, Schema] = {**RECORD, "what": {"type": "null"}, "fields": ANYTHING}
LETTER = closed(
    {
        "id": TEXT,
        "at": maybe(MOMENT),
        "events": many(TEXT),
        "status": maybe(WHOLE),
        "attempts": maybe(WHOLE),
        **{name: maybe(TEXT) for name in ("notification", "title", "reason")},
    }
)
EXPLANATION = closed(
    {
        "event": TEXT,
        "destination": TEXT,
        "state": one_of(*Fate),
        "answer": TEXT,
        "reasons": many(closed({"code": TEXT, "text": TEXT, "recorded": maybe(MOMENT)})),
        "attempts": many(ref("Attempt")),
    }
)

WATCHED = closed(
    {
        "symbol": TEXT,
        "status": maybe(one_of("trading", "halted", "delisted", "not listed")),
        "rank": maybe(WHOLE),
        "score": maybe({"type": "number", "minimum": 0, "maximum": 1}),
        "grade": maybe(one_of("A", "B", "C", "D", "F")),
        "quoteVolume24h": maybe({"type": "number", "minimum": 0}),
        "spread": maybe({"type": "number", "minimum": 0, "description": "A share of the price: 0.01 is one per cent."}),
        "watchedSince": maybe(MOMENT),
        "watchedBy": maybe(TEXT),
    }
)

COMPONENTS: Mapping[str, Schema] = {
    "Attempt": closed(TRIED),
    "DeadLetter": LETTER,
    "Destination": closed(STANDING),
    "DestinationDetail": closed({**STANDING, **DETAIL}),
    "Durability": _of(Durability),
    "Dispatcher": DISPATCHER,
    "Event": EVENT,
    "Finding": FINDING,
    "Explanation": EXPLANATION,
    "HoldOff": _of(HoldOff),
    "HistoryEntry": {"oneOf": [closed(one) for one in (DECIDED, TRIED, ORDERED, BROKEN, FOREIGN)]},
    "Instance": INSTANCE,
    "InstanceStatus": _of(InstanceStatus),
    "Kind": KIND,
    "Plugin": _of(PluginReport, enabled=YES_OR_NO),
    "Problem": PROBLEM,
    "WatchedSymbol": WATCHED,
    "State": InstanceStatus.model_json_schema()["$defs"]["State"],
}
