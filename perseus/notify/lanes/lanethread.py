"""A lane's own thread: steps for as long as there is something to do, rests until it is woken or its time has come."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable

from perseus.errors import PerseusError
from perseus.notify.lanes.lane import Lane, Until
from perseus.outage import Outage

log = logging.getLogger(__name__)

LONGEST_SECONDS = 5.0
AGAIN_SECONDS = 1.0


class LaneThread:
    """Runs `lane`, which may be replaced between two steps. `now_ms()`: the store's time."""

    def __init__(self, lane: Lane, now_ms: Callable[[], int]) -> None:
        self._lane = lane
        self._now_ms = now_ms
        self._woken = threading.Event()
        self._stopping = threading.Event()
        name = lane.destination.id
        self._outage = Outage(log, f"Destination {name} waits", f"Destination {name} goes on.")
        self._thread = threading.Thread(target=self._run, name=f"lane:{lane.destination.id}", daemon=True)

    @property
    def lane(self) -> Lane:
        """The present one."""
        return self._lane

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def replace(self, lane: Lane) -> None:
        """From the next step on run this one instead."""
        self._lane = lane
        self._woken.set()

    def wake(self, names: Iterable[str] = ()) -> None:
        """Something may be to be done; the logs of these exchanges have grown."""
        self._lane.heard(names)
        self._woken.set()

    def stop(self) -> None:
        """Begin no further step; `join` waits for the present one."""
        self._stopping.set()
        self._woken.set()

    def join(self, seconds: float) -> bool:
        """False when it is still at work after that."""
        self._thread.join(max(0.0, seconds))
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            seconds = self._step()
            if seconds > 0:
                self._woken.wait(seconds)
                self._woken.clear()

    def _step(self) -> float:
        """One step; the seconds to rest."""
        name = self._lane.destination.id
        try:
            seconds = self._seconds(self._lane.step())
        except PerseusError as error:
            self._outage.failed(error)
            return AGAIN_SECONDS
        except Exception:
            # The last line of defence of a thread that nobody would miss: say it and go on.
            log.exception("The lane of %s failed and goes on", name)
            return AGAIN_SECONDS
        if self._lane.holding.token is not None:  # else nothing was tried
            self._outage.done()
        return seconds

    def _seconds(self, until: Until) -> float:
        if until is None:
            return LONGEST_SECONDS
        return max(0.0, min(LONGEST_SECONDS, (until - self._now_ms()) / 1000)) if until else 0.0
