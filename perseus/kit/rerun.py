"""What a destination would be sent of events that were, step by step, by the planner itself. Pure: nothing is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from perseus.network.log.activity import Event
from perseus.notify.configuration import Configuration, Destination
from perseus.notify.notification import Notification
from perseus.notify.planning.memory import Memory
from perseus.notify.planning.planner import plan
from perseus.notify.planning.steps import Rest, Situation, Step

MESSAGE = "message"
EDIT = "edit"
NOT_SENT = "not sent"

Payload = Callable[[Sequence[Notification]], Any]


@dataclass(frozen=True, slots=True)
class Block:
    """One thing that would have happened: a message, a change of one, or events that would not be sent.

    `payload`: JSON-able, what the service would get. `why`: the decisions, in sentences.
    """

    what: str
    events: tuple[str, ...]
    title: str
    why: tuple[str, ...]
    payload: Any = None

    def as_json(self) -> dict[str, Any]:
        """For `--json`, and for a later comparison."""
        return {
            "what": self.what,
            "events": list(self.events),
            "title": self.title,
            "why": list(self.why),
            "payload": self.payload,
        }


class Rerun:
    """Plays events to the planner as if they came now, each at its own time.

    `is_live` False: each event by itself, whatever the rules say, as the order `replay` sends them. True: as rules,
    silences, grouping and flap control of the configuration would have it, reminders included.
    """

    def __init__(
        self,
        destination: Destination,
        configuration: Configuration,
        payload: Payload,
        *,
        can_update: bool = False,
        is_live: bool = False,
    ) -> None:
        self._destination = destination
        self._configuration = configuration
        self._payload = payload
        self._can_update = can_update
        self._is_live = is_live
        self._pending: dict[str, list[Event]] = {}
        self._memories: Mapping[str, Memory] = {}
        self._sent = 0

    def blocks(self, events: Iterable[Event], until_ms: int) -> Iterator[Block]:
        """All that would happen up to `until_ms`; `events` oldest first."""
        now_ms = 0
        for event in events:
            yield from self._settle(now_ms, event.at_ms)
            now_ms = event.at_ms
            self._pending.setdefault(event.exchange.name, []).append(event)
        yield from self._settle(now_ms, until_ms + 1)

    def _settle(self, now_ms: int, until_ms: int) -> Iterator[Block]:
        """Everything that is due from `now_ms` until just before `until_ms`."""
        while now_ms < until_ms or not now_ms:
            step = plan(self._situation(now_ms))
            if isinstance(step, Rest):
                if step.until_ms is None or step.until_ms >= until_ms:
                    return
                now_ms = max(step.until_ms, now_ms + 1)
            else:
                yield from self._carried_out(step)

    def _situation(self, now_ms: int) -> Situation:
        return Situation(
            destination=self._destination,
            configuration=self._configuration,
            pending=self._pending,
            memories=self._memories,
            maintenance={},
            now_ms=now_ms,
            can_update=self._can_update,
            is_replay=not self._is_live,
        )

    def _carried_out(self, step: Step) -> Iterator[Block]:
        events = tuple(decision.event for decision in step.decisions)
        why = tuple(decision.detail for decision in step.decisions)
        if step.edit is not None:
            yield Block(EDIT, events, step.edit.notification.title, why, self._payload([step.edit.notification]))
        if step.notifications:
            title = " / ".join(notification.title for notification in step.notifications)
            yield Block(MESSAGE, events, title, why, self._payload(step.notifications))
        elif step.edit is None and events:
            yield Block(NOT_SENT, events, "", why)
        self._commit(step)

    def _commit(self, step: Step) -> None:
        for name, event in step.cursor.items():
            waiting = self._pending[name]
            self._pending[name] = waiting[waiting.index(event) + 1 :]
        memories = {**self._memories, **step.memories}
        for name in step.remembers_ref:
            memories[name] = self._with_ref(memories[name])
        self._memories = memories

    def _with_ref(self, memory: Memory) -> Memory:
        if memory.incident is None:
            return memory
        self._sent += 1
        incident = memory.incident.model_copy(update={"ref": f"message-{self._sent}"})
        return memory.model_copy(update={"incident": incident})
