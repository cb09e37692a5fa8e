"""Small makers of steps: one event settled, with its decision and what is remembered. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from perseus.network.log.activity import Event
from perseus.network.states import OFFLINE
from perseus.notify.notification import Notification
from perseus.notify.planning.memory import Memory
from perseus.notify.planning.steps import Decision, Edit, Situation, Step, Verdict
from perseus.notify.texts import eventfacts
from perseus.notify.texts.outagewording import Lost
from perseus.notify.told.why import Why


@dataclass(frozen=True, slots=True)
class Held:
    """An event that waits until then (Unix ms), and why, for people."""

    until_ms: int
    why: str


@dataclass(frozen=True, slots=True)
class Tellable:
    """An outage that may be told, alone or with others. `memory`: of its exchange, without the incident."""

    lost: Lost
    memory: Memory


def memory_of(situation: Situation, exchange: str) -> Memory:
    """What is remembered of it."""
    return situation.memories.get(exchange) or Memory()


def moved(situation: Situation, event: Event, memory: Memory) -> Memory:
    """The memory after that event: its number, and its state where it is a transition."""
    number = eventfacts.number(event, "seq")
    update: dict[str, object] = {} if number is None else {"seq": number}
    state = eventfacts.to_state(event)
    if state is not None:
        began = eventfacts.since_ms(event) if state == OFFLINE else eventfacts.at_ms(event)
        update |= {"state": state, "state_ms": min(began, situation.now_ms)}
    return memory.model_copy(update=update)


def primed(event: Event) -> Memory:
    """What a new destination knows of an exchange from the newest event before its time: so that it can tell how many
    of those that were online are lost, and a gap. Nothing of it counts as told."""
    number = eventfacts.number(event, "seq")
    state = eventfacts.to_state(event) or eventfacts.field(event, "state") or None
    began = eventfacts.since_ms(event) if state == OFFLINE else eventfacts.at_ms(event)
    return Memory(state=state, state_ms=began if state else None, seq=number)


def quietly(event: Event, memory: Memory, verdict: Verdict, why: Why, detail: str, edit: Edit | None = None) -> Step:
    """Settled without a message of its own."""
    exchange = event.exchange.name
    return Step((Decision(event.name, verdict, why, detail),), {exchange: event}, {exchange: memory}, edit=edit)


def sent(
    event: Event, memory: Memory, why: Why, detail: str, notification: Notification, edit: Edit | None = None
) -> Step:
    """Settled by a message."""
    exchange = event.exchange.name
    decision = Decision(event.name, Verdict.SEND, why, detail)
    return Step((decision,), {exchange: event}, {exchange: memory}, (notification,), edit)
