"""Who would be told of an event: the rules and silences as they are now, asked for every destination. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from perseus.network.exchange import Exchange
from perseus.network.log.activity import ERROR, TRANSITION, Event
from perseus.network.maintenance import Maintenance
from perseus.network.states import OFFLINE, State
from perseus.notify.configuration import Configuration, Destination
from perseus.notify.planning.routing import route
from perseus.notify.planning.silencing import hush
from perseus.notify.planning.steps import Situation
from perseus.notify.texts import eventfacts, wording
from perseus.notify.told.fate import Fate
from perseus.web.feed import deliveries
from perseus.web.feed.deliveries import Mark

DEATH = {"event": TRANSITION, "fromState": State.ACTIVE, "toState": OFFLINE, "reason": "lease_expired"}
BACK = {"event": TRANSITION, "fromState": State.IDLE, "toState": State.STARTING, "downtimeMs": "300000"}
#: What may be asked without an event that happened: words for people, and the fields that it would have.
SAMPLES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "offline": ("it goes offline", DEATH),
    "back": ("it comes back", BACK),
    "error": ("it reports an error", {"event": ERROR, "error": "an error", "state": State.ACTIVE, "count": "1"}),
    "failed": (
        "its start fails",
        {"event": TRANSITION, "fromState": State.STARTING, "toState": State.IDLE, "reason": "start failed: why"},
    ),
    "active": ("it becomes active", {"event": TRANSITION, "fromState": State.WARMING, "toState": State.ACTIVE}),
    "stopped": ("it stops in order", {"event": TRANSITION, "fromState": State.STOPPING, "toState": State.STOPPED}),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one destination would get, and why."""

    destination: str
    mark: Mark
    why: str


def sample(exchange: Exchange, what: str, now_ms: int) -> Event:
    """An event of `SAMPLES`, as if it happened now. Raises KeyError."""
    fields = {name: str(value) for name, value in SAMPLES[what][1].items()}
    return Event(exchange, f"{max(now_ms, 1)}-0", fields)


def verdicts(
    configuration: Configuration,
    destinations: Iterable[Destination],
    event: Event,
    maintenance: Mapping[str, Maintenance],
    now_ms: int,
) -> tuple[Verdict, ...]:
    """For each destination. What depends on the past (flapping, debounce, an open incident) is not judged here."""
    return tuple(_verdict(configuration, one, event, maintenance, now_ms) for one in destinations)


def _verdict(
    configuration: Configuration,
    destination: Destination,
    event: Event,
    maintenance: Mapping[str, Maintenance],
    now_ms: int,
) -> Verdict:
    way = route(configuration, destination.id, event)
    if not way.goes:
        return Verdict(destination.id, deliveries.mark(Fate.DROPPED), way.detail)
    situation = Situation(destination, configuration, {}, {}, maintenance, now_ms)
    is_flip = eventfacts.goes_offline(event) or wording.is_back(event)
    hushed = hush(situation, event, is_flip=is_flip)
    if hushed is not None:
        return Verdict(destination.id, deliveries.mark(Fate.SUPPRESSED), f"{way.detail}, but {hushed.detail} hides it")
    if destination.is_paused:
        return Verdict(destination.id, deliveries.mark(Fate.WAITING), f"{way.detail}, but it is paused")
    return Verdict(destination.id, Mark(Fate.SENT.value, "Told", ""), way.detail)
