"""What is recorded but not sent for a time: silences that people set, and maintenance set by an exchange's owner."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from perseus.network.log.activity import Event
from perseus.notify.configuration import Maintenance, Silence
from perseus.notify.planning.routing import ALL, matches
from perseus.notify.planning.steps import Situation
from perseus.notify.texts import eventfacts
from perseus.notify.texts.spans import clock
from perseus.notify.told.why import Why

# Codes of what ends by itself and is told then, when the exchange is not as the destination was told.
ENDING = (Why.SILENCE, Why.MAINTENANCE)


@dataclass(frozen=True, slots=True)
class Hush:
    """Why something is not sent now, and until when (Unix ms)."""

    why: Why
    until_ms: int
    detail: str


def hush(situation: Situation, event: Event, *, is_flip: bool) -> Hush | None:
    """What keeps this event from being sent: the silence or maintenance that ends last, or None.

    A silence counts when it was in force as the event happened, or is now. Maintenance covers only going offline and
    coming back (`is_flip`).
    """
    found = [_of_silence(one, situation.now_ms) for one in _silences(situation, event, eventfacts.at_ms(event))]
    return max([*found, *_maintenance(situation, event, is_flip)], key=lambda one: one.until_ms, default=None)


def hush_now(situation: Situation, event: Event) -> Hush | None:
    """The same for what time brings (a reminder, calm, the end of a silence): only what is in force now counts."""
    found = [_of_silence(one, situation.now_ms) for one in _silences(situation, event, situation.now_ms)]
    return max([*found, *_maintenance(situation, event, True)], key=lambda one: one.until_ms, default=None)


def _silences(situation: Situation, event: Event, at_ms: int) -> Iterable[Silence]:
    for silence in situation.configuration.silences:
        is_in_force = any(silence.starts_ms <= ms < silence.ends_ms for ms in (at_ms, situation.now_ms))
        if is_in_force and _covers(silence, situation.destination.id) and matches(silence.match, event):
            yield silence


def _covers(silence: Silence, destination: str) -> bool:
    return not silence.destinations or destination in silence.destinations or ALL in silence.destinations


def _of_silence(silence: Silence, now_ms: int) -> Hush:
    reason, author = eventfacts.line(silence.reason, 100), eventfacts.line(silence.author, 100)
    detail = f"silence '{reason}' by {author} until {clock(silence.ends_ms, now_ms)}"
    return Hush(Why.SILENCE, silence.ends_ms, detail)


def _maintenance(situation: Situation, event: Event, is_flip: bool) -> Iterable[Hush]:
    maintenance: Maintenance | None = situation.maintenance.get(event.exchange.name) if is_flip else None
    if maintenance is not None and maintenance.until_ms > situation.now_ms:
        reason, author = eventfacts.line(maintenance.reason, 100), eventfacts.line(maintenance.author, 100)
        until = clock(maintenance.until_ms, situation.now_ms)
        yield Hush(Why.MAINTENANCE, maintenance.until_ms, f"maintenance '{reason}' by {author} until {until}")
