"""Writes what a lane has to say of its destination: once, and never after somebody else has taken it over."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from perseus.notify.lanes.circuit import Turn
from perseus.notify.lanes.commit import Commit
from perseus.notify.lanes.course import Course
from perseus.notify.lanes.holding import Holding
from perseus.notify.lanes.surroundings import Surroundings

After = Callable[[], object]


class Pen:
    """Keeps a commit until it is known to be written: what was sent was sent, whatever the store says meanwhile."""

    def __init__(self, holding: Holding, around: Surroundings) -> None:
        self.holding = holding
        self._around = around
        self._unwritten: tuple[Commit, Sequence[After]] | None = None

    def write(
        self, course: Course, commit: Commit, turn: Turn | None = None, *after: After, is_urgent: bool = True
    ) -> None:
        """Write the commit, with the state as the course has it. When that is done: tell of the turn, and call `after`.

        Raises NotHeld, StoreUnavailable, StoreRefused, StoreCorrupt.
        """
        course.book.breaker(course.circuit.breaker)
        told: list[After] = list(after)
        if turn is not None:
            commit.history(
                {"what": "breaker", "state": turn.state, "reason": turn.reason, "worker": self.holding.worker}
            )
            told.append(lambda: self._tell(turn))
        course.book.write(commit, self._around.now_ms(), is_urgent=is_urgent)
        self._unwritten = (commit, told)
        self.finish()

    def finish(self) -> None:
        """Write what is still to be written, if anything. Errors as `write`."""
        if self._unwritten is None:
            return
        commit, after = self._unwritten
        self.holding.write(commit)
        self._unwritten = None
        for call in after:
            call()

    def forget(self) -> None:
        """The destination was another's in between, who has told what there was to tell."""
        self._unwritten = None

    def _tell(self, turn: Turn) -> None:
        destination = self.holding.destination
        self._around.system.tell(turn.what, destination, turn.reason, self._around.now_ms())
        self._around.observer.breaker_changed(destination, turn.state, turn.reason)
