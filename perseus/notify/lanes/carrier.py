"""Carries one job out: when it may, with the edit first, then the message; and writes what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from perseus.notify.delivery import BreakerState
from perseus.notify.lanes.attempt import Result
from perseus.notify.lanes.commit import Commit
from perseus.notify.lanes.course import Course
from perseus.notify.lanes.jobs import Job
from perseus.notify.lanes.pen import After, Pen
from perseus.notify.lanes.sending import SETTLED, Sending, Sent
from perseus.notify.lanes.surroundings import Surroundings
from perseus.notify.notification import Kind
from perseus.notify.outcomes import Outcome
from perseus.notify.system import DEAD_LETTER

HANGING_MS = 5_000
EDITS_MAX = 3
TOO_MANY = 429


@dataclass(frozen=True, slots=True)
class Closed:
    """Nothing may be sent until then (Unix ms of the store; None: until a person acts), and why, for people."""

    until_ms: int | None
    why: str


class Carrier:
    """Sends for one destination. Every call raises NotHeld, StoreUnavailable, StoreRefused, StoreCorrupt."""

    def __init__(self, sending: Sending, pen: Pen, around: Surroundings) -> None:
        self._sending = sending
        self._pen = pen
        self._around = around

    def closed(self, course: Course, *, is_once: bool = False) -> Closed | None:
        """Why nothing may be sent now. What a person asks for once is tried whatever the breaker says."""
        now_ms = self._around.now_ms()
        if self._sending.is_hanging():
            return Closed(now_ms + HANGING_MS, "its notifier hangs in two calls, and no further one is begun")
        breaker = course.circuit.breaker
        if not is_once and not breaker.is_due(now_ms):
            why = "the breaker is open" if breaker.state is not BreakerState.CLOSED else "the last attempt failed"
            return Closed(breaker.retry_ms, f"{why}: {breaker.reason}" if breaker.reason else why)
        wait_ms = self._sending.outlet.limiter.wait_ms(now_ms)
        if wait_ms > 0:
            course.waited = True
            return Closed(now_ms + wait_ms, "a limit of the service is waited for")
        return None

    def must_probe(self, course: Course) -> bool:
        """Is this the try of an open breaker, and can it be made without a message?"""
        return course.circuit.breaker.state is BreakerState.OPEN and self._sending.outlet.can_probe

    def probe(self, course: Course, *, is_all: bool) -> Result:
        """Try the way. `is_all`: nothing waits to be sent, so an answer closes the breaker."""
        result = self._sending.probe()
        now_ms = self._around.now_ms()
        if result.outcome in SETTLED:
            turn = course.circuit.answered(now_ms, is_all=is_all)
        else:
            turn = course.circuit.judge(result, now_ms)
        commit = Commit()
        self._sending.limits(commit)
        self._pen.write(course, commit, turn)
        return result

    def carry(self, course: Course, job: Job) -> Sent | None:
        """Send it, and write down what came of it. None: only the edit was made, or something is to be waited for."""
        if job.edit is not None and not self._edited(course, job):
            return None
        if not job.notifications:
            return None
        sent = self._sending.send(job.notifications)
        self._judge(course, job, sent)
        return sent

    def settle(self, course: Course, job: Job) -> None:
        """Write down a job that needs no message."""
        commit = Commit()
        job.settle(commit, None)
        self._pen.write(course, commit, None, lambda: job.applied(None))

    def _edited(self, course: Course, job: Job) -> bool:
        """Is the edit done with, so that the message may follow?"""
        assert job.edit is not None
        key = f"{job.edit.ref} {job.edit.notification.id} {job.edit.notification.title}"
        if course.edited == key and course.edits >= EDITS_MAX:
            return True
        course.edits = course.edits + 1 if course.edited == key else 1
        course.edited = key
        sent = self._sending.update(job.edit)
        is_done = sent.result.outcome in SETTLED or course.edits >= EDITS_MAX
        if sent.result.outcome is Outcome.WAIT:
            course.edits -= 1
            is_done = False
        if is_done:
            course.edits = EDITS_MAX
        self._note_edit(course, job, sent, is_all=is_done and not job.notifications)
        return is_done

    def _note_edit(self, course: Course, job: Job, sent: Sent, *, is_all: bool) -> None:
        commit = Commit()
        self._sending.note(commit, sent)
        result = sent.result
        if is_all:
            job.settle(commit, sent)
        after: list[After] = [lambda: job.applied(sent)] if is_all else []
        if is_all or result.outcome not in SETTLED:
            self._attempted(course, commit, sent, after)
        turn = course.circuit.judge(result, self._around.now_ms())
        self._pen.write(course, commit, turn, *after)

    def _judge(self, course: Course, job: Job, sent: Sent) -> None:
        result, delivery, commit = sent.result, sent.delivery, Commit()
        after: list[After] = []
        self._sending.note(commit, sent)
        is_spoilt = result.outcome is Outcome.POISON and len(sent.notifications) > 1
        if is_spoilt:
            course.single = len(sent.notifications)
        elif result.outcome in SETTLED or (job.is_once and result.outcome is not Outcome.WAIT):
            job.settle(commit, sent)
            after.append(lambda: job.applied(sent))
            course.edited = ""
            course.waited = False
        self._attempted(course, commit, sent, after)
        if result.outcome is Outcome.POISON and not is_spoilt and not job.is_once:
            commit.dead(delivery, sent.notifications[0])
            after.append(lambda: self._dead(sent))
        course.waited = course.waited or result.outcome is Outcome.WAIT
        turn = course.circuit.judge(result, self._around.now_ms())
        self._pen.write(course, commit, turn, *after)

    def _attempted(self, course: Course, commit: Commit, sent: Sent, after: list[After]) -> None:
        """Record the attempt. A pause that our own limiter asked for is none: nothing went out."""
        result = sent.result
        if result.outcome is Outcome.WAIT and result.status is None:
            return
        commit.attempt(sent.delivery)
        course.book.attempt(sent.delivery)
        after.append(lambda: self._around.observer.finished(sent.delivery))

    def _dead(self, sent: Sent) -> None:
        self._around.observer.dead(sent.delivery)
        if sent.notifications[0].kind is not Kind.SYSTEM:
            # A dead letter about a dead letter would be told back and forth for ever.
            reason = f"{sent.delivery.title}: {sent.delivery.reason}"
            self._around.system.tell(DEAD_LETTER, sent.delivery.destination, reason, self._around.now_ms())
