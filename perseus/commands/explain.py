"""`perseus explain`: why one event was sent to one destination, or was not."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import click

from perseus import db
from perseus.clock import SystemClock
from perseus.commands import readiness
from perseus.db import notifying
from perseus.db.known import KnownExchanges
from perseus.network.log.activity import Event
from perseus.notify.texts import eventfacts
from perseus.notify.texts.spans import moment
from perseus.notify.told.explain import Explanation
from perseus.notify.told.explaining import Explainer
from perseus.notify.told.records import Attempted
from perseus.sealing import Sealer
from perseus.settings import Settings


def run(settings: Settings, event: str, destination: str) -> int:
    """0 when it can be told. Raises UnknownEvent, UnknownExchange, UnknownDestination; errors as `readiness`."""
    database_url = readiness.database(settings)
    known = KnownExchanges(functools.partial(db.exchanges, database_url), SystemClock())
    load = functools.partial(notifying.load, database_url, Sealer.of(settings))
    with readiness.store(settings, "perseus-explain") as client:
        explainer = Explainer(client, known, load)
        found = explainer.event(event)
        click.echo("\n".join(lines(found, explainer.explain(found, destination))))
    return 0


def lines(event: Event, explanation: Explanation) -> Iterator[str]:
    """The explanation as it is printed: the event, the answer, why, the attempts."""
    yield f"{event.name}  {moment(eventfacts.at_ms(event))}  {_said(event)}"
    yield f"{explanation.fate.value}: {explanation.answer}"
    if explanation.reasons:
        yield "Why:"
    for reason in explanation.reasons:
        yield f"  {moment(reason.at_ms) if reason.at_ms else 'now':<23}  {reason.text}"
    yield "Attempts:" if explanation.attempts else "No attempt is recorded."
    for attempt in explanation.attempts:
        yield f"  {moment(attempt.at_ms)}  {_attempt(attempt)}"


def _said(event: Event) -> str:
    state, before = eventfacts.to_state(event), eventfacts.field(event, "fromState")
    if state is not None:
        return f"{before or '?'} to {state}"
    return eventfacts.field(event, "error") or eventfacts.field(event, "what") or eventfacts.kind(event)


def _attempt(attempt: Attempted) -> str:
    parts = (
        f"{attempt.outcome.value:<9}",
        "" if attempt.status is None else f"HTTP {attempt.status}",
        "" if attempt.took_ms is None else f"{attempt.took_ms:,} ms",
        f"attempt {attempt.attempt}" if attempt.attempt else "",
        "drill" if attempt.is_drill else "",
        "possible repeat" if attempt.is_repeat else "",
        eventfacts.line(attempt.reason),
        eventfacts.line(attempt.url),
    )
    return "  ".join(filter(None, parts))
