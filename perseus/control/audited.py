"""Commands in the audit log: once that each was sent, and once what came of it, whoever sees that first."""

from __future__ import annotations

import logging
from typing import Final

from perseus import keys
from perseus.access.audit import AuditLog
from perseus.access.auditentry import DONE, FAILED, REFUSED, SENT
from perseus.clock import Clock, SystemClock
from perseus.control import channel, opened
from perseus.control.command import Command
from perseus.control.opened import Opened
from perseus.control.outcomes import Status
from perseus.errors import PerseusError
from perseus.store import Client, answers, now_ms

log = logging.getLogger(__name__)

#: Whoever looks at the audit log filters by it.
ACT: Final = "control: "
NOT_KNOWN: Final = "not known: the process has ended"
RESULTS = {Status.DONE: DONE, Status.REFUSED: REFUSED, Status.EXPIRED: REFUSED}
EVERY_SECONDS = 5.0
SETTLE_SECONDS = 10.0
"""A process whose store was away tells its outcomes first, and then what became of its commands."""


def act(kind: str) -> str:
    """What the audit log calls a command of this kind, at its sending and at its end."""
    return ACT + kind.replace("_", " ")


def began(audit: AuditLog, command: Command, **detail: str) -> None:
    """It was sent: in the log once, also where the store has taken it and could not say so. Never raises."""
    one = Opened.of(command)
    told = {"process": one.target, "id": one.id, **detail}
    audit.write(one.by, act(one.kind), one.about, SENT, told, one.ip, once=keys.audit_sent(one.id))


def ended(audit: AuditLog, one: Opened, status: Status, text: str, *, is_end: bool = True) -> None:
    """What came of it: in the log once, whoever says so. `is_end` False: of a copy, which is noted besides."""
    is_known = text != channel.INTERRUPTED
    told = {"status": status.value if is_known else NOT_KNOWN, "text": text, "process": one.target, "id": one.id}
    once = keys.audit_end(one.id) if is_end else ""
    audit.write(one.by, act(one.kind), one.about, RESULTS.get(status, FAILED), told, one.ip, once=once)


class Notary:
    """Writes down the ends that their processes did not: of commands that nobody took, or was killed with.

    Any number of them may look, each as often as it likes: one looks every five seconds, and believes what it has seen
    for ten. Safe from one thread.
    """

    def __init__(self, client: Client, clock: Clock | None = None) -> None:
        self._client = client
        self._clock = clock or SystemClock()
        self._audit = AuditLog(client, self._clock)
        self._looked_at: float | None = None
        self._since: dict[str, float] = {}
        self._handed: set[str] = set()

    def look(self) -> None:
        """Look, where that is due. Never raises for a store that is away."""
        now = self._clock.elapsed()
        if self._looked_at is not None and now - self._looked_at < EVERY_SECONDS:
            return
        self._looked_at = now
        try:
            self._look(now)
        except PerseusError as error:
            self._since.clear()
            log.debug("What became of commands cannot be read: %s", error)

    def _look(self, now: float) -> None:
        found, junk = opened.read(self._client)
        if junk:
            opened.remove(self._client, *junk)
        ends = {one: end for one in found if (end := self._end(one)) is not None}
        self._since = {one.id: self._since.get(one.id, now) for one in ends}
        for one, end in ends.items():
            if now - self._since[one.id] >= SETTLE_SECONDS:
                self._write(one, *end)

    def _write(self, one: Opened, status: Status, text: str) -> None:
        if one.id not in self._handed:
            ended(self._audit, one, status, text)
            self._handed.add(one.id)
        if self._audit.flush():
            self._handed.clear()
            opened.remove(self._client, one.id)

    def _end(self, one: Opened) -> tuple[Status, str] | None:
        told = channel.outcome(self._client, one.target, one.id)
        if told is not None:
            return (told.status, told.text or "") if told.is_final else None
        with answers(self._client):
            late_ms = now_ms(self._client, keys.COMMANDS) - one.expires_ms - channel.LATE_MS
        if late_ms <= 0:
            return None
        is_known = late_ms < channel.OUTCOMES_KEPT_MS  # what accepted it would still say so
        return (Status.EXPIRED, channel.UNTAKEN) if is_known else (Status.FAILED, channel.INTERRUPTED)
