"""Giving a lease back, to everybody or to a successor that was named; how long a stop waits for the store for it."""

from __future__ import annotations

import logging
from concurrent.futures import Future

from perseus.clock import Clock
from perseus.errors import PerseusError
from perseus.network.leasing.claims import Claims, give_back
from perseus.network.leasing.lease import Lease

log = logging.getLogger(__name__)


#: The part of the stop time in which a silent store is waited for, from the request on; the rest ends without it.
WAIT_SHARE = 0.7
#: The least of each wait, for the log and for the lease, however long the work took to end.
LEAST_SHARE = 0.2


class Leaving:
    """`successor`: the process that alone may claim for some seconds then; '' for any.

    `unreleased`: why the lease was not given back, a clause for people; '' where it was, or nothing was tried yet.
    `with_log`, `with_lease`: seconds for one wait for an event, and for a heartbeat; 0 once the store was silent.
    """

    def __init__(self, lease: Lease, claims: Claims, exchange_name: str, clock: Clock) -> None:
        self._lease, self._claims, self._name, self._clock = lease, claims, exchange_name, clock
        self.successor = self.unreleased = ""
        self.with_log = self.with_lease = self._least = LEAST_SHARE * lease.timing.stop
        self._asked_at: float | None = None

    def asked(self) -> None:
        """Somebody has asked for the stop: its time runs from the first who did."""
        if self._asked_at is None:
            self._asked_at = self._clock.elapsed()

    def begin(self) -> None:
        """The work has ended: what is left of the stop time is for the store."""
        self.asked()
        self.with_log = self.with_lease = max(self._least, self._left() / 2)

    def await_log(self, written: Future[str]) -> None:
        """A stop goes on without its event, and waits no more for a log that was late: that is no word of the lease."""
        try:
            written.result(self.with_log)
        except TimeoutError:
            self.with_log = 0.0
        except PerseusError as error:
            log.warning("%s: an event of its stop is not in the log: %s", self._name, error)

    def heard(self, is_answered: bool) -> bool:
        """What came of a heartbeat. Shall the log, which was late, be tried again at once?"""
        if not is_answered:
            self.with_lease = 0.0
            return False
        is_late = self.with_log == 0.0
        self.with_log = self._left() if is_late else self.with_log
        return is_late

    @property
    def is_in_vain(self) -> bool:
        """Does the store answer nothing?"""
        return self.with_lease == self.with_log == 0.0

    def release(self, reason: str, body: str) -> bool:
        """Give it back. False when it was not ours any more, or could not be reached: then it ends by itself.

        The right to act ends before the request: once the store has it, another may be valid while we wait.
        """
        lease = self._lease
        lease.end("the instance has stopped", self._clock.elapsed())
        try:
            is_back = give_back(self._claims, lease.nonce, lease.instance_id, lease.token, reason, body, self.successor)
        except PerseusError as error:
            self.failed(error)
            return False
        self.unreleased = "" if is_back else "its lease was no longer its own"
        return is_back

    def failed(self, why: object) -> None:
        """Say that nobody was told: whoever waits has to wait for the end of the lease."""
        self.unreleased = (
            f"its lease could not be released and ends by itself, at most {self._lease.timing.ttl:g} s after the data "
            "store answers again"
        )
        log.warning("%s could not be released and ends by itself: %s", self._name, why)

    def over(self) -> None:
        """There was nothing left to give back."""
        self.unreleased = "its lease had ended before"

    def _left(self) -> float:
        now = self._clock.elapsed()
        asked_at = now if self._asked_at is None else self._asked_at
        return max(0.0, asked_at + WAIT_SHARE * self._lease.timing.stop - now)
