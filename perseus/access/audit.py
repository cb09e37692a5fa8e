"""The audit log: who did what to what, from where, and what came of it. 90 days, newest first."""

from __future__ import annotations

import logging
import re
import threading
from collections import deque
from collections.abc import Mapping

from perseus import keys
from perseus.access.auditentry import AuditEntry, AuditPage, Wanted, entry, flat
from perseus.clock import Clock, SystemClock
from perseus.errors import PerseusError, StoreCorrupt
from perseus.store import Client, Script, where
from perseus.store.batch import Batch

RETENTION_MS = 90 * 86_400_000
MOST = 100_000
STRANGERS_MOST = 10_000
ONCE_MS = 7 * 86_400_000
HELD = 1_000
AGAIN_SECONDS = 5.0
CHUNK = 500
CHUNKS = 20
CURSOR = re.compile(r"[0-9]{1,15}-[0-9]{1,19}")

log = logging.getLogger(__name__)


class BadAuditCursor(PerseusError):
    """Raised when a cursor is none that a page of the audit log gave."""

    def __init__(self, cursor: str) -> None:
        super().__init__("Not a cursor. Use one of an earlier page, or none for the newest entries.")
        self.cursor = cursor


class AuditLog:
    """One site's, seen from one process. Safe from any thread.

    An entry that the store does not take is held and written with the next one that it takes: what people do to a
    site with a silent store is recorded too. It goes to the process's log at once, in case the process ends.
    """

    def __init__(self, client: Client, clock: Clock | None = None) -> None:
        self._client = client
        self._clock = clock or SystemClock()
        self._append = Script(client, "audit", "perseus.access")
        self._held: deque[tuple[list[str], int, str]] = deque(maxlen=HELD)
        self._lock = threading.Lock()
        self._silent_since: float | None = None

    def write(
        self,
        who: str,
        what: str,
        target: str = "",
        result: str = "done",
        detail: Mapping[str, str] | None = None,
        ip: str = "",
        *,
        once: str = "",
    ) -> None:
        """Record it; never raises. `who` '' is a stranger; give no secrets. All is cut to what one entry may hold.

        `once`: a key in the log's slot; of all entries with the same one, by whomever, the first alone is written.
        """
        fields = flat(self._clock.wall_ms(), who, what, target, result, detail or {}, ip)
        self._hold(fields, 0 if who else STRANGERS_MOST, once)
        if self._may_try():
            self._flush()
        if who and self._silent_since is not None:
            log.warning("audit, held until the data store takes it: %s", " ".join(fields))

    def flush(self) -> bool:
        """Write what is held; False while the store does not take it."""
        self._flush()
        return not self._held

    @property
    def held(self) -> int:
        """How many entries the store has not taken yet."""
        return len(self._held)

    def read(self, count: int, before: str | None = None, wanted: Wanted | None = None) -> AuditPage:
        """Entries newest first; of a filter that finds little it reads a bounded part, and `older` goes on from there.

        Raises BadAuditCursor, StoreUnavailable, StoreRefused, StoreCorrupt.
        """
        if before is not None and (not CURSOR.fullmatch(before) or not before.strip("0-")):
            raise BadAuditCursor(before)
        self._flush()
        found: list[AuditEntry] = []
        now_ms = 0
        for _ in range(CHUNKS):
            entries, now_ms, is_last = self._chunk(before)
            for one in entries:
                before = one.id
                if wanted is None or wanted.fits(one):
                    found.append(one)
                if len(found) == count:
                    is_end = is_last and one is entries[-1]
                    return AuditPage(tuple(found), None if is_end else before, now_ms)
            if is_last:
                return AuditPage(tuple(found), None, now_ms)
        return AuditPage(tuple(found), before, now_ms)

    def _chunk(self, before: str | None) -> tuple[list[AuditEntry], int, bool]:
        """Some entries behind a place, the store's time, and whether those are the last."""
        batch = Batch(self._client)
        top = "+" if before is None else f"({before}"
        batch.add("XREVRANGE", keys.AUDIT_LOG, top, "-", "COUNT", CHUNK)
        (told,) = batch.run()
        now_ms = batch.now_ms(keys.AUDIT_LOG)
        if isinstance(told, Exception):
            raise StoreCorrupt(where(self._client), keys.AUDIT_LOG)
        entries = [entry(stream_id, fields) for stream_id, fields in told]
        kept = [one for one in entries if one.written_ms >= now_ms - RETENTION_MS]
        return kept, now_ms, len(told) < CHUNK or len(kept) < len(entries)

    def _may_try(self) -> bool:
        since = self._silent_since
        return since is None or self._clock.elapsed() - since >= AGAIN_SECONDS

    def _hold(self, fields: list[str], strangers: int, once: str) -> None:
        with self._lock:
            self._held.append((fields, strangers, once))

    def _flush(self) -> None:
        """Write what is held, oldest first."""
        while True:
            with self._lock:
                if not self._held:
                    break
                one = self._held.popleft()
            try:
                self._put(*one)
            except PerseusError as error:
                with self._lock:
                    if len(self._held) < HELD:
                        self._held.appendleft(one)
                if self._silent_since is None:
                    log.warning("the audit log takes nothing, entries are held: %s", error)
                self._silent_since = self._clock.elapsed()
                return
        if self._silent_since is not None:
            log.info("the audit log takes entries again, those that were held are in it")
            self._silent_since = None

    def _put(self, fields: list[str], strangers: int, once: str) -> None:
        names = [keys.AUDIT_LOG, keys.AUDIT_STRANGERS, *([once] if once else [])]
        self._append(names, [RETENTION_MS, MOST, strangers, ONCE_MS, *fields])
