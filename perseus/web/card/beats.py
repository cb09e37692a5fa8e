"""The last heartbeat of an instance: how old, in which colour, and whether that is late."""

from __future__ import annotations

from typing import NamedTuple, Self

from perseus.network.view.directory import Condition, ExchangeStatus
from perseus.settings import Settings
from perseus.web import moments, words
from perseus.web.moments import Moment

LATE_AFTER_HEARTBEATS = 1.5


class Limits(NamedTuple):
    """Ages in milliseconds: a heartbeat is green below `green_ms`, yellow below `yellow_ms` (DIFF-02), red from there.

    An active instance whose feed brought nothing for longer than `silent_ms` is said to have a silent feed. For
    `settle_ms` after a lease ended that nobody released no claim is granted.
    """

    green_ms: int = 10_000
    yellow_ms: int = 30_000
    silent_ms: int = 30_000
    settle_ms: int = 0

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The limits that were set."""
        s = settings
        seconds = (s.heartbeat_green_seconds, s.heartbeat_yellow_seconds, s.feed_silent_seconds, s.settle_seconds)
        return cls(*(round(each * 1000) for each in seconds))

    def grade(self, age_ms: int) -> str:
        """The colour of a heartbeat of this age."""
        if age_ms < self.green_ms:
            return "green"
        return "yellow" if age_ms < self.yellow_ms else "red"


LIMITS = Limits()


class Beat(NamedTuple):
    """The last heartbeat: its colour (`green`, `yellow`, `red`) and whether it is late for this instance."""

    at_ms: int
    grade: str
    late: bool

    @property
    def at(self) -> Moment | None:
        """When it was."""
        return moments.ago(self.at_ms)


def beat(status: ExchangeStatus, now_ms: int, limits: Limits) -> Beat | None:
    """The last heartbeat of a live instance; None where none lives."""
    told, age_ms = status.status, status.heartbeat_age_ms
    if told is None or age_ms is None:
        return None
    at_ms = _steady(moments.read(told.last_heartbeat), now_ms - age_ms)
    return Beat(at_ms, limits.grade(age_ms), age_ms > told.heartbeat_seconds * LATE_AFTER_HEARTBEATS * 1000)


def is_silent(status: ExchangeStatus, last: Beat | None, now_ms: int, limits: Limits) -> bool:
    """Does it say active, while its feed brings nothing? Where heartbeats are late, nothing is known of the feed."""
    if status.condition is not Condition.ACTIVE or status.status is None or last is None or last.late:
        return False
    message_ms = moments.read(status.status.last_message_at)
    return message_ms is not None and now_ms - message_ms > limits.silent_ms


def _steady(told_ms: int | None, judged_ms: int) -> int:
    # The judged moment wavers by the milliseconds between two reads, and would change the page with every poll.
    return told_ms if told_ms is not None and abs(told_ms - judged_ms) < words.SECOND else judged_ms
