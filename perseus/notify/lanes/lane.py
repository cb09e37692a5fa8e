"""One destination's lane: what is to be told, in order, one message at a time.

`step` does one thing and says until when to rest. Time comes from outside; a thread of the lane's own runs it.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace

from perseus.notify.configuration import Destination
from perseus.notify.lanes import course as courses
from perseus.notify.lanes import position
from perseus.notify.lanes.breaker import Breaker
from perseus.notify.lanes.carrier import Carrier, Closed
from perseus.notify.lanes.commit import Commit
from perseus.notify.lanes.course import Course
from perseus.notify.lanes.errands import PATIENCE_MS, Errands
from perseus.notify.lanes.holding import Holding, NotHeld
from perseus.notify.lanes.jobs import Job, with_refs
from perseus.notify.lanes.mending import Mender
from perseus.notify.lanes.outlet import Outlet
from perseus.notify.lanes.pen import Pen
from perseus.notify.lanes.replaying import Replay
from perseus.notify.lanes.sending import Sending, Sent
from perseus.notify.lanes.surroundings import Surroundings
from perseus.notify.outcomes import Outcome
from perseus.notify.planning.steps import Situation, Step

log = logging.getLogger(__name__)

HELD_MAX = 100
AT_ONCE = 0
BLAME_SECONDS, LONGEST_BLAME_SECONDS = 60.0, 3_600.0

#: Unix ms of the store until which there is nothing to do, unless it is woken. None: until it is woken.
Until = int | None


class Lane:
    """Sends for one destination while `holding` has it. `fingerprint`: changes with what a person can mend."""

    def __init__(
        self, destination: Destination, fingerprint: str, sending: Sending, holding: Holding, around: Surroundings
    ) -> None:
        self.destination = destination
        self.holding = holding
        self._fingerprint = fingerprint
        self._sending = sending
        self._around = around
        self._pen = Pen(holding, around)
        self._carrier = Carrier(sending, self._pen, around)
        self._errands = Errands(lambda: self.destination, sending, self._carrier, self._pen, around)
        self._mender = Mender(self._pen, around)
        self._heard: deque[str] = deque()
        self._course: Course | None = None

    @property
    def outlet(self) -> Outlet:
        """What it sends with."""
        return self._sending.outlet

    def heard(self, names: Iterable[str]) -> None:
        """The logs of these exchanges have grown. From any thread."""
        self._heard.extend(names)

    def change(self, destination: Destination, fingerprint: str) -> None:
        """Its policy, its pause or its revision is another now. From any thread."""
        self.destination, self._fingerprint = destination, fingerprint

    def step(self) -> Until:
        """Do one thing. Raises StoreUnavailable, StoreRefused, StoreCorrupt; it is then to be called again later."""
        try:
            course = self._on_course()
            self._pen.finish()
            self._resume_if_changed(course)
            self._gather(course)
            if course.has_orders:
                course.has_orders = self._errands.serve(course)
                return AT_ONCE
            return self._advance(course)
        except NotHeld:
            return None

    def blame(self, reason: str) -> None:
        """The process ends because of this destination: leave it, its breaker open. Any thread; errors as `step`."""
        course, now_ms = self._course, self._around.now_ms()
        before = Breaker() if course is None else course.circuit.breaker
        seconds = min(LONGEST_BLAME_SECONDS, BLAME_SECONDS * 2.0**before.failures)
        breaker = before.opened(reason, now_ms, seconds)
        commit = Commit()
        commit.state({**breaker.fields(), "updatedAt": str(now_ms)})
        entry = {"what": "breaker", "state": breaker.state, "reason": reason, "worker": self.holding.worker}
        commit.history(entry)
        self.holding.leave(commit)

    def _on_course(self) -> Course:
        """The present course, or a new one after somebody else may have held the destination."""
        turn, token, course = self.holding.turn, self.holding.token, self._course
        if token is None:
            raise NotHeld(self.destination.id)
        if course is not None and turn != course.turn and token == course.token + 1:
            course.turn, course.token = turn, token  # the lease ran out, and nobody took it in between
        if course is None or course.turn != turn:
            self._pen.forget()
            course = self._take_over(turn, token)
        return course

    def _take_over(self, turn: int, token: int) -> Course:
        found = position.read(self._around.client, self.destination.id)
        course = courses.begin(self.destination.id, found, self._around, self._course)
        course.turn, course.token = turn, token
        commit = courses.first_commit(course, found)
        course.book.put(kind=self.destination.kind, worker=self.holding.worker, problem="")
        culprit, opened = self._sending.take_over(found), None
        if culprit is not None:
            opened = course.circuit.park(culprit, self._around.now_ms())
            commit.add("HSET", "inflight", "flights", 0)
        self._pen.write(course, commit, opened)
        self._course = course
        return course

    def _resume_if_changed(self, course: Course) -> None:
        """Who changed the destination has acted: its breaker need not stay as it is."""
        before = course.book.put(revision=self._fingerprint)
        if before.get("revision", self._fingerprint) != self._fingerprint:
            self._pen.write(course, Commit(), course.circuit.resume(self._around.now_ms()))

    def _gather(self, course: Course) -> None:
        """Take in what was heard and seen, and read what is new."""
        course.inbox.heard([self._heard.popleft() for _ in range(len(self._heard))])
        seen = self._around.outlook()
        is_new = seen is not course.outlook or not course.has_looked
        if is_new:
            course.outlook, course.has_looked = seen, True
            course.inbox.looked(seen)
            course.has_orders = course.has_orders or self._errands.key in seen.ordered
        course.inbox.read(self._around.exchanges())
        self._mender.look(course, is_new=is_new)

    def _advance(self, course: Course) -> Until:
        if course.asked:
            return self._try(course, course.asked[0])
        if course.notices:
            return self._carry_out(course, self._notice(course))
        found = self._around.plan(self._situation(course))
        if isinstance(found, Step):
            return self._carry_out(course, self._job(course, found))
        if not self.destination.is_paused:
            extra = course.letters[0] if course.letters else self._of_the_past(course)
            if extra is not None:
                return self._carry_out(course, extra)
            if self._carrier.must_probe(course) and self._carrier.closed(course) is None:
                self._carrier.probe(course, is_all=True)
                return AT_ONCE
        return self._rest(course, found.until_ms, found.held)

    def _carry_out(self, course: Course, job: Job) -> Until:
        if job.notifications or job.edit is not None:
            return self._try(course, job)
        self._carrier.settle(course, job)
        return AT_ONCE

    def _notice(self, course: Course) -> Job:
        def applied(_: Sent | None) -> None:
            course.notices.popleft()

        return replace(self._job(course, course.notices[0]), applied=applied)

    def _of_the_past(self, course: Course) -> Job | None:
        """The next piece of a replay; None when there is none, or no more."""
        if course.replay is None:
            return None
        pending = course.replay.pending(self._around.exchanges())
        step = self._around.plan(replace(self._situation(course), pending=pending, is_replay=True)) if pending else None
        if isinstance(step, Step):
            return self._again(course, course.replay, step)
        course.replay = None
        course.book.put(replay="", replayFrom="")
        return None

    def _try(self, course: Course, job: Job) -> Until:
        closed = self._carrier.closed(course, is_once=job.is_once)
        if closed is not None and job.is_once and not self._is_soon(closed):
            self._errands.refuse(course, job, closed.why)
            return AT_ONCE
        if closed is not None:
            return self._rest(course, closed.until_ms, _waiting(course, closed))
        is_probed = not job.is_once and self._carrier.must_probe(course)
        if is_probed and self._carrier.probe(course, is_all=False).outcome is not Outcome.DONE:
            return AT_ONCE
        course.circuit.breaker = course.circuit.breaker.trying()
        self._carrier.carry(course, job)
        return AT_ONCE

    def _is_soon(self, closed: Closed) -> bool:
        return closed.until_ms is not None and closed.until_ms - self._around.now_ms() <= PATIENCE_MS

    def _rest(self, course: Course, until_ms: Until, held: Mapping[str, str]) -> Until:
        """Nothing to do: let people see how it stands."""
        course.book.queue(course.inbox.pending, course.outlook.newest)
        course.book.held(held)
        course.book.put(paused="1" if self.destination.is_paused else "")
        self._pen.write(course, Commit(), is_urgent=False)
        return until_ms

    def _situation(self, course: Course) -> Situation:
        inbox, outlet = course.inbox, self._sending.outlet
        return Situation(
            destination=self.destination,
            configuration=self._around.configuration(),
            pending=inbox.pending,
            memories=course.memories,
            maintenance=inbox.maintenance,
            now_ms=self._around.now_ms(),
            max_batch=1 if course.single else outlet.kind.max_batch,
            can_update=outlet.can_update,
            is_behind_limit=course.waited,
        )

    def _job(self, course: Course, step: Step) -> Job:
        def settle(commit: Commit, sent: Sent | None) -> None:
            commit.cursor(step.cursor)
            commit.memories(with_refs(step, sent))
            told = sent.delivery.notification if sent is not None else ""
            commit.decisions(step.decisions, told, self.holding.worker)

        def applied(sent: Sent | None) -> None:
            course.memories |= with_refs(step, sent)
            course.inbox.settle(step.cursor)
            course.single = max(0, course.single - 1) if sent is not None else course.single

        return Job(step.notifications, settle, applied, step.edit)

    def _again(self, course: Course, replay: Replay, step: Step) -> Job:
        def settle(commit: Commit, sent: Sent | None) -> None:
            told = sent.delivery.notification if sent is not None else ""
            commit.decisions(step.decisions, told, self.holding.worker)
            course.book.put(replay=replay.text(step.cursor))

        def applied(_: Sent | None) -> None:
            replay.settle(step.cursor)

        return Job(step.notifications, settle, applied)


def _waiting(course: Course, closed: Closed) -> dict[str, str]:
    """Why each event waits, by its name, while nothing may be sent."""
    names = [event.name for events in course.inbox.pending.values() for event in events[:HELD_MAX]]
    return dict.fromkeys(names[:HELD_MAX], closed.why)
