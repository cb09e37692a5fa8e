"""The commands that a process is doing: each accepted at once, done on a thread of its own, told until its end."""

from __future__ import annotations

import dataclasses
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from perseus.access.audit import AuditLog
from perseus.control import audited
from perseus.control.audited import act
from perseus.control.command import Command, Kind
from perseus.control.handling import Cancelled, Done, Job, Refused, Registry, Work
from perseus.control.opened import Opened
from perseus.control.outcomes import Outcome, Status
from perseus.control.recorder import Recorder
from perseus.errors import LeaseRefused, PerseusError
from perseus.pluginhost.calling.boundary import contained, said

log = logging.getLogger(__name__)

MOST = 16
NOTED_A_MINUTE = 20
MINUTE_MS = 60_000


class Jobs:
    """Those of one target. `now_ms()`: the store's time as far as it is known."""

    def __init__(self, registry: Registry, recorder: Recorder, audit: AuditLog, now_ms: Callable[[], int]) -> None:
        self._registry = registry
        self._recorder = recorder
        self._audit = audit
        self._now_ms = now_ms
        self._jobs: dict[str, tuple[Job, Outcome]] = {}
        self._changed = threading.Condition()
        self._is_closed = False
        self._noted = (0, 0)

    def accept(self, command: Command) -> None:
        """Begin it. A stop that is not refused ends the others."""
        job, now_ms = Job(command, self._told), self._now_ms()
        accepted = Outcome(command.id, command.kind, command.target, Status.ACCEPTED, now_ms, now_ms)
        log.info("%s: accepted of %s, id %s", act(command.kind), job.who, command.id)
        with self._changed:
            is_too_much = self._is_closed or (len(self._jobs) >= MOST and command.kind is not Kind.STOP)
            self._jobs[command.id] = job, accepted
        self._recorder.write(accepted)
        self._try(job, self._busy if is_too_much else lambda: self._begun(job))

    def _begun(self, job: Job) -> Done | Work:
        done = self._registry.find(job.command.kind)(job)
        if job.command.kind is Kind.STOP:
            self.cancel(f"{job.who} has asked for a stop.", but=job)
        return done

    def cancel(self, why: str, but: Job | None = None) -> None:
        """Ask all to end."""
        with self._changed:
            jobs = [job for job, _ in self._jobs.values() if job is not but]
        for job in jobs:
            job.cancel(why)

    def close(self, timeout: float) -> None:
        """Take none any more, and wait until those that run have told their end; what is left is told as cancelled."""
        why = "The process was ended in the middle of it."
        with self._changed:
            self._is_closed = True
            self._changed.wait_for(lambda: not self._open(Kind.STOP) and not self._open(Kind.HAND_OVER), timeout / 2)
        self.cancel(why)
        with self._changed:
            self._changed.wait_for(lambda: not self._jobs, timeout / 2)
            left = [job for job, _ in self._jobs.values()]
        for job in left:
            self._end(job, Status.CANCELLED, why, {})

    def reject(self, command: Command, status: Status, text: str, *, is_end: bool) -> Outcome:
        """The outcome of a command that is not even tried; it is in the audit log then.

        `is_end` False: it is a copy, or went astray; what was sent to its target ends on its own.
        """
        now_ms = self._now_ms()
        if self._may_note(now_ms):
            log.warning("%s: %s, id %s of %s: %s", act(command.kind), status, command.id, command.by, text)
            self._note(command, status, text, is_end=is_end)
        return Outcome(command.id, command.kind, command.target, status, now_ms, now_ms, now_ms, text=text)

    def _may_note(self, now_ms: int) -> bool:
        """Whoever copies old commands into the stream, thousands of them, is not to fill the logs by it."""
        minute = now_ms // MINUTE_MS
        self._noted = (minute, self._noted[1] + 1 if self._noted[0] == minute else 1)
        return self._noted[1] <= NOTED_A_MINUTE

    def _open(self, kind: Kind) -> bool:
        return any(job.command.kind is kind for job, _ in self._jobs.values())

    def _busy(self) -> Done:
        raise Refused(f"This process has {MOST} commands in hand, or is about to end. Try again when they are done.")

    def _try(self, job: Job, step: Callable[[], Done | Work]) -> None:
        """The boundary to handlers: whatever they raise is told to whoever commanded, and the process goes on."""
        try:
            with contained():
                done = step()
        except (Refused, LeaseRefused) as error:
            self._end(job, Status.REFUSED, str(error), {})
        except Cancelled as error:
            self._end(job, Status.CANCELLED, str(error) or job.why, {})
        except PerseusError as error:
            self._end(job, Status.CANCELLED if job.cancelled.is_set() else Status.FAILED, str(error), {})
        except Exception as error:
            log.exception("%s failed", act(job.command.kind))
            self._end(job, Status.FAILED, f"It failed: {said(error)}. The log of the process has the traceback.", {})
        else:
            if isinstance(done, Done):
                self._end(job, Status.DONE, done.text, done.data)
            else:
                threading.Thread(
                    target=self._try, args=(job, done), name=f"job {job.command.kind}", daemon=True
                ).start()

    def _told(self, job: Job, step: str, percent: int | None, data: Mapping[str, Any]) -> None:
        self._change(job, status=Status.RUNNING, step=step, percent=percent, data=data)

    def _end(self, job: Job, status: Status, text: str, data: Mapping[str, Any]) -> None:
        with self._changed:
            if job.command.id not in self._jobs:
                return
        percent = 100 if status is Status.DONE else None
        self._change(job, status=status, step=None, text=text, percent=percent, data=data)
        log.info("%s: %s, id %s: %s", act(job.command.kind), status, job.command.id, text)
        self._note(job.command, status, text)
        with self._changed:
            self._jobs.pop(job.command.id, None)
            self._changed.notify_all()

    def _change(self, job: Job, **values: Any) -> None:
        with self._changed:
            kept = self._jobs.get(job.command.id)
            if kept is None:
                return
            outcome = dataclasses.replace(kept[1], at_ms=self._now_ms(), **values)
            if outcome.is_final:
                outcome = dataclasses.replace(outcome, ended_ms=outcome.at_ms)
            self._jobs[job.command.id] = job, outcome
        self._recorder.write(outcome)

    def _note(self, command: Command, status: Status, text: str, *, is_end: bool = True) -> None:
        audited.ended(self._audit, Opened.of(command), status, text, is_end=is_end)
