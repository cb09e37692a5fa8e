"""How a target does what it is told: one handler for each kind, one job for each command."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from perseus.control.command import Command, Kind
from perseus.errors import PerseusError


class Refused(PerseusError):
    """Raised by a handler that will not do it. Nothing was done."""


class Cancelled(PerseusError):
    """Raised within a job that a stop, or the end of its process, has ended."""


@dataclass(frozen=True, slots=True)
class Done:
    """A command was done. `text`: for people; `data`: what else there is, JSON-able."""

    text: str
    data: Mapping[str, Any] = field(default_factory=dict)


class Tells(Protocol):
    """Records how far a job has come."""

    def __call__(self, job: Job, step: str, percent: int | None, data: Mapping[str, Any]) -> None: ...


class Job:
    """One command that was accepted. `cancelled`: set when it shall end; `why`: then says who ended it."""

    def __init__(self, command: Command, tell: Tells) -> None:
        self.command = command
        self.cancelled = threading.Event()
        self.why = ""
        self._tell = tell

    @property
    def who(self) -> str:
        """Who commanded it, for people and logs."""
        command = self.command
        return f"{command.by_name} ({command.by})" if command.by_name else command.by

    def step(self, text: str, percent: int | None = None, **data: object) -> None:
        """It is at this now; shown to whoever waits for it. Raises Cancelled when it has been."""
        self.check()
        self._tell(self, text, percent, data)

    def check(self) -> None:
        """Raise Cancelled when it has been."""
        if self.cancelled.is_set():
            raise Cancelled(self.why)

    def wait(self, seconds: float) -> None:
        """Sleep. Raises Cancelled when it has been, also before."""
        if self.cancelled.wait(seconds):
            raise Cancelled(self.why)

    def cancel(self, why: str) -> None:
        """Ask it to end; `why` is a sentence for people."""
        self.why = self.why or why
        self.cancelled.set()


Work = Callable[[], Done]
Handler = Callable[[Job], Done | Work]


class Registry:
    """Which handler does what.

    Handlers are called on the agent's thread, in the order of commands, and are quick: what takes long they give back
    as a callable, which runs on a thread of its own. Both may raise Refused, Cancelled and any PerseusError, whose text
    is shown to whoever commanded.
    """

    def __init__(self) -> None:
        self._handlers: dict[Kind, Handler] = {}

    def add(self, kind: Kind, handler: Handler) -> None:
        """From now on `handler` does commands of that kind."""
        self._handlers[kind] = handler

    def find(self, kind: Kind) -> Handler:
        """Raises Refused where this process has none."""
        handler = self._handlers.get(kind)
        if handler is None:
            raise Refused(f"This process cannot do that ({kind.value.replace('_', ' ')}): its version may be older.")
        return handler
