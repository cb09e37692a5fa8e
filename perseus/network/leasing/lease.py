"""What a holder knows of its own lease. Pure bookkeeping: answers and elapsed seconds come in, verdicts go out."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from enum import Enum

from perseus.errors import Holder
from perseus.network.leasing.claims import Gone, Granted, Renewed, Revoked, Taken
from perseus.settings import Settings


@dataclass(frozen=True, slots=True)
class Timing:
    """The times of one lease in seconds; checked against each other when the settings are read."""

    heartbeat: float
    ttl: float
    margin: float
    stop: float
    retry: float

    @classmethod
    def of(cls, settings: Settings) -> Timing:
        """The times that the settings give."""
        s = settings
        return cls(s.heartbeat_seconds, s.ttl_seconds, s.margin_seconds, s.stop_seconds, s.retry_seconds)


class Standing(Enum):
    """How sure a holder may be."""

    HELD = "held"
    JEOPARDY = "jeopardy"  # a heartbeat was missed: take on nothing new
    SUSPENDED = "suspended"  # not valid now: no effects; may be renewed yet
    HELD_OFF = "held off"  # not valid yet: after an emptied store an old holder may still be at work
    OVER = "over"  # final: taken, gone, run out or released


class Lease:
    """One lease from grant to end.

    Valid from the grant until `margin` before its key could expire, counted from the moment before the last
    successful request was *sent*. In a store that was emptied or failed over, where an unknown holder may be at work
    (`held_off_at`: when the grant was received), valid only once a heartbeat was answered that was sent a TTL later:
    by then any other has ended its work, and the store has not been emptied again. An earlier `held_off_at` makes that
    less, for a settle time. Reads are safe from any thread; one thread writes.
    """

    def __init__(
        self,
        nonce: str,
        instance_id: str,
        timing: Timing,
        grant: Granted,
        sent_at: float,
        held_off_at: float | None = None,
    ) -> None:
        self.nonce = nonce
        self.instance_id = instance_id
        self.timing = timing
        self.token = grant.token
        self._is_doubtful = grant.doubtful
        self._is_settling = held_off_at is not None and held_off_at < sent_at
        self.valid_from = sent_at if held_off_at is None else held_off_at + timing.ttl
        self.end_reason: str | None = None
        self._ended_at: float | None = None
        self.taken_by: Holder | None = None
        self.revoked_by: str | None = None
        self._sent_at = sent_at
        self._until_ms = grant.until_ms

    def valid(self, now: float) -> bool:
        """May this instance act for its exchange at `now` (elapsed seconds)? Ask before each effect."""
        return self.end_reason is None and not self.is_held_off and now < self.deadline

    @property
    def is_held_off(self) -> bool:
        """Not valid yet: it was granted in a store that may have forgotten another."""
        return self._sent_at < self.valid_from

    @property
    def held_off_why(self) -> str:
        """For people, as a clause. A node of a Cluster that was emptied cannot be told from one that never knew it."""
        if self._is_settling:
            return "a failover may forget this claim until the settle time is over"
        what = "failed over or restarted" if self._is_doubtful else "may have been emptied"
        return f"the data store {what}, and an old holder may still be at work"

    @property
    def deadline(self) -> float:
        """When validity ends unless renewed."""
        return self._sent_at + self.timing.ttl - self.timing.margin

    @property
    def key_end(self) -> float:
        """The earliest moment at which the key itself can expire."""
        return self._sent_at + self.timing.ttl

    @property
    def silent_since(self) -> float:
        """When the last successful request was sent."""
        return self._sent_at

    def standing(self, now: float) -> Standing:
        """The verdict at `now`."""
        if self.end_reason is not None or now >= self.key_end:
            return Standing.OVER
        if self.is_held_off:
            return Standing.HELD_OFF
        if now >= self.deadline:
            return Standing.SUSPENDED
        if now >= self._sent_at + self.timing.heartbeat + self.timing.retry:
            return Standing.JEOPARDY
        return Standing.HELD

    def put_back_until_ms(self, now: float) -> int | None:
        """Store time of our own deadline, until when a vanished key may be written again; 0 once it has passed.

        None while held off: whoever is valid yet may have been there first.
        """
        if self.end_reason is not None or self.is_held_off:
            return None
        if now >= self.deadline:
            return 0
        return self._until_ms - round(self.timing.margin * 1000)

    def next_heartbeat(self, sent_at: float, answered: bool) -> float:
        """When to send the one after that of `sent_at`."""
        due = sent_at + (self.timing.heartbeat if answered else self.timing.retry)
        return min(due, self.valid_from) if sent_at < self.valid_from else due

    def answered(self, answer: Renewed | Taken | Gone | Revoked, sent_at: float) -> None:
        """Take in the answer to a heartbeat that was sent at `sent_at`."""
        if isinstance(answer, Renewed):
            self._sent_at, self._until_ms = sent_at, answer.until_ms
        elif isinstance(answer, Taken):
            self._taken(answer.holder, sent_at)
        elif isinstance(answer, Revoked):
            self.revoked_by = answer.by
            self.end(f"taken over by {answer.by}", sent_at)
        else:
            self.end("it ran out before it could be renewed", sent_at)

    def may_be_released(self, now: float) -> bool:
        """Can the key be ours yet? So it is of a lease that was revoked: giving it back lets its successor begin."""
        return (self.end_reason is None or self.revoked_by is not None) and now < self.key_end

    def run_out(self, now: float) -> None:
        """End it if its key can have expired."""
        if now >= self.key_end:
            self.end(f"no heartbeat was answered for {now - self._sent_at:.0f} s", now)

    def end(self, reason: str, now: float) -> None:
        """Never valid again. The first reason stays."""
        if self.end_reason is None:
            self._ended_at = now
            self.end_reason = reason

    def _taken(self, holder: Holder | None, now: float) -> None:
        if holder is not None and holder.hostname is None:
            self.end("its key holds what no instance wrote", now)
            return
        self.taken_by = holder
        self.end("another instance holds it", now)

    def why_invalid(self, now: float) -> str:
        """For people: why it is not valid at `now`."""
        if self.end_reason is None and self.is_held_off:
            left = max(0.0, self.valid_from - now)
            return f"{self.held_off_why}, for {left:.{int(self._is_settling)}f} s more"
        return self.end_reason or f"no heartbeat was answered for {now - self._sent_at:.0f} s"

    def invalid_since(self, now: float) -> float | None:
        """When a lease that was valid stopped to be so; None while it is valid or held off."""
        if self._ended_at is not None:
            return min(self._ended_at, self.deadline)
        return self.deadline if now >= self.deadline else None


def new_nonce() -> str:
    """128 random bits: the secret by which a holder, and its successor on this host, proves itself."""
    return secrets.token_hex(16)
