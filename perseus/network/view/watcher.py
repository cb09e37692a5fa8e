"""The watcher: writes down the deaths that nobody else can, once each, whoever watches.

Any number of them may run: the log's script takes each death once a fencing token. None of them leads.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

from perseus import keys
from perseus.clock import Clock, SystemClock
from perseus.errors import PerseusError, StoreRefusesWrites, StoreUnavailable
from perseus.network.exchange import Exchange
from perseus.network.leasing.claims import Death
from perseus.network.log import activity
from perseus.network.log.activity import ActivityLog, Fenced
from perseus.network.view.reading import LAST_FIELDS, LastRecord, last_record
from perseus.outage import Outage
from perseus.settings import Settings
from perseus.store import Client
from perseus.store.batch import Batch

log = logging.getLogger(__name__)

GRACE_MS = 500
LONGEST_WAIT = 2.0
MACHINE = SystemClock()


class Watcher:
    """Looks at the earliest lease end plus a grace of 0.5 s, and at least every 2 s for new leases.

    It judges nobody before it has itself read the store without error for one heartbeat interval: after an outage
    holders first get the time to renew. `recover` is called after each look that the store answered.
    """

    def __init__(
        self,
        client: Client,
        exchanges: Callable[[], Sequence[Exchange]],
        settings: Settings,
        clock: Clock = MACHINE,
        recover: Callable[[], None] = lambda: None,
    ) -> None:
        self._client = client
        self._exchanges = exchanges
        self._recover = recover
        self._settle = settings.heartbeat_seconds
        self._longest = min(LONGEST_WAIT, settings.ttl_seconds / 6)
        self._max_entries = settings.activity_max_entries
        self._clock = clock
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._reading_since: float | None = None
        self._read_at = 0.0
        self._remembered = 2 * settings.ttl_seconds
        self._written: dict[int, int] = {}
        self._again: dict[int, tuple[float, float]] = {}
        self._complained: dict[int, int] = {}

    def start(self) -> None:
        """Watch on a thread of its own."""
        self._thread = threading.Thread(target=self.run, name="watcher", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; returns when the thread has ended or after 2 s."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(2.0)

    def run(self) -> None:
        """Watch here until `stop`."""
        outage = Outage(log, "The watcher judges nobody for now", "The watcher reads the data store again.")
        while not self._stopping.is_set():
            pause = self._longest
            try:
                pause = self.look()
                outage.done()
                self._recover()
            except PerseusError as error:
                self._reading_since = None
                outage.failed(error)
            except Exception:
                # The last line of defence of a thread that nobody would miss: say it and look again.
                self._reading_since = None
                log.exception("The watcher failed and goes on")
            self._stopping.wait(pause)

    def look(self) -> float:
        """Look at every exchange once, write down who died; gives the seconds until the next look.

        Raises StoreUnavailable, StoreRefused.
        """
        exchanges = self._exchanges()
        found = self._read(exchanges)
        now = self._clock.elapsed()
        if self._reading_since is None or now - self._read_at > self._settle + self._longest:
            self._reading_since = now
        self._read_at = now
        is_settled = now - self._reading_since >= self._settle
        waits_ms = [round(self._longest * 1000)]
        for exchange, (now_ms, pttl, values) in zip(exchanges, found, strict=True):
            record = _record(values)
            if record is None or isinstance(pttl, Exception):
                continue
            if is_settled:
                self._write_all(exchange, _deaths(record, pttl, now_ms), now_ms)
            if not record.closed:
                waits_ms.append((pttl if pttl >= 0 else record.until_ms - now_ms) + GRACE_MS)
        return max(0.01, min(wait_ms for wait_ms in waits_ms if wait_ms > 0) / 1000)

    def _read(self, exchanges: Sequence[Exchange]) -> list[tuple[int, Any, Any]]:
        """Of each exchange the time of the server that has its lease, PTTL and last record."""
        batch = Batch(self._client)
        for exchange in exchanges:
            batch.add("PTTL", keys.status(exchange.id))
            batch.add("HMGET", keys.last_record(exchange.id), *LAST_FIELDS)
        found = batch.run()
        now_ms = [batch.now_ms(keys.last_record(exchange.id)) for exchange in exchanges]
        return list(zip(now_ms, found[::2], found[1::2], strict=True))

    def _write_all(self, exchange: Exchange, deaths: list[Death], now_ms: int) -> None:
        """Write what is to be written of one exchange; what is wrong with it costs no other exchange its watcher."""
        try:
            for death in deaths:
                self._write(exchange, death, now_ms)
        except PerseusError:
            raise
        except Exception:
            log.exception("The watcher cannot make out %s", exchange.name)

    def _write(self, exchange: Exchange, death: Death, now_ms: int) -> None:
        """Write one death; the script makes a second writing, by anybody, a no-op."""
        token = int(death.token)
        is_new = self._written.get(exchange.id, 0) < token
        if not is_new and not self._may_be_forgotten(exchange):
            return
        try:
            entry = activity.death(exchange, death, now_ms)
            ActivityLog(self._client, exchange, self._max_entries).append(entry, is_death=True)
            if is_new:
                log.info("%s is offline: its lease ended and nobody released it.", exchange.name)
        except StoreRefusesWrites as error:
            # It can be read, so the others are looked at; holders first get the time to renew when it is over.
            self._reading_since = None
            self._complain(exchange, token, error)
            return
        except StoreUnavailable:
            raise
        except Fenced:
            if is_new:
                log.info("%s already has a later lease.", exchange.name)
        except PerseusError as error:
            # Not forgotten: somebody may mend the log, and the death is then still to be told.
            self._complain(exchange, token, error)
            return
        if is_new:
            self._written[exchange.id] = token
            now = self._clock.elapsed()
            self._again[exchange.id] = now + self._settle, now + self._remembered

    def _complain(self, exchange: Exchange, token: int, error: PerseusError) -> None:
        """Once a death; that it is offline is told when it is written."""
        if self._complained.get(exchange.id) != token:
            log.error("The death of %s cannot be written down yet: %s", exchange.name, error)
        self._complained[exchange.id] = token

    def _may_be_forgotten(self, exchange: Exchange) -> bool:
        """For two TTLs, every heartbeat: a failover may have taken the entry away."""
        due, until = self._again[exchange.id]
        now = self._clock.elapsed()
        if not due <= now <= until:
            return False
        self._again[exchange.id] = now + self._settle, until
        return True


def _record(values: Any) -> LastRecord | None:
    """None where there is nothing to judge by; the page shows such a record as corrupt."""
    try:
        return None if isinstance(values, Exception) else last_record(values)
    except ValueError:
        return None


def _deaths(record: LastRecord, pttl: int, now_ms: int) -> list[Death]:
    """Leases of this record that ended without a release: the predecessor's, and its own once the grace has passed."""
    deaths = [record.dead] if record.dead is not None else []
    if pttl == -2 and not record.closed and now_ms >= record.until_ms + GRACE_MS:
        deaths.append(record.death)
    return deaths
