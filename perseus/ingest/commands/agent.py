"""The agent: takes commands for this process, on threads and connections of its own.

It reads on one thread and announces the process on another; neither touches the heartbeat or the work. A store that is
away is waited for: commands that grew old meanwhile are refused.
"""

from __future__ import annotations

import dataclasses
import logging
import threading
from collections.abc import Callable
from contextlib import suppress

from perseus import keys
from perseus.access.audit import AuditLog
from perseus.access.auditentry import REFUSED
from perseus.clock import Clock, StoreClock, SystemClock
from perseus.control import channel
from perseus.control.audited import ACT, Notary
from perseus.control.channel import START, Letter
from perseus.control.command import Command
from perseus.control.handling import Registry
from perseus.control.hosts import Report
from perseus.control.intake import Fault, Intake, Rejected
from perseus.control.outcomes import Status
from perseus.control.recorder import Recorder
from perseus.errors import PerseusError, StoreCorrupt
from perseus.ingest.commands.announcing import AGAIN_SECONDS, Announcer
from perseus.ingest.commands.jobs import Jobs
from perseus.pluginhost.calling.deadline import TookTooLong, call_within
from perseus.store import Client, answers, now_ms

log = logging.getLogger(__name__)

WAIT_SECONDS = 1.0
TOLD_AGAIN_SECONDS = 60.0


class Agent:
    """Of one process, by the name `target`. `report()`: as of an Announcer.

    `client` is the agent's own. Commands are done by the handlers of `registry`.
    """

    def __init__(
        self,
        client: Client,
        key: bytes,
        target: str,
        registry: Registry,
        report: Callable[[], Report | None],
        timeout: float,
        clock: Clock | None = None,
    ) -> None:
        self.target = target
        self._client = client
        self._report = report
        self._clock = clock or SystemClock()
        self._store_clock = StoreClock(self._clock)
        self._wait_ms = round(min(WAIT_SECONDS, timeout / 2) * 1000)
        self._stream = keys.control(target, "commands")
        self._intake = Intake(key, target)
        self._recorder = Recorder(client)
        self._audit = AuditLog(client, self._clock)
        self.jobs = Jobs(registry, self._recorder, self._audit, self._store_clock.now_ms)
        self._after = START
        self._is_announced = False
        self._announcer = Announcer(client, target, report, self._look_round, self._lost)
        self._notary = Notary(client, self._clock)
        self._trouble: str | None = None
        self._forged_at: float | None = None
        self._forged = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._read, name="agent", daemon=True)

    def start(self) -> None:
        """Begin to announce this process and to take commands."""
        self._announcer.start()
        self._thread.start()

    def changed(self) -> None:
        """Announce anew, soon: what `report` says has changed."""
        self._announcer.changed()

    def stop(self, timeout: float) -> None:
        """Take no more, have what runs tell its end, and be gone from the list, within `timeout` seconds."""
        self._ended.set()
        self._announcer.end()
        self.jobs.close(timeout / 2)
        self._announcer.join(timeout / 8)
        self._thread.join(timeout / 8)
        with suppress(TookTooLong):
            call_within(timeout / 4, "leave", self._leave)

    def _leave(self) -> None:
        """Blocks where the store hangs."""
        with suppress(PerseusError):
            self._recorder.flush()
            self._announcer.leave()
        self._client.close()

    def _read(self) -> None:
        while not self._ended.is_set():
            try:
                self.turn(self._wait_ms)
            except PerseusError as error:
                self._lost(error)
                self._ended.wait(AGAIN_SECONDS)
            except Exception:
                log.exception("The agent failed; it goes on.")
                self._ended.wait(AGAIN_SECONDS)

    def turn(self, wait_ms: int) -> None:
        """Take what has come, waiting `wait_ms` for it. Errors as `channel.receive`."""
        if not self._is_announced:  # whoever asks what came of a command looks for its process among those that live
            self._announcer.say()
            self._is_announced = True
        letters = self._letters(wait_ms)
        if letters:
            self._time()
        for letter in letters:
            if self._ended.is_set():
                return
            self._after = letter.stream_id
            self._take(letter)
        self._recorder.flush()
        self._returned()

    def _letters(self, wait_ms: int) -> list[Letter]:
        """Another type in place of the stream is no command, and is in the way of all of them."""
        try:
            return channel.receive(self._client, self.target, self._after, wait_ms)
        except StoreCorrupt:
            channel.discard(self._client, self._stream)
            self._after = START
            return []

    def _take(self, letter: Letter) -> None:
        report = self._report()
        serves = (report.instance_id, report.exchange_name) if report is not None else (None, None)
        judged = self._intake.judge(letter, self._store_clock.now_ms(), *serves)
        if isinstance(judged, Command):
            self.jobs.accept(judged)
        elif isinstance(judged, Rejected):
            self._rejected(judged)

    def _rejected(self, judged: Rejected) -> None:
        command = judged.command
        if command is None:
            self._forgery(judged.text)
            return
        status = Status.EXPIRED if judged.fault is Fault.EXPIRED else Status.REFUSED
        is_end = judged.fault is not Fault.AGAIN and command.target == self.target
        outcome = self.jobs.reject(command, status, judged.text, is_end=is_end)
        if judged.fault is not Fault.AGAIN:
            channel.record(self._client, dataclasses.replace(outcome, target=self.target), is_first=True)

    def _forgery(self, why: str) -> None:
        """Told once a minute with their number: whoever writes junk there shall not fill logs by it."""
        self._forged += 1
        now = self._clock.elapsed()
        if self._forged_at is not None and now - self._forged_at < TOLD_AGAIN_SECONDS:
            return
        self._forged_at = now
        log.error("%d entries in %s were not done: the newest, %s.", self._forged, self._stream, why)
        detail = {"why": why, "entries": str(self._forged), "process": self.target}
        self._audit.write("", f"{ACT}forged command", self.target, REFUSED, detail)

    def _time(self) -> None:
        """Read the store's clock, by which commands expire."""
        sent_at = self._clock.elapsed()
        with answers(self._client):
            store_ms = now_ms(self._client, self._stream)
        self._store_clock.heard(store_ms, sent_at, self._clock.elapsed())

    def _look_round(self) -> None:
        self._look_back()
        self._notary.look()

    def _look_back(self) -> None:
        """A store that failed over may number entries from an earlier time on: then all are read again."""
        self._time()
        if int(self._after.partition("-")[0]) > self._store_clock.now_ms():
            self._after = START

    def _lost(self, error: PerseusError) -> None:
        if self._ended.is_set():  # its connections were closed under it
            return
        self._is_announced = False
        self._after = START  # the store that returns may not be the same; what was read is known by its id
        if self._trouble is None:
            log.warning("No commands are taken until the data store answers: %s", error)
        self._trouble = str(error)

    def _returned(self) -> None:
        if self._trouble is not None:
            log.warning("Commands are taken again.")
            self._trouble = None
