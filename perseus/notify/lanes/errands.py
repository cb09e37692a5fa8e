"""What a lane does for people: probe, test, dry run, replay, dead letters sent again or away, resume.

What goes out goes the ordinary way, through limiter, deadline, ledger; a test shows what an alert would do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from perseus import keys
from perseus.errors import PerseusError, told
from perseus.notify import orders
from perseus.notify.configuration import Destination
from perseus.notify.delivery import BreakerState
from perseus.notify.lanes import letters
from perseus.notify.lanes.attempt import Result
from perseus.notify.lanes.carrier import Carrier
from perseus.notify.lanes.circuit import Turn
from perseus.notify.lanes.commit import Commit
from perseus.notify.lanes.course import Course
from perseus.notify.lanes.jobs import Job
from perseus.notify.lanes.pen import Pen
from perseus.notify.lanes.replaying import Replay
from perseus.notify.lanes.sending import Sending, Sent
from perseus.notify.lanes.surroundings import Surroundings
from perseus.notify.notification import Notification
from perseus.notify.orders import Answer, Order, What
from perseus.notify.outcomes import Outcome
from perseus.notify.system import DISPATCHER
from perseus.notify.texts import samples, wording
from perseus.notify.texts.templates import rendered
from perseus.notify.told import lookup

PATIENCE_MS = 30_000
RETENTION_MS = 90 * 24 * 3_600_000

Do = Callable[[Course, Order], Answer | None]


class Errands:
    """Carries out the orders of one destination. Every call raises what `Pen.write` raises."""

    def __init__(
        self, destination: Callable[[], Destination], sending: Sending, carrier: Carrier, pen: Pen, around: Surroundings
    ) -> None:
        self._destination = destination
        self._sending = sending
        self._carrier = carrier
        self._pen = pen
        self._around = around
        self._known: Mapping[str, Do] = {
            What.PROBE: self._probe,
            What.TEST: self._test,
            What.DRY_RUN: self._dry_run,
            What.REPLAY: self._replay,
            What.REDRIVE: self._redrive,
            What.DISCARD: self._discard,
            What.RESUME: self._resume,
        }

    @property
    def key(self) -> str:
        """The list that holds the orders."""
        return keys.destination(self._pen.holding.destination, "orders")

    def serve(self, course: Course) -> bool:
        """Carry out the oldest order. False when there is none."""
        order = orders.take(self._around.client, self.key)
        if order is None:
            return False
        do = self._known.get(order.what)
        if self._around.now_ms() - order.at_ms > orders.KEPT_MS:
            return True  # nobody waits for it any more
        found = Answer(False, f"No dispatcher knows the order {order.what!r}.") if do is None else do(course, order)
        if found is not None:
            self._write(course, order, found)
        return True

    def refuse(self, course: Course, job: Job, why: str) -> None:
        """What a person waits for cannot be sent soon."""
        course.asked.remove(job)
        if job.refused is not None:
            job.refused(why)

    def _write(
        self, course: Course, order: Order, found: Answer, commit: Commit | None = None, turn: Turn | None = None
    ) -> None:
        commit = commit or Commit()
        self._note(commit, order, found)
        self._pen.write(course, commit, turn, lambda: self._reply(order, found))

    def _note(self, commit: Commit, order: Order, found: Answer) -> None:
        about = {"what": "order", "order": order.id, "orderKind": order.what, "by": order.by}
        result = {"result": found.text, "ok": "1" if found.ok else "", "worker": self._pen.holding.worker}
        commit.history(about | result)

    def _reply(self, order: Order, found: Answer) -> None:
        key = keys.destination_answer(self._pen.holding.destination, order.id)
        done = Answer(found.ok, found.text, found.detail, self._around.now_ms())
        orders.reply(self._around.client, key, done)

    def _probe(self, course: Course, order: Order) -> Answer:
        if not self._sending.outlet.can_probe:
            return Answer(False, "This kind of destination cannot be probed. Send a test instead.")
        wait_ms = self._sending.outlet.limiter.wait_ms(self._around.now_ms())
        if wait_ms > 0:
            return Answer(False, f"A limit of the service forbids it for {wait_ms / 1000:.0f} s.")
        if course.circuit.breaker.state is BreakerState.OPEN:
            result = self._carrier.probe(course, is_all=True)
        else:
            result = self._sending.probe()
        text = told(result.value)[:500] if isinstance(result.value, str) else "The way is open."
        return Answer(True, text) if result.outcome is Outcome.DONE else _failed(result)

    def _test(self, course: Course, order: Order) -> None:
        destination, now_ms = self._destination(), self._around.now_ms()
        drill = rendered(samples.drill(destination.id, order.by, now_ms), destination.policy)
        found: list[Answer] = []

        def settle(commit: Commit, sent: Sent | None) -> None:
            found.append(_of_test(sent))
            self._note(commit, order, found[-1])

        def applied(_: Sent | None) -> None:
            course.asked.remove(job)
            self._reply(order, found[-1])

        def refused(why: str) -> None:
            self._write(course, order, Answer(False, f"Nothing was sent: {why}."))

        job = Job((drill,), settle, applied, is_once=True, refused=refused)
        course.asked.append(job)

    def _dry_run(self, course: Course, order: Order) -> Answer:
        try:
            notification = self._of(order)
        except PerseusError as error:
            return Answer(False, str(error))
        result = self._sending.preview((notification,))
        if result.outcome is not Outcome.DONE:
            return _failed(result)
        detail = {"title": notification.title, "text": notification.text}
        return Answer(True, "This would be sent.", detail if result.value is None else result.value)

    def _of(self, order: Order) -> Notification:
        destination, name = self._destination(), order.args.get("event")
        if name is None:
            made = samples.drill(destination.id, order.by, self._around.now_ms())
        else:
            event = lookup.event(self._around.client, self._around.exchanges(), str(name))
            made = wording.plain(destination.id, event)
        return rendered(made, destination.policy)

    def _replay(self, course: Course, order: Order) -> Answer:
        from_ms, now_ms = order.args.get("fromMs"), self._around.now_ms()
        if isinstance(from_ms, bool) or not isinstance(from_ms, int) or not 0 <= from_ms <= now_ms:
            return Answer(False, "Say from when on: a time that has passed.")
        begins_ms = max(from_ms, now_ms - RETENTION_MS)
        until = {name: mark for name, mark in course.inbox.marks.items() if name != DISPATCHER.name}
        course.replay = Replay(self._around.client, begins_ms, until, {})
        course.book.put(replay=course.replay.text({}), replayFrom=str(begins_ms))
        return Answer(True, "What happened since then is sent again, marked, as limits allow.")

    def _redrive(self, course: Course, order: Order) -> Answer:
        found = letters.read(self._around.client, self._destination().id, order.args.get("ids"))
        queued = {job.letter for job in course.letters}
        new = [letters.job(letter, course) for letter in found if letter.id not in queued]
        course.letters.extend(new)
        return _counted(len(new), "{} sent again, as limits allow.", "There is none to send again.")

    def _discard(self, course: Course, order: Order) -> Answer | None:
        found = letters.ids(self._around.client, self._destination().id, order.args.get("ids"))
        commit = Commit()
        for at in range(0, len(found), letters.AT_ONCE):
            commit.add("XDEL", "dead", *found[at : at + letters.AT_ONCE])
        answer = _counted(len(found), "{} thrown away.", "There is none to throw away.")
        self._write(course, order, answer, commit)
        return None

    def _resume(self, course: Course, order: Order) -> None:
        turn = course.circuit.resume(self._around.now_ms())
        text = "It is sent to again." if turn is not None else "Its breaker was closed already."
        self._write(course, order, Answer(True, text), turn=turn)


def _of_test(sent: Sent | None) -> Answer:
    assert sent is not None
    if sent.result.outcome is not Outcome.DONE:
        return _failed(sent.result)
    return Answer(True, "Delivered, marked as a drill.", {"ref": sent.delivery.ref, "url": sent.delivery.url})


def _failed(result: Result) -> Answer:
    return Answer(False, f"It failed: {result.reason or result.outcome}.", {"status": result.status})


def _counted(count: int, some: str, none: str) -> Answer:
    if not count:
        return Answer(False, none)
    return Answer(True, some.format("1 dead letter is" if count == 1 else f"{count:,} dead letters are"))
