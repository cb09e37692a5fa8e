"""A destination of a fake network: driven by the lane that drives it in the dispatcher, and open to be looked at."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from perseus import keys
from perseus.errors import StoreUnavailable
from perseus.notify.configuration import Destination
from perseus.notify.delivery import BreakerState, Delivery
from perseus.notify.lanes.attempt import Caller
from perseus.notify.lanes.holding import Holding
from perseus.notify.lanes.lane import Lane
from perseus.notify.lanes.outlet import Outlet, SecondsLeft
from perseus.notify.lanes.sending import Sending
from perseus.notify.lanes.surroundings import Surroundings
from perseus.notify.notification import Notification
from perseus.notify.planning.steps import Decision, Verdict
from perseus.store import Client
from perseus.testing.sender import Sender

LEASE_MS = 3_600_000
WORKER = "fake-1"
#: A lane that never rests is broken; a test should say so instead of hanging.
STEPS_MAX = 10_000


class FakeDestination:
    """Made by `FakeNetwork.destination`. `sent`: what arrived, in order. `deliveries`: every attempt, as recorded.

    `dead`: what was given up.
    """

    def __init__(self, destination: Destination, sender: Sender, client: Client, around: Surroundings) -> None:
        self.sender = sender
        self.sent: list[Notification] = []
        self.deliveries: list[Delivery] = []
        self.dead: list[Delivery] = []
        self._client = client
        self._around = replace(around, observer=Ear(self.deliveries, self.dead))
        self._resumed = 0
        self._holding = Holding(client, destination.id, WORKER, LEASE_MS)
        self._lane = self._made(destination)

    @property
    def destination(self) -> Destination:
        """As it is configured."""
        return self._lane.destination

    @property
    def titles(self) -> list[str]:
        """Of the messages that arrived, in order."""
        return [notification.title for notification in self.sent]

    @property
    def state(self) -> BreakerState:
        """Whether it is sent to."""
        told = self._client.hget(keys.destination(self.destination.id, "state"), "breaker")
        return BreakerState(cast("str | None", told) or BreakerState.CLOSED)

    @property
    def decisions(self) -> list[Decision]:
        """What was decided about each event, and why, as the history has it."""
        found = self._client.xrange(keys.destination(self.destination.id, "history"))
        entries = [fields for _, fields in cast("list[tuple[str, dict[str, Any]]]", found)]
        return [
            Decision(entry["event"], Verdict(entry["verdict"]), entry["why"], entry["detail"])
            for entry in entries
            if entry["what"] == "decision"
        ]

    def pause(self, is_paused: bool = True) -> None:
        """As the button Pause."""
        self._lane.change(replace(self.destination, is_paused=is_paused), str(self._resumed))
        self.settle()

    def resume(self) -> None:
        """What a person does about a destination that is parked: mend it."""
        self._resumed += 1
        self._lane.change(self.destination, str(self._resumed))
        self.settle()

    def settle(self) -> None:
        """Do all that is due now. Nothing happens while the store is away."""
        for _ in range(STEPS_MAX):
            try:
                until_ms = self._lane.step() if self._holding.keep() else None
            except StoreUnavailable:
                return
            if until_ms is None or until_ms > self._around.now_ms():
                return
        raise AssertionError(f"the lane of {self.destination.id} does not come to rest")

    def _made(self, destination: Destination) -> Lane:
        caller = Caller(destination.id, self.sender.seconds, str, time.monotonic)
        outlet = NotingOutlet.of(self.sender.outlet, self.sent)
        sending = Sending(outlet, caller, self._holding, self._around.now_ms)
        return Lane(destination, str(self._resumed), sending, self._holding, self._around)


class NotingOutlet(Outlet):
    """An outlet that keeps what was sent through it."""

    __slots__ = ("_kept",)
    _kept: list[Notification]

    @classmethod
    def of(cls, outlet: Outlet, kept: list[Notification]) -> NotingOutlet:
        """One like `outlet`."""
        made = cls(outlet.kind, outlet.notifier, outlet.limiter, outlet.context, outlet.scrub)
        object.__setattr__(made, "_kept", kept)
        return made

    def send(self, notifications: Sequence[Notification], seconds_left: SecondsLeft) -> object:
        """As `Outlet`."""
        answer = Outlet.send(self, notifications, seconds_left)
        if answer is not False:
            self._kept.extend(notifications)
        return answer


class Ear:
    """A DeliveryObserver that keeps what it hears."""

    def __init__(self, attempts: list[Delivery], dead: list[Delivery]) -> None:
        self._attempts = attempts
        self._dead = dead

    def finished(self, delivery: Delivery) -> None:
        """As DeliveryObserver."""
        self._attempts.append(delivery)

    def dead(self, delivery: Delivery) -> None:
        """As DeliveryObserver."""
        self._dead.append(delivery)

    def breaker_changed(self, destination: str, state: BreakerState, reason: str) -> None:
        """As DeliveryObserver."""
