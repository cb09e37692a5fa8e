"""Who is told what happens to an instance. The plugin manager's side of it is `perseus.pluginhost.calling.hooks`."""

from __future__ import annotations

from typing import Protocol

from perseus.errors import Holder
from perseus.network.exchange import Exchange
from perseus.network.payload import InstanceStatus
from perseus.network.states import State


class Observer(Protocol):
    """Called from any thread of the ingest process; must neither block nor raise."""

    def registered(self, status: InstanceStatus) -> None:
        """The claim succeeded."""

    def refused(self, exchange: Exchange, holder: Holder) -> None:
        """Another instance holds the exchange."""

    def state_changed(self, status: InstanceStatus, from_state: State, to_state: State, reason: str) -> None:
        """A transition is in the activity log and in the payload."""

    def error_reported(self, status: InstanceStatus, error: str, count: int) -> None:
        """An error is on its way into the activity log: the first of its kind, or `count` repeats."""

    def heartbeat_late(self, status: InstanceStatus, seconds: float) -> None:
        """No heartbeat was answered for `seconds`: take on nothing new."""

    def lease_lost(self, status: InstanceStatus, reason: str, holder: Holder | None) -> None:
        """The instance may not act for its exchange now; it may get the lease back, unless another has it."""

    def lease_regained(self, status: InstanceStatus) -> None:
        """It may act again: the same lease was renewed in time."""

    def deregistered(self, status: InstanceStatus, reason: str) -> None:
        """The lease was given back."""


class NullObserver:
    """Tells nobody."""

    def registered(self, status: InstanceStatus) -> None: ...

    def refused(self, exchange: Exchange, holder: Holder) -> None: ...

    def state_changed(self, status: InstanceStatus, from_state: State, to_state: State, reason: str) -> None: ...

    def error_reported(self, status: InstanceStatus, error: str, count: int) -> None: ...

    def heartbeat_late(self, status: InstanceStatus, seconds: float) -> None: ...

    def lease_lost(self, status: InstanceStatus, reason: str, holder: Holder | None) -> None: ...

    def lease_regained(self, status: InstanceStatus) -> None: ...

    def deregistered(self, status: InstanceStatus, reason: str) -> None: ...
