"""The JSON API of notifications: plugins, destinations, histories, and why an event was sent or not."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify
from pydantic import SecretStr

from perseus.notify.roster import Listed
from perseus.notify.told.dispatchers import KindReport, PluginReport, Report
from perseus.notify.told.explain import Explanation
from perseus.notify.told.ledger import OUTCOMES, Wanted
from perseus.notify.told.records import Attempted, BreakerChanged, DeadLetter, Decided, Foreign, Ordered, Record
from perseus.notify.told.standing import Standing
from perseus.web import moments
from perseus.web.parameters import count, one_of, query
from perseus.web.site import outbound

routes = Blueprint("notifyapi", __name__, url_prefix="/api")


@routes.get("/plugins")
def plugins() -> Response:
    """Dispatchers that run, each with the plugins that it found, and the kinds that they offer."""
    query(())
    running, off = outbound().dispatchers(), outbound().configuration().disabled
    return jsonify(
        now=moments.iso(outbound().ledger.now_ms()),
        dispatchers=[_dispatcher(report, off) for report in running.running],
        kinds=[_kind(kind) for kind in running.kinds().values()],
        switchedOff=sorted(off),
    )


@routes.get("/destinations")
def destinations() -> Response:
    """Every destination, as it stands."""
    query(())
    roster = outbound().roster()
    standings, now_ms = outbound().ledger.standings(tuple(roster))
    told = [_destination(one, standings[name]) for name, one in roster.items()]
    return jsonify(now=moments.iso(now_ms), destinations=told)


@routes.get("/destinations/<name>")
def destination(name: str) -> Response:
    """One destination, with its configuration but for the secrets, and its policy."""
    query(())
    listed = outbound().listed(name)
    position = outbound().ledger.position(name)
    config = listed.destination.config
    return jsonify(
        **_destination(listed, position.standing),
        config={key: value for key, value in config.items() if not isinstance(value, SecretStr)},
        secrets=sorted(key for key, value in config.items() if isinstance(value, SecretStr)),
        policy=listed.destination.policy.model_dump(mode="json"),
        held=dict(position.standing.held),
        cursor={key: mark.stream_id for key, mark in position.cursor.marks.items()},
        began=moments.iso(position.cursor.since_ms),
    )


@routes.get("/destinations/<name>/history")
def history(name: str) -> Response:
    """Decisions, attempts, orders and changes of the breaker, newest first."""
    given = query(("event", "outcome", "count", "cursor"))
    wanted = Wanted(given.get("event"), one_of("outcome", given.get("outcome"), OUTCOMES))
    page = outbound().ledger.history(outbound().listed(name).id, wanted, given.get("cursor"), count(given.get("count")))
    return jsonify(entries=[_record(one) for one in page.entries], older=page.older)


@routes.get("/destinations/<name>/dead")
def dead(name: str) -> Response:
    """Messages that were given up, newest first."""
    given = query(("count", "cursor"))
    page = outbound().ledger.dead(outbound().listed(name).id, given.get("cursor"), count(given.get("count")))
    return jsonify(letters=[_dead(letter) for letter in page.entries], older=page.older)


@routes.get("/network/events/<name>")
def event(name: str) -> Response:
    """One event, with what became of it at each destination."""
    query(())
    found = outbound().explainer.event(name)
    told = [
        {"destination": one.destination, "state": one.fate.value, "answer": one.answer}
        for one in outbound().explainer.everywhere(found)
    ]
    named = {"name": found.name, "id": found.stream_id, "exchange": found.exchange.name}
    return jsonify(event={**found.fields, **named}, deliveries=told)


@routes.get("/network/events/<name>/deliveries/<destination>")
def explanation(name: str, destination: str) -> Response:
    """Why it was sent there, or was not, with the attempts."""
    query(())
    found = outbound().explainer.event(name)
    return jsonify(_explanation(outbound().explainer.explain(found, destination)))


def _dispatcher(report: Report, off: frozenset[str]) -> dict[str, Any]:
    return {
        "worker": report.worker,
        "host": report.host or None,
        "pid": report.pid,
        "version": report.version,
        "started": moments.iso(report.started_ms),
        "heard": moments.iso(report.at_ms),
        "rssBytes": report.rss_bytes,
        "memoryLimitMb": report.memory_limit_mb,
        "safeMode": report.safe_mode,
        "holds": [one.id for one in report.destinations if one.holds],
        "plugins": [_plugin(plugin, off) for plugin in report.plugins],
    }


def _plugin(plugin: PluginReport, off: frozenset[str]) -> dict[str, Any]:
    return {**plugin.model_dump(mode="json", by_alias=True), "enabled": plugin.name not in off}


def _kind(kind: KindReport) -> dict[str, Any]:
    told = kind.model_dump(mode="json", by_alias=True, exclude={"json_schema"})
    return {**told, "schema": kind.json_schema}


def _destination(listed: Listed, standing: Standing) -> dict[str, Any]:
    one = listed.destination
    return {
        "id": one.id,
        "kind": one.kind,
        "origin": one.origin,
        "paused": one.is_paused,
        "problem": listed.problem or None,
        "worker": standing.worker or None,
        "breaker": standing.breaker.value if standing.breaker else None,
        "breakerReason": standing.breaker_reason or None,
        "breakerSince": moments.iso(standing.breaker_since_ms),
        "retryAt": moments.iso(standing.retry_ms),
        "notBefore": moments.iso(standing.not_before_ms or None),
        "queued": standing.queued,
        "oldest": moments.iso(standing.oldest_ms) if standing.queued else None,
        "lastOutcome": standing.last_outcome.value if standing.last_outcome else None,
        "lastReason": standing.last_reason or None,
        "lastAt": moments.iso(standing.last_ms),
        "lastOkAt": moments.iso(standing.last_ok_ms),
        "lastTookMs": standing.last_took_ms,
        "deadLetters": standing.dead,
    }


def _explanation(explanation: Explanation) -> dict[str, Any]:
    return {
        "event": explanation.event,
        "destination": explanation.destination,
        "state": explanation.fate.value,
        "answer": explanation.answer,
        "reasons": [
            {"code": one.code, "text": one.text, "recorded": moments.iso(one.at_ms)} for one in explanation.reasons
        ],
        "attempts": [_record(one) for one in explanation.attempts],
    }


def _record(record: Record) -> dict[str, Any]:
    told = {"id": record.stream_id, "at": moments.iso(record.at_ms), "events": list(record.events)}
    told |= {"worker": record.worker or None}
    match record:
        case Decided():
            return {**told, "what": "decision", "verdict": record.verdict.value, **_given(record, "why", "detail")}
        case Attempted():
            return {**told, "what": "attempt", **_attempt(record)}
        case Ordered():
            return {**told, "what": "order", "ok": record.is_ok, **_given(record, "order", "kind", "by", "result")}
        case BreakerChanged():
            return {**told, "what": "breaker", "breaker": record.state.value, **_given(record, "reason")}
        case Foreign():
            return {**told, "what": None, "fields": dict(record.fields)}
    return told


def _attempt(attempt: Attempted) -> dict[str, Any]:
    return {
        "outcome": attempt.outcome.value,
        "status": attempt.status,
        "attempt": attempt.attempt,
        "tookMs": attempt.took_ms,
        "repeat": attempt.is_repeat,
        "drill": attempt.is_drill,
        **_given(attempt, "notification", "kind", "title", "reason", "url"),
    }


def _dead(letter: DeadLetter) -> dict[str, Any]:
    return {
        "id": letter.stream_id,
        "at": moments.iso(letter.at_ms),
        "events": list(letter.events),
        "status": letter.status,
        "attempts": letter.attempts,
        **_given(letter, "notification", "title", "reason"),
    }


def _given(of: object, *names: str) -> dict[str, str | None]:
    return {name: getattr(of, name) or None for name in names}
