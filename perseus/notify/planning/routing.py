"""Which events go where: rules in order, the first that matches decides. Pure."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from perseus.network.log.activity import Event
from perseus.notify.configuration import Configuration, Match, Rule
from perseus.notify.texts import eventfacts
from perseus.notify.told.why import Why

ALL = "*"


@dataclass(frozen=True, slots=True)
class Route:
    """Whether an event goes to a destination. `why`: rule, no_route, to_nobody or loop; `detail` is for people."""

    goes: bool
    why: Why
    detail: str


def matches(match: Match, event: Event) -> bool:
    """Does the event fit? Empty lists fit all; an event without a state or host fits no list of them."""
    return (
        _listed(match.exchanges, event.exchange.name)
        and (not match.events or eventfacts.kind(event) in match.events)
        and (not match.from_states or eventfacts.field(event, "fromState") in match.from_states)
        and (not match.to_states or eventfacts.to_state(event) in match.to_states)
        and (not match.severities or eventfacts.severity(event) in match.severities)
        and _listed(match.hosts, eventfacts.field(event, "hostname"))
    )


def route(configuration: Configuration, destination: str, event: Event) -> Route:
    """Where rules send the event, seen from one destination. What happens to a destination never goes to itself."""
    if is_about(event, destination):
        return Route(False, Why.LOOP, "it is about this destination itself")
    elsewhere: str | None = None
    for number, rule in enumerate(configuration.rules, 1):
        if not matches(rule.match, event):
            continue
        named = f"rule {number} '{eventfacts.line(rule.name, 100)}'"
        if _names(rule, destination):
            return Route(True, Why.RULE, f"{named} sends it here")
        if not rule.go_on:
            return _stopped(rule, named)
        elsewhere = named
    return Route(False, Why.NO_ROUTE, _nowhere(configuration.rules, elsewhere))


def concerns(configuration: Configuration, destination: str, exchange: str) -> bool:
    """May any event of that exchange come here? Only those hear of a gap in its log who would miss something."""
    return any(_names(rule, destination) and _listed(rule.match.exchanges, exchange) for rule in configuration.rules)


def is_about(event: Event, destination: str) -> bool:
    """Is it a system event of this destination?"""
    return eventfacts.kind(event) == eventfacts.SYSTEM and eventfacts.raw(event, "destination") == destination


def _names(rule: Rule, destination: str) -> bool:
    return destination in rule.destinations or ALL in rule.destinations


def _stopped(rule: Rule, named: str) -> Route:
    if not rule.destinations:
        return Route(False, Why.TO_NOBODY, f"{named} sends this to nobody")
    return Route(False, Why.NO_ROUTE, f"{named} decides, and sends it only to {_short(rule.destinations)}")


def _nowhere(rules: Sequence[Rule], elsewhere: str | None) -> str:
    if not rules:
        return "there are no rules, so nothing is sent"
    return f"no rule sends this here; the last that matches is {elsewhere}" if elsewhere else "no rule sends this here"


def _short(destinations: tuple[str, ...]) -> str:
    return ", ".join(destinations[:5]) + (" and others" if len(destinations) > 5 else "")


def _listed(patterns: tuple[str, ...], value: str) -> bool:
    return not patterns or any(_pattern(pattern).fullmatch(value) for pattern in patterns)


@lru_cache(maxsize=1024)
def _pattern(pattern: str) -> re.Pattern[str]:
    """`*` and `?` alone are special; upper and lower case are the same."""
    return re.compile(fnmatch.translate(pattern.replace("[", "[[]")), re.IGNORECASE)
