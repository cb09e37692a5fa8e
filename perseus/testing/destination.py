"""A destination of a fake network: the planner decides, the notifier sends, and what came of it is kept to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from perseus.network.activity import Event
from perseus.notify.configuration import Configuration, Destination, Maintenance
from perseus.notify.delivery import BreakerState
from perseus.notify.memory import Memory
from perseus.notify.notification import Notification
from perseus.notify.outcomes import Outcome, Wait
from perseus.notify.planner import plan
from perseus.notify.steps import Decision, Rest, Situation, Step
from perseus.testing.checks import outcome
from perseus.testing.sender import Sender

RETRY_MS = 2_000
RETRY_MOST_MS = 300_000


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call of the notifier. `what`: `send` or `update`. `reason`: of what it raised."""

    what: str
    notifications: tuple[Notification, ...]
    outcome: Outcome
    reason: str | None
    at_ms: int


class FakeDestination:
    """Made by `FakeNetwork.destination`. Look at `sent`, `titles`, `attempts`, `decisions`, `dead`, `state`."""

    def __init__(self, destination: Destination, sender: Sender) -> None:
        self.destination = destination
        self.sender = sender
        self.sent: list[Notification] = []
        self.attempts: list[Attempt] = []
        self.decisions: list[Decision] = []
        self.dead: list[Notification] = []
        self.held: Mapping[str, str] = {}
        self.state = BreakerState.CLOSED
        self._memories: dict[str, Memory] = {}
        self._settled: dict[str, int] = {}
        self._in_hand: Step | None = None
        self._failures = 0
        self._not_before_ms = 0
        self._is_behind_limit = False

    @property
    def titles(self) -> list[str]:
        """Of the messages that arrived, in order."""
        return [notification.title for notification in self.sent]

    def begin(self, logs: Mapping[str, Sequence[Event]]) -> None:
        """From now on: what is in the logs already is not told."""
        self._settled = {name: len(events) for name, events in logs.items()}

    def pause(self, is_paused: bool = True) -> None:
        """As the button Pause."""
        self.destination = replace(self.destination, is_paused=is_paused)

    def resume(self) -> None:
        """As the button Resume: what a person does about a destination that is parked."""
        self.state, self._failures, self._not_before_ms = BreakerState.CLOSED, 0, 0

    def settle(
        self,
        logs: Mapping[str, Sequence[Event]],
        configuration: Configuration,
        maintenance: Mapping[str, Maintenance],
        now_ms: int,
    ) -> None:
        """Do all that is due now. `logs`: by exchange name, every event since the destination was made."""
        while self.state is not BreakerState.PARKED and now_ms >= self._not_before_ms:
            step = self._in_hand or plan(self._situation(logs, configuration, maintenance, now_ms))
            if isinstance(step, Rest):
                self.held = step.held
                self._is_behind_limit = False
                return
            self._in_hand = step
            if self._is_over(step, now_ms):
                self._commit(step, logs)

    def _situation(
        self,
        logs: Mapping[str, Sequence[Event]],
        configuration: Configuration,
        maintenance: Mapping[str, Maintenance],
        now_ms: int,
    ) -> Situation:
        return Situation(
            destination=self.destination,
            configuration=configuration,
            pending={name: events[self._settled.get(name, 0) :] for name, events in logs.items()},
            memories=self._memories,
            maintenance=maintenance,
            now_ms=now_ms,
            max_batch=self.sender.kind.max_batch,
            can_update=self.sender.can_update,
            is_behind_limit=self._is_behind_limit,
        )

    def _is_over(self, step: Step, now_ms: int) -> bool:
        """Carry it out; False when it has to be tried again."""
        if step.edit is not None and self.sender.can_update:
            self._attempt("update", (step.edit.notification,), now_ms, step.edit.ref)
        if not step.notifications:
            return True
        marked = tuple(replace(each, is_repeat=each.is_repeat or self._failures > 0) for each in step.notifications)
        attempt = self._attempt("send", marked, now_ms)
        if attempt is Outcome.DONE:
            self.sent += marked
        elif attempt is Outcome.POISON:
            self.dead += marked
        return attempt in (Outcome.DONE, Outcome.POISON)

    def _attempt(self, what: str, notifications: tuple[Notification, ...], now_ms: int, ref: str = "") -> Outcome:
        send, update = self._sent, self.sender.update
        came, error = outcome(lambda: update(ref, notifications[0]) if what == "update" else send(notifications))
        self.attempts.append(Attempt(what, notifications, came, str(error) if error else None, now_ms))
        if what == "send":
            self._note(came, error, now_ms)
        return came

    def _sent(self, notifications: tuple[Notification, ...]) -> None:
        self._ref = self.sender.send(*notifications).ref

    def _note(self, came: Outcome, error: Exception | None, now_ms: int) -> None:
        if came is Outcome.WAIT and isinstance(error, Wait):
            self._not_before_ms = now_ms + max(1, round(error.seconds * 1000))
            self._is_behind_limit = True
        elif came is Outcome.RETRY:
            self._not_before_ms = now_ms + min(RETRY_MS * 2**self._failures, RETRY_MOST_MS)
            self._failures += 1
        elif came is Outcome.PERMANENT:
            self.state = BreakerState.PARKED
        else:
            self._failures = 0

    def _commit(self, step: Step, logs: Mapping[str, Sequence[Event]]) -> None:
        self._in_hand = None
        self.decisions += step.decisions
        self._memories.update(step.memories)
        for name, event in step.cursor.items():
            self._settled[name] = [each.stream_id for each in logs[name]].index(event.stream_id) + 1
        for name in step.remembers_ref:
            memory = self._memories[name]
            if memory.incident is not None:
                incident = memory.incident.model_copy(update={"ref": self._ref})
                self._memories[name] = memory.model_copy(update={"incident": incident})
