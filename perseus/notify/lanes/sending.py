"""Sends the messages of one destination: noted down before, judged after, and marked where they may be repeats."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from perseus.notify.delivery import Delivery
from perseus.notify.lanes.attempt import HANGING_MAX, Caller, Result
from perseus.notify.lanes.commit import Commit
from perseus.notify.lanes.holding import Holding
from perseus.notify.lanes.outlet import Outlet, SecondsLeft
from perseus.notify.lanes.position import Position, number
from perseus.notify.notification import Notification
from perseus.notify.outcomes import Outcome
from perseus.notify.planning.steps import Edit
from perseus.notify.told.standing import inflight

CRASHES_MAX = 3
STAGGER_MS = 20_000
SETTLED = (Outcome.DONE, Outcome.POISON)


@dataclass(frozen=True, slots=True)
class Sent:
    """`notifications`: as they went out, marked. `delivery`: the attempt, for the history and for observers."""

    notifications: tuple[Notification, ...]
    result: Result
    delivery: Delivery


class Sending:
    """What is known of messages on their way. `now_ms`: the store's time."""

    def __init__(self, outlet: Outlet, caller: Caller, holding: Holding, now_ms: Callable[[], int]) -> None:
        self.outlet = outlet
        self._caller = caller
        self._holding = holding
        self._now_ms = now_ms
        self._attempts: dict[str, int] = {}
        self._suspects: frozenset[str] = frozenset()

    def take_over(self, position: Position) -> str | None:
        """Know what the last holder knew. Gives a reason not to send on: a message that ended its process each time."""
        left = position.inflight
        self._suspects = frozenset(left.get("suspects", "").split())
        message, flights = left.get("notification", ""), number(left.get("flights")) or 0
        self._attempts = {message: number(left.get("attempt")) or 0} if message else {}
        if flights:
            self._suspects |= {message, *inflight(left)}
        longest_ms = round(self._caller.seconds * 1000)
        recent = arrivals(position.sent_ms, position.now_ms, longest_ms, is_in_flight=flights > 0)
        self.outlet.limiter.restore(position.not_before_ms, recent)
        if flights == CRASHES_MAX - 1:
            self._step_aside(position)
        if flights < CRASHES_MAX:
            return None
        return f"its dispatcher ended {flights} times while it sent the message {message}"

    def _step_aside(self, position: Position) -> None:
        """Whoever ends the process takes others along that are being sent to: the next try is each one's alone."""
        wait_ms = zlib.crc32(self._holding.destination.encode("utf-8")) % STAGGER_MS
        self.outlet.limiter.restore(max(position.not_before_ms, position.now_ms + wait_ms), ())

    def is_hanging(self) -> bool:
        """Do so many calls hang that no further one is begun?"""
        return self._caller.hanging >= HANGING_MAX

    def send(self, notifications: Sequence[Notification]) -> Sent:
        """Deliver these as one message. Raises what `Holding.begin` raises, before anything is sent."""
        marked = tuple(replace(one, is_repeat=one.is_repeat or self._may_repeat(one)) for one in notifications)
        return self._made(marked, partial(self.outlet.send, marked))

    def update(self, edit: Edit) -> Sent:
        """Change a message that was sent. Errors as `send`."""
        return self._made((edit.notification,), partial(self.outlet.update, edit.ref, edit.notification))

    def probe(self) -> Result:
        """Try the way without posting."""
        return self._call(self.outlet.probe, self._caller.deadline())

    def preview(self, notifications: Sequence[Notification]) -> Result:
        """What would be sent: the value of the result, None where the notifier cannot tell. Nothing is sent."""
        return self._caller.call(lambda _: self.outlet.preview(notifications), self._caller.deadline())

    def note(self, commit: Commit, sent: Sent) -> None:
        """Add to the commit what a next holder must know of this message."""
        named = _names(sent.notifications)
        self.limits(commit)
        if sent.result.outcome in SETTLED:
            self._suspects -= named
            self._attempts.clear()
            commit.add("DEL", "inflight")
            if self._suspects:
                commit.add("HSET", "inflight", "suspects", " ".join(sorted(self._suspects)))
            return
        if sent.result.may_have_arrived:
            self._suspects |= named
        suspects = " ".join(sorted(self._suspects))
        attempts = self._attempts.get(sent.delivery.notification, 0)
        commit.add("HSET", "inflight", "flights", 0, "attempt", attempts, "suspects", suspects)
        commit.add("HDEL", "inflight", "events", "sentMs", "worker")

    def limits(self, commit: Commit) -> None:
        """Add to the commit when the next request may go out."""
        commit.add("SET", "not_before", self.outlet.limiter.not_before_ms)

    def _may_repeat(self, notification: Notification) -> bool:
        return not self._suspects.isdisjoint(_names((notification,)))

    def _made(self, marked: tuple[Notification, ...], call: Callable[[SecondsLeft], object]) -> Sent:
        first = marked[0]
        events = tuple(dict.fromkeys(event.name for one in marked for event in one.events))
        number_ = self._attempts.get(first.id, 0) + 1
        deadline = self._caller.deadline()
        self._holding.begin(first.id, events, number_, self._suspects)
        result = self._call(call, deadline)
        if result.outcome is Outcome.WAIT:
            number_ -= 1
        self._attempts = {first.id: number_}
        return Sent(marked, result, self._delivery(marked, events, result, max(1, number_)))

    def _call(self, call: Callable[[SecondsLeft], object], deadline: float) -> Result:
        limiter, now_ms = self.outlet.limiter, self._now_ms()
        before = limiter.recent
        result = self._caller.call(call, deadline)
        is_held_back = result.outcome is Outcome.WAIT and result.status is None
        if limiter.recent == before and not is_held_back:  # a notifier that does not use our client for HTTP
            limiter.sent(now_ms)
        if limiter.recent != before:
            limiter.arrived(self._now_ms())
        if result.outcome is Outcome.WAIT:
            wait_ms = 1_000 if result.after_ms is None else result.after_ms
            limiter.not_before_ms = max(limiter.not_before_ms, self._now_ms() + wait_ms)
        return result

    def _delivery(
        self, marked: Sequence[Notification], events: tuple[str, ...], result: Result, attempt: int
    ) -> Delivery:
        first, more = marked[0], len(marked) - 1
        return Delivery(
            destination=self._holding.destination,
            notification=first.id,
            kind=first.kind,
            title=f"{first.title} (and {more} more)" if more else first.title,
            events=events,
            outcome=result.outcome,
            reason=result.reason,
            status=result.status,
            attempt=attempt,
            took_ms=result.took_ms,
            at_ms=self._now_ms(),
            ref=result.delivered.ref,
            url=result.delivered.url,
            is_repeat=any(one.is_repeat for one in marked),
            is_drill=any(one.is_drill for one in marked),
            worker=self._holding.worker,
        )


def arrivals(begun_ms: Sequence[int], now_ms: int, longest_ms: int, *, is_in_flight: bool) -> list[int]:
    """The latest at which these requests, oldest first, can have arrived: no service counts from when they were begun.

    One call ends before the next is begun, and none lasts longer than `longest_ms`; but that of a process which was
    killed may have been as late as its end. What the service said of its limits may have died with it.
    """
    latest: list[int] = []
    for at, begun in enumerate(begun_ms):
        is_last = at == len(begun_ms) - 1
        bound = now_ms if is_last else begun_ms[at + 1]
        if not (is_last and is_in_flight):
            bound = min(bound, begun + longest_ms)
        latest.append(max(bound, latest[-1] + 1) if latest else bound)
    return latest


def _names(notifications: Sequence[Notification]) -> frozenset[str]:
    """By what repeats are told: the message itself, and each event that it stands for."""
    return frozenset(name for one in notifications for name in (one.id, *(event.name for event in one.events)))
