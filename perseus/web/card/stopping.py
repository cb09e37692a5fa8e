"""How a start or a takeover that is still under way can be stopped from the card of its exchange."""

from __future__ import annotations

from typing import NamedTuple

from perseus.network.payload import InstanceStatus
from perseus.web.card import attendance
from perseus.web.card.attendance import BEGINNING, Attendance

START = "What it has fetched stays, its lease is given back, and nobody serves the exchange."
TAKEOVER = "Whoever holds the exchange keeps it, unless it has stopped already."


class Stop(NamedTuple):
    """One button. `instance`: the run that is meant; '' before there is one: then `target`, the process."""

    label: str
    sure: str
    instance: str
    target: str


def stop(told: InstanceStatus | None, attending: Attendance) -> Stop | None:
    """Of what is under way; None where nothing is, or where it takes no commands. `told`: of the one that lives."""
    if attending.taking:
        return Stop("Cancel the takeover", TAKEOVER, "", attending.claimer)
    if told is None:
        return Stop("Stop the start", START, "", attending.claimer) if attending.claiming else None
    if told.connection_state not in BEGINNING or attendance.target(told) is None:
        return None
    return Stop("Stop the start", START, attendance.run_id(told), "")
