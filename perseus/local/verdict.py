"""What `perseus up` makes of a child that ended."""

from __future__ import annotations

from dataclasses import dataclass

from perseus.errors import EXIT_HELD, EXIT_LOST, EXIT_MEMORY
from perseus.local.child import Task
from perseus.local.embedded import ended_by


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the task is begun again, and what to tell people."""

    again: bool
    text: str


def of(task: Task, code: int, start_again: str) -> Verdict:
    """Judge one end. `start_again` is the command line that people would type to start the task themselves.

    The web and the watcher always come back. An ingest process comes back only when it gave up a lost lease in
    order: one that was killed or failed is what the network is there to show.
    """
    if task.exchange is None and code == EXIT_MEMORY:
        return Verdict(True, f"{task.name} took more memory than it may, and is started again.")
    if task.exchange is None:
        return Verdict(True, f"{task.name} ended ({ended_by(code)}) and is started again.")
    if code == 0:
        return Verdict(False, f"{task.name} stopped. Start it again: {start_again}")
    if code == EXIT_LOST:
        return Verdict(True, f"{task.name} lost its lease and is started again.")
    if code == EXIT_HELD:
        return Verdict(False, f"{task.exchange} is held by another process. When it is free: {start_again}")
    if code < 0:
        shown = "The page shows it as Offline when its lease has run out."
        return Verdict(False, f"{task.name} was {ended_by(code)}. {shown} Start it again: {start_again}")
    return Verdict(False, f"{task.name} failed ({ended_by(code)}). Start it again: {start_again}")
