"""How a start or a takeover that is still under way can be stopped from the card of its exchange."""

from __future__ import annotations

from typing import NamedTuple

from perseus.network.payload import InstanceStatus
from perseus.web.card import attendance
from perseus.web.card.attendance import BEGINNING, Attendance, Standby

START = "What it has fetched stays, and its lease is given back."
NOBODY = "Nobody serves the exchange then."
TAKEOVER = "Whoever holds the exchange keeps it, unless it has stopped already."


class Stop(NamedTuple):
    """One button. `instance`: the run that is meant; '' before there is one: then `target`, the process."""

    label: str
    sure: str
    instance: str
    target: str


class Reserve(NamedTuple):
    """One standby, and how it is stopped. `target`: its process, '' where it takes no commands."""

    said: str
    target: str
    sure: str


def stop(told: InstanceStatus | None, attending: Attendance) -> Stop | None:
    """Of what is under way; None where nothing is, or where it takes no commands. `told`: of the one that lives."""
    if attending.taking:
        return Stop("Cancel the takeover", TAKEOVER, "", attending.claimer)
    if told is None:
        return Stop("Stop the start", _start(attending), "", attending.claimer) if attending.claiming else None
    if told.connection_state not in BEGINNING or attendance.target(told) is None:
        return None
    return Stop("Stop the start", _start(attending), attendance.run_id(told), "")


def reserves(attending: Attendance) -> tuple[Reserve, ...]:
    """Those that stand by."""
    return tuple(
        Reserve(one.said, one.target if one.takes_commands else "", _stands_down(one, attending))
        for one in attending.standbys
    )


def _start(attending: Attendance) -> str:
    return f"{START} {attending.follow or NOBODY}"


def _stands_down(one: Standby, attending: Attendance) -> str:
    rest = attending.without(one.target).follow or "No other stands by: nobody goes on then when its holder is gone."
    return f"{one.named} stands by no longer. Whoever holds the exchange keeps it. {rest}"
