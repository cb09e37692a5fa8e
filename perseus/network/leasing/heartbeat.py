"""The heartbeat: one thread on one connection that renews a lease, and runs no plugin and no user code.

The warden sees to what follows from a missed heartbeat; it may call out, so it is another thread.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from perseus.clock import Clock, StoreClock
from perseus.errors import Holder, PerseusError, StoreRefused, StoreUnavailable
from perseus.network.facts import Facts
from perseus.network.leasing.claims import Claims, Renewed, Revoked, Taken
from perseus.network.leasing.lease import Lease
from perseus.outage import Outage

#: A process that wakes too late ends so much later at most, to say who has taken its exchange over.
LAST_WORDS_SECONDS = 0.5

log = logging.getLogger(__name__)


class Heartbeat:
    """Renews `lease` every heartbeat, at once when asked, and again after `retry` seconds when nothing answered.

    The payload is taken from `facts` at the moment of sending. `put_back(ms without the key)` is told when the key
    had vanished, `revoked(by whom)` when the lease was; they neither block nor call out. `trouble`: why the last one
    was missed, None if it was not.
    """

    def __init__(
        self,
        lease: Lease,
        claims: Claims,
        facts: Facts,
        put_back: Callable[[int], None],
        clock: Clock,
        store_clock: StoreClock,
        revoked: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._lease = lease
        self._claims = claims
        self._facts = facts
        self._put_back, self._revoked = put_back, revoked
        self._clock = clock
        self._store_clock = store_clock
        self._changed = threading.Condition()
        self._asked = 0
        self._written = 0
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._answered = True
        self._outage = Outage(log, "No heartbeat is answered, and is sent again and again", "Heartbeats are answered.")
        self.trouble: PerseusError | None = None

    def start(self) -> None:
        """Begin to beat: at once where a hold-off is to be told, or nobody would see what it waits for."""
        self._asked += self._facts.status().held_off is not None
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """End the thread; returns when it has ended or after `timeout` seconds."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(timeout)

    def await_end(self, timeout: float = LAST_WORDS_SECONDS) -> None:
        """Wait until it beats no more: it hears, and says, whose the lease is by now. At most `timeout` seconds."""
        if self._thread is not None:
            self._thread.join(timeout)

    def ask(self) -> int:
        """Have the payload written without waiting for the next heartbeat; gives a ticket for `written`."""
        with self._changed:
            self._asked += 1
            self._changed.notify_all()
            return self._asked

    def written(self, ticket: int, timeout: float) -> bool:
        """Wait until the payload of that ticket stands in the store."""
        with self._changed:
            return self._changed.wait_for(lambda: self._written >= ticket or self._stopping, timeout)

    def _run(self) -> None:
        due = self._lease.next_heartbeat(self._clock.elapsed(), answered=True)
        while self._wait(due):
            sent_at = self._clock.elapsed()
            self._answered = self.beat()
            if self._lease.end_reason is not None:
                break
            due = self._lease.next_heartbeat(sent_at, self._answered)
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def _wait(self, due: float) -> bool:
        with self._changed:
            while not self._stopping:
                left = due - self._clock.elapsed()
                is_asked = self._asked > self._written and self._answered
                if left <= 0 or is_asked:
                    return True
                self._changed.wait(left)
        return False

    def beat(self) -> bool:
        """Send one heartbeat and take in its answer. False when nothing answered."""
        ticket = self._asked
        sent_at = self._clock.elapsed()
        lease = self._lease
        began = time.perf_counter()
        try:
            answer = self._claims.renew(
                lease.nonce,
                lease.instance_id,
                lease.token,
                self._facts.status().to_json(),
                lease.put_back_until_ms(sent_at),
            )
        except (StoreUnavailable, StoreRefused) as error:
            # A refusal is no judgement about the lease: whoever mends a password in time costs nobody his exchange.
            self._outage.failed(error)
            self.trouble = error
            lease.run_out(self._clock.elapsed())
            return False
        except PerseusError as error:
            lease.end(str(error).rstrip("."), self._clock.elapsed())
            return False
        except Exception as error:
            # The last line of defence: a heartbeat that nobody misses must not end without a reason.
            log.exception("The heartbeat failed")
            lease.end(f"its heartbeat failed: {error}", self._clock.elapsed())
            return False
        took_ms = (time.perf_counter() - began) * 1000
        waited_ms = answer.waited_ms if isinstance(answer, Renewed) else 0
        self._facts.rtt_ms = round(max(0.0, took_ms - waited_ms), 2)
        silent_since = lease.silent_since
        self._outage.done(f"A heartbeat was answered again after {self._clock.elapsed() - silent_since:.0f} s.")
        self.trouble = None
        is_late = self._clock.elapsed() >= lease.deadline
        lease.answered(answer, sent_at)
        if is_late and isinstance(answer, Taken) and answer.holder is not None:
            self._say_taken(answer.holder)
        if isinstance(answer, Renewed):
            self._take_in(answer, sent_at, silent_since, ticket)
        elif isinstance(answer, Revoked):
            self._revoked(answer.by)
        return True

    def _say_taken(self, holder: Holder) -> None:
        """Also where nobody waits for it any more: a process that wakes ends at once."""
        by = f" by {holder.commanded_by}" if holder.commanded_by else ""
        text = "%s was taken over%s while no heartbeat was answered: it is held by %s. Its work here has ended."
        log.error(text, self._facts.status().exchange_name, by, holder)

    def _take_in(self, answer: Renewed, sent_at: float, silent_since: float, ticket: int) -> None:
        self._store_clock.heard(answer.now_ms, sent_at, self._clock.elapsed() - answer.waited_ms / 1000)
        self._facts.durable(answer.durability)
        if answer.put_back:
            self._put_back(round((sent_at - silent_since) * 1000))
        with self._changed:
            self._written = ticket
            self._changed.notify_all()
