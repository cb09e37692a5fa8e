"""How long an exchange was in which state: spans made of the transitions in its activity log. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from perseus.clock import parse_iso
from perseus.network.exchange import Exchange
from perseus.network.log.activity import TRANSITION, Event
from perseus.network.states import OFFLINE, State

NO_DATA = "no_data"
STATES = frozenset((*State, OFFLINE))


class Change(NamedTuple):
    """From that Unix millisecond of the store on, the exchange was in `state` (a State's value, or `offline`)."""

    at_ms: int
    state: str


class Span(NamedTuple):
    """In `state` from one Unix millisecond to another; `no_data`: nothing is known of that time."""

    state: str
    from_ms: int
    until_ms: int

    @property
    def lasted_ms(self) -> int:
        return self.until_ms - self.from_ms


@dataclass(frozen=True, slots=True)
class History:
    """The changes of one exchange, oldest first. Before the first one nothing is known; the last one still holds."""

    exchange: Exchange
    changes: tuple[Change, ...] = ()

    def spans(self, from_ms: int, until_ms: int) -> tuple[Span, ...]:
        """What fills that time, without a gap, oldest first; nothing for a time that ends before it begins."""
        marks = [Change(from_ms, NO_DATA), *self.changes, Change(until_ms, NO_DATA)]
        found = []
        for change, following in pairwise(marks):
            begins, ends = max(change.at_ms, from_ms), min(following.at_ms, until_ms)
            if begins < ends:
                found.append(Span(change.state, begins, ends))
        return _joined(found)

    def grown(self, events: Iterable[Event], since_ms: int) -> History:
        """With these further events, in their order; what is older than `since_ms` is cut, but for what held then."""
        changes = list(self.changes)
        for event in events:
            change = change_of(event)
            if change is None:
                continue
            # A death is written down after the lease ended, and never ends before what is known already.
            at_ms = max(change.at_ms, changes[-1].at_ms) if changes else change.at_ms
            changes.append(Change(at_ms, change.state))
        before = [change for change in changes if change.at_ms < since_ms]
        kept = [Change(since_ms, before[-1].state)] if before else []
        made = (*kept, *changes[len(before) :])
        return self if made == self.changes else History(self.exchange, made)


def change_of(event: Event) -> Change | None:
    """What a transition changed, and when; None for other entries. A lease ended when it did, not when it was seen."""
    state = event.fields.get("toState")
    if event.kind != TRANSITION or state is None or state not in STATES:
        return None
    return Change(_ended_ms(event) if state == OFFLINE else event.at_ms, state)


def _ended_ms(event: Event) -> int:
    try:
        return min(parse_iso(event.fields.get("offlineAt") or ""), event.at_ms)
    except (ValueError, OverflowError):
        return event.at_ms


def _joined(spans: list[Span]) -> tuple[Span, ...]:
    """Neighbours in the same state as one."""
    joined: list[Span] = []
    for span in spans:
        if joined and joined[-1].state == span.state:
            joined[-1] = joined[-1]._replace(until_ms=span.until_ms)
        else:
            joined.append(span)
    return tuple(joined)
