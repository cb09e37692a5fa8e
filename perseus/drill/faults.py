"""The faults that a drill makes to the instance that holds its exchange."""

from __future__ import annotations

import signal
from typing import Protocol

from perseus.drill.cable import Cable
from perseus.drill.runner import Runner

PAUSE, KILL, CUT, FAILOVER = "pause", "kill", "cut", "failover"
ALL = (PAUSE, KILL, CUT, FAILOVER)


class Fault(Protocol):
    """One way for a holder to be gone. `survives`: it is still there in the end, and must have noticed."""

    name: str
    survives: bool

    def strike(self, holder: Runner) -> None:
        """Make it."""

    def mend(self, holder: Runner) -> None:
        """End it, once another holds the exchange."""


class Pause:
    """SIGSTOP, as a virtual machine that is moved, or a long collection of garbage."""

    name, survives = PAUSE, True

    def strike(self, holder: Runner) -> None:
        holder.signal(signal.SIGSTOP)

    def mend(self, holder: Runner) -> None:
        holder.signal(signal.SIGCONT)


class Kill:
    """SIGKILL, as a crash."""

    name, survives = KILL, False

    def strike(self, holder: Runner) -> None:
        holder.signal(signal.SIGKILL)

    def mend(self, holder: Runner) -> None:
        """A dead process stays dead."""


class Cut:
    """Nothing passes between the holder and the store; both live."""

    name, survives = CUT, True

    def __init__(self, cable: Cable) -> None:
        self._cable = cable

    def strike(self, holder: Runner) -> None:
        self._cable.cut()

    def mend(self, holder: Runner) -> None:
        self._cable.heal()
