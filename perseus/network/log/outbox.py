"""The outbox: one thread that carries an instance's events into the activity log, in order, each once.

While the store is away events wait here; what was not written before the process ends is lost, and said so.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future

from perseus.clock import Clock
from perseus.errors import PerseusError, StoreRefused, StoreUnavailable
from perseus.network.log.activity import ActivityLog, Entry, Fenced
from perseus.outage import Outage

log = logging.getLogger(__name__)

WAITING_MAX = 1_000


class Outbox:
    """Appends entries in the order of `send`. `fenced` is called when a later lease has written to the log.

    `tick(now)` gives further entries that have become due and when to ask again (elapsed seconds, or None).
    """

    def __init__(
        self,
        activity: ActivityLog,
        retry: float,
        clock: Clock,
        tick: Callable[[float], tuple[list[Entry], float | None]],
        fenced: Callable[[Fenced], None],
    ) -> None:
        self._activity = activity
        self._retry = retry
        self._clock = clock
        self._tick = tick
        self._fenced = fenced
        self._waiting: deque[tuple[Entry, bool, Future[str]]] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._retry_at = 0.0
        self.is_stuck = False
        self._is_loss_told = False
        self._outage = Outage(log, "Events wait for the activity log", "The activity log takes events again.")
        self._thread = threading.Thread(target=self._run, name="activity", daemon=True)

    def start(self) -> None:
        """Begin to carry."""
        self._thread.start()

    def send(self, entry: Entry, *, is_death: bool = False) -> Future[str]:
        """Queue one event; the future gives its stream id, or Fenced, or the error that made it impossible."""
        future: Future[str] = Future()
        with self._changed:
            if len(self._waiting) >= WAITING_MAX:
                log.error("The activity log is %d events behind: one %s event is lost.", WAITING_MAX, entry.kind)
                future.set_exception(StoreUnavailable("activity log", "too many events wait already"))
                return future
            self._waiting.append((entry, is_death, future))
            self._changed.notify_all()
        return future

    def hurry(self) -> None:
        """Try now what waits for its next try."""
        with self._changed:
            self._retry_at = 0.0
            self._changed.notify_all()

    def stop(self, timeout: float) -> None:
        """Carry what waits, then end; whatever is left after `timeout` seconds is lost."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout)
        if self._waiting and not self._is_loss_told:
            self._is_loss_told = True
            log.error("%d events could not be written to the activity log.", len(self._waiting))

    def _run(self) -> None:
        while True:
            entries, ask_again = self._tick(self._clock.elapsed())
            for entry in entries:
                self.send(entry)
            with self._changed:
                if self._stopping and (self.is_stuck or not self._waiting):
                    return
                pause = self._pause(ask_again)
                if pause != 0:
                    self._changed.wait(pause)
                    continue
                head = self._waiting[0]
            self.is_stuck = not self._carry(*head)
            self._retry_at = self._clock.elapsed() + self._retry

    def _pause(self, ask_again: float | None) -> float | None:
        """Seconds to wait before the next thing to do; 0 when the head may go now, None for until told."""
        now = self._clock.elapsed()
        if self._waiting:
            return max(0.0, self._retry_at - now) if self.is_stuck else 0.0
        return None if ask_again is None else max(0.01, ask_again - now)

    def _carry(self, entry: Entry, is_death: bool, future: Future[str]) -> bool:
        """Write the head of the queue. False when the store is away, or lets us not write, and it must wait."""
        try:
            stream_id = self._activity.append(entry, is_death=is_death)
            self._outage.done()
            future.set_result(stream_id)
        except (StoreUnavailable, StoreRefused) as error:
            # Rights may come back as well as a store: until then the event is not lost.
            self._outage.failed(error)
            return False
        except Fenced as error:
            future.set_exception(error)
            if not is_death:
                self._fenced(error)
        except PerseusError as error:
            log.error("An event could not be written: %s", error)
            future.set_exception(error)
        except Exception as error:
            # The last line of defence: a transition waits for its event, and would do so for ever.
            log.exception("An event could not be written")
            future.set_exception(error)
        with self._changed:
            self._waiting.popleft()
        return True


def await_written(written: Future[str], check: Callable[[], None]) -> None:
    """Wait until an event is in the log, or until `check()`, asked again and again, raises.

    Raises what made the event impossible; Fenced only where `check` finds nothing wrong.
    """
    while True:
        try:
            written.result(0.05)
            return
        except TimeoutError:
            check()
        except Fenced:
            check()
            raise
