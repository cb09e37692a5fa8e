"""Says what a process is at, where pages and commands look for it: every five seconds, and within half a second when
another stage begins; at once when it is told to."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from perseus.control import hosts
from perseus.control.hosts import Report
from perseus.errors import PerseusError
from perseus.outage import Outage
from perseus.pluginhost.calling.deadline import TookTooLong, call_within
from perseus.store import Client

log = logging.getLogger(__name__)

AGAIN_SECONDS = 0.5
REPORT_SECONDS = 5.0
LOOK_SECONDS = 0.5


class Announcer:
    """Of one process, by the name `target`. `report()`: what it is at, None for nothing to say; it must not block.

    `said()` is called after each time, on the thread of this, and may raise as `say`; `lost(error)` for each that
    failed, by default told in the log as it begins and ends. `client` is its own.
    """

    def __init__(
        self,
        client: Client,
        target: str,
        report: Callable[[], Report | None],
        said: Callable[[], object] = lambda: None,
        lost: Callable[[PerseusError], object] | None = None,
    ) -> None:
        self._client = client
        self._target = target
        self._report = report
        outage = Outage(log, "No page knows of this process for now", "This process is announced again.")
        self._said = said if lost is not None else outage.done
        self._lost = lost or outage.failed
        self._is_said = False
        self._stage: tuple[object, ...] = ()
        self._saying = threading.Lock()
        self._ended = threading.Event()
        self._news = threading.Event()
        self._thread = threading.Thread(target=self._run, name="announcer", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def changed(self) -> None:
        """Say it anew, soon: what `report` says has changed."""
        self._news.set()

    def say(self) -> None:
        """Say it now; take back what was said where there is nothing to say. Raises StoreUnavailable, StoreRefused."""
        with self._saying:
            report = None if self._ended.is_set() else self._report()
            self._stage = stage(report)
            if report is not None:
                hosts.write(self._client, report)
            elif self._is_said:
                hosts.remove(self._client, self._target)
            self._is_said = report is not None

    def end(self) -> None:
        """Say nothing any more."""
        self._ended.set()
        self._news.set()

    def leave(self) -> None:
        """Be gone from where it was said. Raises StoreUnavailable, StoreRefused; blocks where the store hangs."""
        with self._saying:
            hosts.remove(self._client, self._target)

    def stop(self, timeout: float) -> None:
        """End, and be gone within `timeout` seconds."""
        self.end()
        self.join(timeout / 2)
        with suppress(TookTooLong):
            call_within(timeout / 2, "leave", self._close)

    def join(self, timeout: float) -> None:
        """Wait for its thread."""
        self._thread.join(timeout)

    def _close(self) -> None:
        with suppress(PerseusError):
            self.leave()
        self._client.close()

    def _run(self) -> None:
        while not self._ended.is_set():
            self._news.clear()
            seconds = REPORT_SECONDS
            try:
                self.say()
                self._said()
            except PerseusError as error:
                self._lost(error)
                seconds = AGAIN_SECONDS
            except Exception:
                log.exception("This process could not be announced; it is tried again.")
            self._await_news(seconds)

    def _await_news(self, seconds: float) -> None:
        """Until it is told of some, another stage has begun, or `seconds` are over."""
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0 and not self._news.wait(min(left, LOOK_SECONDS)):
            with suppress(Exception):  # the next `say` tells of it
                if stage(self._report()) != self._stage:
                    return


def stage(report: Report | None) -> tuple[object, ...]:
    """What of a report is said early where it changes: how far it has come at its stage is not."""
    if report is None:
        return ()
    return report.role, report.exchange_name, report.instance_id, report.warm, (report.doing or "").partition(":")[0]
