"""What a lane knows from taking over its destination until it loses it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from perseus.notify import outlook
from perseus.notify.lanes import position
from perseus.notify.lanes.book import Book
from perseus.notify.lanes.breaker import Breaker
from perseus.notify.lanes.circuit import Circuit
from perseus.notify.lanes.commit import Commit
from perseus.notify.lanes.inbox import Inbox
from perseus.notify.lanes.jobs import Job
from perseus.notify.lanes.position import Position
from perseus.notify.lanes.replaying import Replay
from perseus.notify.lanes.surroundings import Surroundings
from perseus.notify.outlook import Outlook
from perseus.notify.planning.memory import Memory
from perseus.notify.planning.settling import primed
from perseus.notify.planning.steps import Step
from perseus.notify.told.standing import SINCE, Mark


@dataclass
class Course:
    """`turn`, `token`: of the lease under which it goes on. `waited`: messages queued while a limit was waited for.

    `single`: so many messages are sent one by one, since one of them spoils the batch. `notices`: steps of our own,
    told before the plan. `asked`: what people wait for; `has_orders`: they may have ordered more. `letters`: dead
    letters that are sent again. `edited`, `edits`: the edit that was tried last, and how often.
    """

    inbox: Inbox
    memories: dict[str, Memory]
    circuit: Circuit
    book: Book
    outlook: Outlook
    turn: int = 0
    token: int = 0
    replay: Replay | None = None
    notices: deque[Step] = field(default_factory=deque)
    has_orders: bool = True
    asked: deque[Job] = field(default_factory=deque)
    letters: deque[Job] = field(default_factory=deque)
    waited: bool = False
    single: int = 0
    edited: str = ""
    edits: int = 0
    has_looked: bool = False


def begin(destination: str, found: Position, around: Surroundings, earlier: Course | None) -> Course:
    """The course of a new holder. What is to be written first is for `first_commit`.

    `earlier`: that of the same process before it lost the destination; it stands in for what the store has lost.
    """
    since_ms, marks, memories = found.since_ms, dict(found.marks), dict(found.memories)
    seen = around.outlook()
    if since_ms is None and earlier is not None:
        since_ms, marks, memories = earlier.inbox.since_ms, dict(earlier.inbox.marks), dict(earlier.memories)
    elif since_ms is None:
        since_ms, marks, memories = _now(found, around)
    return Course(
        Inbox(around.client, since_ms, marks),
        memories,
        Circuit(destination, Breaker.read(found.state), around.chance),
        Book(found.state),
        seen,
        replay=Replay.read(around.client, found.state.get("replay", "")),
    )


def first_commit(course: Course, found: Position) -> Commit:
    """Where it begins, when that does not stand in the store."""
    commit = Commit()
    if found.since_ms is None:
        places = {name: f"{mark.stream_id} {'' if mark.seq is None else mark.seq}" for name, mark in _known(course)}
        commit.places({SINCE: str(course.inbox.since_ms), **places})
        commit.memories(course.memories)
    return commit


def _known(course: Course) -> list[tuple[str, Mark]]:
    return list(course.inbox.marks.items())


def _now(found: Position, around: Surroundings) -> tuple[int, dict[str, Mark], dict[str, Memory]]:
    """A destination begins with what happens from now on; what was before only says how things stood."""
    newest = outlook.newest_events(around.client, around.exchanges())
    marks: dict[str, Mark] = {}
    memories: Mapping[str, Memory] = {name: primed(event) for name, event in newest.items()}
    for name, event in newest.items():
        marks[name] = Mark(event.stream_id, position.number(event.fields.get("seq")))
    return found.now_ms, marks, dict(memories)
