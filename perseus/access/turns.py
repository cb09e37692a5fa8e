"""Who may wait for the database: few threads at a time, one while it is silent. The others are told so at once."""

from __future__ import annotations

import logging
import threading
from types import TracebackType

from perseus.clock import Clock
from perseus.errors import PerseusError

#: How long somebody who is known waits for a database that hangs: less than a poll of the page does.
PATIENCE_SECONDS = 1.0
MOST = 4

log = logging.getLogger(__name__)


class Unasked(PerseusError):
    """Raised instead of asking a database that is silent or slow, and that enough threads wait for."""

    def __init__(self) -> None:
        super().__init__("The database was not asked: it is silent or slow, and others wait for it. Try again later.")


class Turns:
    """Shared by all who ask for strangers, or for who is signed in. Safe from any thread.

    `most`: how many may ask at once. `silence`: the errors that mean that the database is away. `patience` seconds
    after a question that has no answer yet the database counts as slow; until then the next in line wait for a turn.
    """

    def __init__(
        self,
        clock: Clock,
        most: int = MOST,
        silence: tuple[type[PerseusError], ...] = (PerseusError,),
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._clock = clock
        self._silence = silence
        self._changed = threading.Condition()
        self._began: list[float] = []
        self._is_silent = False
        self.most = most
        self.patience = patience

    def take(self) -> Turn:
        """A turn, which ends with its `with` block. Raises Unasked."""
        with self._changed:
            if not self._has_room() and self._has_hope():
                left = self.patience - self._age()
                self._changed.wait_for(lambda: self._has_room() or not self._has_hope(), left)
            if not self._has_room():
                raise Unasked
            began = self._clock.elapsed()
            self._began.append(began)
        return Turn(self, began)

    def end(self, began: float, error: BaseException | None) -> None:
        """Give back the turn that began then. `error`: what came instead of an answer."""
        with self._changed:
            self._began.remove(began)
            if error is None or isinstance(error, self._silence):
                self._note(error)
            self._changed.notify_all()

    def _has_room(self) -> bool:
        return len(self._began) < (self.most if self._has_hope() else 1)

    def _has_hope(self) -> bool:
        """Is an answer likely to come soon?"""
        return not self._is_silent and self._age() < self.patience

    def _age(self) -> float:
        """Seconds since the oldest question that has no answer."""
        return self._clock.elapsed() - self._began[0] if self._began else 0.0

    def _note(self, error: BaseException | None) -> None:
        """Say it once when the database falls silent, and once when it is back."""
        if error is not None and not self._is_silent:
            log.warning("cannot ask who is signed in, who was known stays so for up to 15 minutes: %s", error)
        elif error is None and self._is_silent:
            log.info("can ask again who is signed in")
        self._is_silent = error is not None


class Turn:
    """One question to the database, asked inside `with`, by whichever thread."""

    def __init__(self, turns: Turns, began: float) -> None:
        self._turns = turns
        self._began = began

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._turns.end(self._began, error)
