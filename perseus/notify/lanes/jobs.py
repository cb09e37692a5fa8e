"""What a lane may have to send: the next step of the plan, a drill, a dead letter once more, a piece of the past."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from perseus.notify.lanes.commit import Commit
from perseus.notify.lanes.sending import Sent
from perseus.notify.notification import Notification
from perseus.notify.outcomes import Outcome
from perseus.notify.planning.memory import Memory
from perseus.notify.planning.steps import Edit, Step


@dataclass(frozen=True, slots=True)
class Job:
    """One message. `is_once`: no retry, a person waits for the result; `refused(why)`: it cannot be sent soon.

    `settle(commit, sent)` adds what is written when it is settled, `sent` being None for what needed no message.
    `applied(sent)` is called once that is written. `letter`: the id of the dead letter that is sent again.
    """

    notifications: tuple[Notification, ...]
    settle: Callable[[Commit, Sent | None], None]
    applied: Callable[[Sent | None], None]
    edit: Edit | None = None
    is_once: bool = False
    refused: Callable[[str], object] | None = None
    letter: str = ""


def with_refs(step: Step, sent: Sent | None) -> Mapping[str, Memory]:
    """The memories of a step, with the name that the service gave its message."""
    memories = dict(step.memories)
    ref = sent.delivery.ref if sent is not None and sent.result.outcome is Outcome.DONE else None
    for name in step.remembers_ref if ref else ():
        memory = memories.get(name)
        if memory is not None and memory.incident is not None:
            incident = memory.incident.model_copy(update={"ref": ref})
            memories[name] = memory.model_copy(update={"incident": incident})
    return memories
