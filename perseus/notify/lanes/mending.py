"""Goes on where a log is not what it was: what may be lost is told, what is there is delivered."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from perseus import keys
from perseus.network.exchange import Exchange
from perseus.network.log.activity import Event
from perseus.notify.lanes import gaps
from perseus.notify.lanes.commit import Commit
from perseus.notify.lanes.course import Course
from perseus.notify.lanes.pen import Pen
from perseus.notify.lanes.surroundings import Surroundings
from perseus.notify.planning.memory import Memory
from perseus.notify.planning.routing import concerns
from perseus.notify.system import DISPATCHER, GAP, log_key
from perseus.notify.told.records import place
from perseus.notify.told.standing import Mark
from perseus.store.batch import Batch

log = logging.getLogger(__name__)

LOOKED_BACK = 200
RECORDS = 1_000


class Mender:
    """Of one destination. Every call raises what `Pen.write` and `Batch.run` raise."""

    def __init__(self, pen: Pen, around: Surroundings) -> None:
        self._pen = pen
        self._around = around

    def look(self, course: Course, *, is_new: bool) -> None:
        """Look at what was read. `is_new`: all logs were looked at since the last time."""
        known = {one.name: one for one in (*self._around.exchanges(), DISPATCHER)}
        for name in list(gaps.set_back(course.inbox.marks, course.outlook.newest)) if is_new else ():
            if name in known:
                self._set_back(course, known[name])
        for name in list(gaps.begun_anew(course.inbox.marks, course.inbox.pending)):
            self._go_on(course, known[name], course.inbox.marks[name].stream_id, gaps.ANEW, is_moved=False)

    def _set_back(self, course: Course, exchange: Exchange) -> None:
        """What was seen may be older than what was read since, so the log is looked at once more."""
        batch = Batch(self._around.client)
        batch.add("XREVRANGE", log_key(exchange), "+", "-", "COUNT", LOOKED_BACK)
        history = keys.destination(self._pen.holding.destination, "history")
        batch.add("XREVRANGE", history, "+", "-", "COUNT", RECORDS)
        entries, recorded = batch.run()
        events = [Event(exchange, stream_id, fields) for stream_id, fields in _listed(entries)]
        if not events or place(events[0].stream_id) >= place(course.inbox.marks[exchange.name].stream_id):
            return
        decided = frozenset(fields["event"] for _, fields in _listed(recorded) if fields.get("what") == "decision")
        self._go_on(course, exchange, gaps.resumption(events, decided), gaps.BACK, is_moved=True)

    def _go_on(self, course: Course, exchange: Exchange, stream_id: str, why: str, *, is_moved: bool) -> None:
        name, mark, now_ms = exchange.name, Mark(stream_id, None), self._around.now_ms()
        memory = course.memories.get(name, Memory()).model_copy(update={"seq": None})
        commit = Commit()
        commit.places({name: f"{stream_id} "})
        commit.memories({name: memory})

        def applied() -> None:
            course.memories[name] = memory
            if is_moved:
                course.inbox.move(name, mark)
            else:
                course.inbox.marks[name] = mark
            self._tell(course, exchange, why, now_ms)

        self._pen.write(course, commit, None, applied)

    def _tell(self, course: Course, exchange: Exchange, why: str, now_ms: int) -> None:
        destination = self._pen.holding.destination
        log.warning("Destination %s goes on with %s: %s.", destination, exchange.name, why)
        self._around.system.tell(GAP, destination, f"{exchange.display_name}: {why}", now_ms)
        if concerns(self._around.configuration(), destination, exchange.name):
            course.notices.append(gaps.told(destination, exchange, why, now_ms))


def _listed(found: Any) -> Iterable[tuple[str, dict[str, str]]]:
    return found if isinstance(found, list) else []
