"""One call of a notifier: on a thread of its own, with a deadline, and what came of it in the network's own words."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from perseus.notify.lanes.outlet import SecondsLeft
from perseus.notify.outcomes import Delivered, DeliveryError, Outcome, Retry, Wait
from perseus.pluginhost.calling.boundary import said
from perseus.pluginhost.calling.deadline import TookTooLong, begin, result_by

REF_MAX = 200
REASON_MAX = 500
LONGEST_WAIT_MS = 3_600_000
HANGING_MAX = 2


@dataclass(frozen=True, slots=True)
class Result:
    """`value`: what the call gave. `after_ms`: how long to wait before the next, where that was said.

    `may_have_arrived`: it failed, but perhaps too late. `is_stuck`: it did not come back.
    """

    outcome: Outcome
    took_ms: int
    reason: str | None = None
    status: int | None = None
    after_ms: int | None = None
    value: Any = None
    may_have_arrived: bool = False
    is_stuck: bool = False

    @property
    def delivered(self) -> Delivered:
        """What the service said of the message."""
        return self.value if isinstance(self.value, Delivered) else Delivered()


#: Around a call on its own thread, to keep account of it.
Watched = Callable[[], AbstractContextManager[object]]

#: For calls of which nobody keeps account.
unwatched = nullcontext


class Caller:
    """Makes the calls of one destination, one at a time. A call that hangs is left behind with its thread.

    It is replaced once: while two hang, no further one is begun. `seconds`: the deadline of a call.
    """

    def __init__(
        self,
        name: str,
        seconds: float,
        scrub: Callable[[str], str],
        elapsed: Callable[[], float],
        watched: Watched = unwatched,
    ) -> None:
        self.seconds = seconds
        self._name = name
        self._scrub = scrub
        self._elapsed = elapsed
        self._watched = watched
        self._hanging: list[Future[Any]] = []

    @property
    def hanging(self) -> int:
        """How many calls have been left behind and have not come back."""
        self._hanging = [future for future in self._hanging if not future.done()]
        return len(self._hanging)

    def deadline(self) -> float:
        """The end of a call that begins now, in elapsed seconds: taken before the message is noted down as sent."""
        return self._elapsed() + self.seconds

    def call(self, call: Callable[[SecondsLeft], object], deadline: float) -> Result:
        """Make the call; never raises."""
        began = time.monotonic()

        def seconds_left() -> float:
            return deadline - self._elapsed()

        def run() -> object:
            if seconds_left() <= 0:  # this process was stopped meanwhile, and its lease may be another's
                raise Retry("there was no time left to send it", after=0, may_have_arrived=False)
            with self._watched():
                return call(seconds_left)

        future = begin(f"notifier:{self._name}", run)
        try:
            value = result_by(future, max(0.01, seconds_left()))
        except TookTooLong:
            self._hanging.append(future)
            return _stuck(self.seconds, _ms_since(began))
        except Exception as error:  # noqa: BLE001 - the boundary to foreign code: what it raised is the result
            return self._failed(error, _ms_since(began))
        if value is False:
            return Result(Outcome.RETRY, _ms_since(began), "the notifier said that it did not deliver")
        return Result(Outcome.DONE, _ms_since(began), value=self._sound(value))

    def _sound(self, value: Any) -> Any:
        """A plugin may put anything into a `Delivered`, and a service may name a message by our secret address."""
        if not isinstance(value, Delivered):
            return value
        ref, url = (None if part is None else str(part)[:500] for part in (value.ref, value.url))
        if ref is not None and (len(ref) > REF_MAX or self._scrub(ref) != ref):
            ref = None
        if url is not None and (not url.startswith(("https://", "http://")) or self._scrub(url) != url):
            url = None
        return Delivered(ref, url)

    def _failed(self, error: Exception, took_ms: int) -> Result:
        if not isinstance(error, DeliveryError):
            reason = self._scrub(f"the notifier raised {said(error)}")[:REASON_MAX]
            return Result(Outcome.RETRY, took_ms, reason, may_have_arrived=True)
        seconds = error.seconds if isinstance(error, Wait) else error.after if isinstance(error, Retry) else None
        return Result(
            error.outcome,
            took_ms,
            self._scrub(str(error.reason))[:REASON_MAX],
            error.status if isinstance(error.status, int) else None,
            _milliseconds(seconds),
            may_have_arrived=isinstance(error, Retry) and error.may_have_arrived,
        )


def _stuck(seconds: float, took_ms: int) -> Result:
    reason = f"the notifier did not come back within {seconds:g} s"
    return Result(Outcome.RETRY, took_ms, reason, may_have_arrived=True, is_stuck=True)


def _ms_since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def _milliseconds(seconds: object) -> int | None:
    try:
        return None if seconds is None else max(0, min(round(float(str(seconds)) * 1000), LONGEST_WAIT_MS))
    except (ValueError, OverflowError):
        return None
