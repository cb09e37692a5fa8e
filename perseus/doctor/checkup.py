"""The doctor's rounds in web workers: one of them examines every few minutes, all of them show what it found.

What was found is kept in the store, so that no two workers say different things; one that is silent says so itself.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from perseus import keys
from perseus.clock import Clock
from perseus.doctor.finding import Report
from perseus.errors import PerseusError, StoreRefusesWrites
from perseus.outage import Outage
from perseus.store import Client, answers

EVERY_SECONDS = 300.0
LOOK_SECONDS = 15.0
KEPT_MS = 3 * round(EVERY_SECONDS * 1000)
#: A site that has just been started is not all there yet.
FIRST_SECONDS = 20.0

log = logging.getLogger(__name__)


class Checkup:
    """One worker's. `report` is what was found last, by whichever worker; None while nothing is known.

    Asking for it costs nothing and never waits. Call `look` instead of `start` to look without a thread.
    """

    def __init__(self, client: Client, examine: Callable[[], Report], clock: Clock) -> None:
        self._client = client
        self._examine = examine
        self._clock = clock
        self._made_at = clock.elapsed()
        self._heard_at: float | None = None
        self._text: str | None = None
        self._report: Report | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="doctor", daemon=True)
        self._alone_at: float | None = None
        self._silence = Outage(log, "The doctor makes no rounds for now", "The doctor makes its rounds again.")
        self._refusal = Outage(
            log,
            "The doctor's rounds cannot be noted, so each worker makes its own",
            "The doctor's rounds are noted again.",
        )

    @property
    def report(self) -> Report | None:
        """The very same object while nothing else was found. One that nobody renews is no longer shown."""
        heard_at = self._heard_at
        if heard_at is None or self._clock.elapsed() - heard_at > KEPT_MS / 1000:
            return None
        return self._report

    def start(self) -> None:
        """Look on a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End it; returns when it has ended or after 2 s."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(2.0)

    def look(self) -> None:
        """Examine if it is this worker's turn, and take what was found last. Raises StoreUnavailable, StoreRefused.

        A store that takes no writes holds neither whose turn it is nor what was found, and that is what is to be found:
        then each worker shows what it found itself.
        """
        try:
            if self._clock.elapsed() - self._made_at >= FIRST_SECONDS:
                self._take_turn()
        except StoreRefusesWrites as error:
            self._refusal.failed(error)
            self._examine_alone()
            return
        with answers(self._client):
            found = self._client.get(keys.DOCTOR)
        self._take(None if found is None else str(found))

    def _take_turn(self) -> None:
        if self._is_our_turn():
            report = self._examine()
            with answers(self._client):
                self._client.set(keys.DOCTOR, report.dumped(), px=KEPT_MS)
        self._alone_at = None
        self._refusal.done()

    def _examine_alone(self) -> None:
        now = self._clock.elapsed()
        if self._alone_at is None or now - self._alone_at >= EVERY_SECONDS:
            self._take(self._examine().dumped())
            self._alone_at = now

    def _is_our_turn(self) -> bool:
        with answers(self._client):
            return bool(self._client.set(keys.DOCTOR_TURN, "1", nx=True, px=round(EVERY_SECONDS * 1000)))

    def _take(self, text: str | None) -> None:
        if text != self._text:
            self._text, self._report = text, Report.loaded(text)
        if text is not None:
            self._heard_at = self._clock.elapsed()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.look()
                self._silence.done()
            except PerseusError as error:
                self._silence.failed(error)
            except Exception:  # the boundary of this thread: without it, one bug would end the rounds for good
                log.exception("The doctor's round failed.")
            self._stopping.wait(LOOK_SECONDS)
