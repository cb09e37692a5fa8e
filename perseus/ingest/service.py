"""One exchange that this process serves, from the order to its release, as commands see it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from perseus.control.hosts import Role
from perseus.ingest.commands.reins import Reins
from perseus.ingest.feed import Feed, FeedMaker
from perseus.ingest.membership import Admin
from perseus.ingest.opening import Opening
from perseus.ingest.signals import StopSignals
from perseus.network.instance import Instance
from perseus.network.leasing.takeover import Takeover
from perseus.network.payload import COMMANDED_BY
from perseus.network.states import State
from perseus.network.statusfield import TEXT_MAX

LOOK_SECONDS = 0.05
BEGINS = (State.STARTING, State.WARMING)
CLAIMING, MAKING_READY = "claiming its lease", "making its feed ready"
STEPS = {
    State.IDLE: "waiting until its lease counts",
    State.STARTING: "connecting to the exchange",
    State.WARMING: "warming",
    State.ACTIVE: "active",
    State.STOPPING: "stopping",
    State.STOPPED: "stopped",
}


#: Waits for the lease of an opening, and gives the instance that has it with what makes its feed.
Claim = Callable[["Service", Opening], tuple[Instance, FeedMaker]]


@dataclass(frozen=True, slots=True)
class Order:
    """What to serve. `open()` looks it up and may fail; `admin`: who answers for it, None for whom settings name.

    `simulator`: where it is simulated, if whoever ordered it has said so. `claim`: how it gets the lease, None: as it
    is free. `is_standby`: it waits for the lease again whenever it has given it to another.
    """

    exchange: str
    open: Callable[[], Opening]
    who: str = ""
    admin: Admin | None = None
    simulator: str | None = None
    claim: Claim | None = None
    is_standby: bool = False

    @property
    def again(self) -> Order:
        """For whoever had it already and begins it again: it is claimed as it is free, and taken over from nobody."""
        return self if self.is_standby else replace(self, claim=None)


class HandOver:
    """The holder's side of one. `by`: who, for people; `settled`: what came of it is known; `error`: what is wrong."""

    def __init__(self, to: str, host: str, by: str) -> None:
        self.to, self.host, self.by = to, host, by
        self.settled = threading.Event()
        self.error = ""

    @property
    def reason(self) -> str:
        """As it stands in the log."""
        return f"handed over to {self.host} by {self.by}"


class Service:
    """`error`: what ended it, None while it runs and after a stop in order. `is_stopping`: somebody has asked for that.

    `has_begun`: the main thread has it, or is about to. `doing`: what it is at before it has a lease; `is_warm`: of a
    standby, None for others. `start_reason` stands in the log. `handing_over`: to whom, once a hand-over has begun.
    `resumes`: it was served before, and is begun again once that can be.
    """

    def __init__(self, order: Order, stop_seconds: float) -> None:
        self.order = order
        self.signals = StopSignals(order.exchange, stop_seconds, catches=False)
        self.reins = Reins()
        self.instance: Instance | None = None
        self.feed: Callable[[], Feed | None] = lambda: None
        self.error: BaseException | None = None
        self.ended = threading.Event()
        self.is_stopping = False
        self.has_begun = False
        self.exchange_id: int | None = None
        self.doing = CLAIMING
        self.is_warm: bool | None = None
        self.start_reason = "start"
        self.handing_over: HandOver | None = None
        self.takeover: Takeover | None = None
        self.resumes = False

    @property
    def step(self) -> str:
        """What it is at, for people."""
        instance = self.instance
        if instance is None:
            return self.doing
        if self.reins.paused is not None:
            return f"paused by {self.reins.paused.by}"
        if instance.state is State.IDLE and instance.valid():
            return MAKING_READY
        held_up: str = getattr(self.feed(), "held_up", "") if instance.state in BEGINS else ""
        return f"{STEPS[instance.state]}: {held_up}" if held_up else STEPS[instance.state]

    @property
    def origin(self) -> dict[str, str]:
        """Who has commanded it, as a field of its payload; none where nobody has."""
        by = self.takeover.by if self.takeover is not None else self.order.who
        return {COMMANDED_BY: by[:TEXT_MAX]} if by else {}

    @property
    def is_standby(self) -> bool:
        """Does it wait for a lease that another holds, ready for it?"""
        return self.instance is None and self.is_warm is not None

    @property
    def takes_over_for(self) -> str | None:
        """Who has told it to take the exchange over, until it has the lease; None for nobody."""
        return self.takeover.by if self.instance is None and self.takeover is not None else None

    @property
    def role(self) -> Role:
        """Of a process that has it, for reports."""
        if self.is_standby:
            return "standby"
        return "waiting" if self.takes_over_for is not None else "serving"

    @property
    def is_active(self) -> bool:
        """Does it serve, and is nobody about to end it?"""
        instance = self.instance
        return instance is not None and instance.state is State.ACTIVE and not self.is_stopping

    def stop(self, reason: str) -> None:
        """Stop it at whatever stage it is, and wait until it has; ends the process where it hangs."""
        self.is_stopping = True
        if self.has_begun:
            self.signals.ask(reason)

    def await_active(self, look: Callable[[], object]) -> bool:
        """Wait for it, looking meanwhile: `look()` raises to end the wait. False: it has ended instead."""
        while not self.ended.wait(LOOK_SECONDS):
            look()
            if self.is_active:
                return True
        return False
