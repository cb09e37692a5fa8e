"""The life cycle of an instance: which state may follow which."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from perseus.errors import InvalidTransition


class State(StrEnum):
    """What an instance says of itself. `offline` is not among them: only readers and the watcher say that."""

    IDLE = "idle"
    STARTING = "starting"
    WARMING = "warming"
    ACTIVE = "active"
    STOPPING = "stopping"
    STOPPED = "stopped"


OFFLINE = "offline"

# States in which an instance acts for its exchange, or is about to.
AT_WORK = (State.STARTING, State.WARMING, State.ACTIVE)

TRANSITIONS: Mapping[State, tuple[State, ...]] = {
    State.IDLE: (State.STARTING,),
    State.STARTING: (State.WARMING, State.STOPPING, State.IDLE),
    State.WARMING: (State.ACTIVE, State.STOPPING, State.IDLE),
    State.ACTIVE: (State.STOPPING,),
    State.STOPPING: (State.STOPPED,),
    State.STOPPED: (State.IDLE,),
}


def check(exchange: str, from_state: State, to_state: State) -> None:
    """Raise InvalidTransition unless `to_state` may follow `from_state`."""
    allowed = TRANSITIONS[from_state]
    if to_state not in allowed:
        raise InvalidTransition(exchange, from_state, to_state, tuple(allowed))
