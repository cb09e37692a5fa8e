"""Tells the log and the observer how a lease stands: each change once, in the words that people read."""

from __future__ import annotations

import logging
from collections.abc import Callable

from perseus.clock import Clock
from perseus.network.leasing.lease import Lease, Standing
from perseus.network.observer import Observer
from perseus.network.payload import InstanceStatus

log = logging.getLogger(__name__)


class Announcer:
    """Called by the warden, on its thread. `report_error` notes an error of the instance; `quiet` ends the telling."""

    def __init__(
        self,
        lease: Lease,
        status: Callable[[], InstanceStatus],
        observer: Observer,
        clock: Clock,
        report_error: Callable[[str], None],
    ) -> None:
        self._lease = lease
        self._status = status
        self._observer = observer
        self._clock = clock
        self._report_error = report_error
        self._is_late = self._is_lost = False
        self.quiet = False

    def tell(self, standing: Standing, silent: float) -> None:
        """The lease now stands like this; no heartbeat was answered for `silent` seconds."""
        status = self._status()
        name = status.exchange_name
        if standing is Standing.JEOPARDY:
            self._is_late = True
            log.warning("%s: no heartbeat was answered for %.0f s.", name, silent)
            self._observer.heartbeat_late(status, silent)
        elif standing is Standing.HELD and self._is_lost:
            self._is_late = self._is_lost = False
            log.warning("%s: the lease was renewed in time. Work may go on.", name)
            self._report_error("the data store did not answer in time; work was stopped and may go on")
            self._observer.lease_regained(self._status())
        elif standing is Standing.HELD and self._is_late:
            self._is_late = False
            log.warning("%s: heartbeats are answered again, and work went on.", name)
        elif standing in (Standing.SUSPENDED, Standing.OVER) and not self._is_lost and not self.quiet:
            self._is_lost = True
            reason = self._lease.why_invalid(self._clock.elapsed())
            log.error("%s: the lease is not valid: %s. Work stops.", name, reason)
            self._observer.lease_lost(status, reason, self._lease.taken_by)
