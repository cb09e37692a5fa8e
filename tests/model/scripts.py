"""The store of the model: what the scripts of the lease do, in plain Python, at a time that the caller gives.

`test_scripts.py` holds it equal to the real scripts on a real Redis. Times are the store's milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from perseus.errors import Holder
from perseus.network.leasing.claims import (
    HEIR_MS,
    Death,
    Gone,
    Granted,
    Held,
    Pending,
    Renewed,
    Revocation,
    Revoked,
    Taken,
)


@dataclass(slots=True)
class Status:
    """The status key. `instance_id` is None where it holds junk."""

    instance_id: str | None
    token: str
    body: str
    expires_ms: int


@dataclass(frozen=True, slots=True)
class Lost:
    """The `dead_` fields of a last record: a lease that nobody released."""

    token: str
    until_ms: int
    beat_ms: int
    body: str
    reason: str

    @property
    def death(self) -> Death:
        return Death(self.token, self.beat_ms if self.reason == "restarted" else self.until_ms, self.body, self.reason)


@dataclass(slots=True)
class Record:
    """The last record."""

    token: str
    nonce: str
    until_ms: int
    beat_ms: int
    recorded_ms: int
    body: str
    history: str | None = None
    doubtful_ms: int | None = None
    copied: int | None = None
    is_closed: bool = False
    closed_ms: int | None = None
    reason: str | None = None
    revoked: str | None = None
    revoked_by: str | None = None
    revoked_ms: int | None = None
    heir: str | None = None
    heir_for_ms: int | None = None
    dead: Lost | None = None

    @property
    def is_revoked(self) -> bool:
        return self.revoked == self.token


@dataclass(slots=True)
class StoreModel:
    """One exchange's keys and the mark of an initialised store."""

    ttl_ms: int = 45_000
    settle_ms: int = 0
    status: Status | None = None
    last: Record | None = None
    is_initialised: bool = True
    history: str | None = "0"
    was_replica: bool = False
    has_replicas: bool = False

    def read_status(self, now_ms: int) -> Status | None:
        """The status key, gone once its TTL has passed."""
        if self.status is not None and now_ms > self.status.expires_ms:
            self.status = None
        return self.status

    def lose(self) -> None:
        """FLUSHALL, or an empty store in the old one's place."""
        self.status, self.last, self.is_initialised = None, None, False

    def promote(self, status: Status | None, last: Record | None, history: str) -> None:
        """A replica takes over that has heard so much, and begins a history of its own."""
        self.status, self.last, self.history, self.was_replica = status, last, history, True

    def restart(self, history: str) -> None:
        """With all that it had. It begins a history again, and its record alone tells of replicas."""
        self.history, self.was_replica, self.has_replicas = history, False, False

    def acquire(
        self, now_us: int, nonce: str, instance_id: str, previous: str, body: str, target: str = ""
    ) -> Granted | Held | Pending:
        now = now_us // 1000
        status, last = self.read_status(now), self.last
        is_restart = previous != "" and last is not None and last.nonce == previous and not last.is_closed
        is_restart = is_restart and last is not None and not last.is_revoked
        if status is None or is_restart:
            self._doubt(now)
        if status is not None:
            if status.instance_id == instance_id and (last is None or status.token != last.revoked):
                return self._grant(now, status.token, nonce, instance_id, body)
            if status.instance_id is None or not (is_restart and last is not None and status.token == last.token):
                return Held(Holder(None, None, None, None, (status.expires_ms - now) / 1000))
        pending = None if is_restart or last is None else self._pending(last, now, target)
        if pending is not None:
            return pending
        self._remember_death(is_restart, now)
        return self._grant(now, self._new_token(now_us), nonce, instance_id, body)

    def _pending(self, last: Record, now: int, target: str) -> Pending | None:
        """Not free yet: it may still be believed in, or another was named as the successor."""
        kept_for = last.heir if last.heir and last.heir != target else ""
        wait = (last.heir_for_ms or 0) if kept_for else 0
        if last.is_closed:
            ago = now - (last.closed_ms or 0)
            return Pending(wait - ago, kept_for) if 0 <= ago < wait else None
        wait = wait if last.is_revoked else 0
        free_at = last.until_ms + self.settle_ms + wait
        return Pending(free_at - now, kept_for if wait else "") if now < free_at else None

    def _doubt(self, now: int) -> None:
        """The first contact since a failover, with a lease that is not there."""
        last = self.last
        if last is not None and self._is_another(last):
            last.history, last.doubtful_ms = self.history, now

    def _is_another(self, last: Record) -> bool:
        """Has the store begun a history since, and is that more than the restart of a server that is alone?"""
        is_suspect = self.was_replica or self.has_replicas or last.copied == 1
        return is_suspect and self.history is not None and last.history != self.history

    def _copied(self) -> int | None:
        return 1 if self.has_replicas or (self.last is not None and self.last.copied) else None

    def _new_token(self, now_us: int) -> str:
        return str(max(int(self.last.token) + 1 if self.last else 1, now_us))

    def _remember_death(self, is_restart: bool, now: int) -> None:
        last = self.last
        if last is None:
            return
        reason = f"taken over by {last.revoked_by}" if last.is_revoked else "lease_expired"
        reason = "restarted" if is_restart and now < last.until_ms else reason
        last.dead = None if last.is_closed else Lost(last.token, last.until_ms, last.beat_ms, last.body, reason)

    def _grant(self, now: int, token: str, nonce: str, instance_id: str, body: str) -> Granted:
        last = self.last
        recorded_ms = last.recorded_ms if last else now
        dead = last.dead if last else None
        doubtful_ms = (last.doubtful_ms or 0) if last else now if self.was_replica and not self.status else 0
        until_ms = now + self.ttl_ms
        self.status = Status(instance_id, token, body, until_ms)
        self.last = Record(
            token, nonce, until_ms, now, recorded_ms, body, self.history or "", doubtful_ms, self._copied(), dead=dead
        )
        is_doubtful = now < doubtful_ms + self.ttl_ms
        is_vouched = is_doubtful or now >= recorded_ms + self.ttl_ms
        is_untold = self.history is None and self.settle_ms > 0 and is_vouched and not is_doubtful
        death = dead.death if dead else None
        return Granted(token, now, until_ms, is_vouched, death, doubtful=is_doubtful, untold=is_untold)

    def renew(
        self, now: int, nonce: str, instance_id: str, token: str, body: str, put_back_until_ms: int | None
    ) -> Renewed | Taken | Gone | Revoked:
        status, last = self.read_status(now), self.last
        may_put_back = put_back_until_ms is not None and now < put_back_until_ms
        if status is not None:
            if status.instance_id == instance_id and status.token == token:
                if last is not None and last.revoked == token:
                    return Revoked(last.revoked_by or "")
                is_told = self.was_replica or (last is not None and last.history is not None)
                if put_back_until_ms is None and last is not None and is_told and self._is_another(last):
                    return Gone()
                return self._keep(now, nonce, Status(instance_id, token, body, 0), False, may_put_back)
            if not (may_put_back and _is_older(status.token, token)):
                return Taken(Holder(None, None, None, None, (status.expires_ms - now) / 1000))
        if last is not None and last.token != token and not _is_older(last.token, token):
            return Taken(None)
        if last is not None and last.revoked == token and not last.is_closed:
            return Revoked(last.revoked_by or "")
        if not may_put_back or (last is not None and last.token == token and last.is_closed):
            return Gone()
        return self._keep(now, nonce, Status(instance_id, token, body, 0), True, may_put_back)

    def _keep(self, now: int, nonce: str, holder: Status, is_put_back: bool, is_valid: bool) -> Renewed:
        """`is_valid`: so is who asks. It knows of no later lease that this store has forgotten."""
        until_ms, token, body = now + self.ttl_ms, holder.token, holder.body
        before = self.last or Record(token, nonce, 0, 0, now, body)
        self.status = replace(holder, expires_ms=until_ms)
        kept = replace(before, is_closed=False, copied=1 if self.has_replicas else before.copied)
        self.last = replace(kept, token=token, nonce=nonce, until_ms=until_ms, beat_ms=now, body=body)
        if is_put_back:
            self.last.closed_ms = self.last.reason = None
        if is_valid and self.history is not None:
            self.last.history, self.last.doubtful_ms = self.history, 0
        return Renewed(now, until_ms, is_put_back)

    def revoke(self, now: int, token: str, by: str, successor: str) -> Revocation | None:
        status, last = self.read_status(now), self.last
        if last is None or last.token != token or last.is_closed:
            return None
        if not last.is_revoked:
            last.revoked, last.revoked_by, last.revoked_ms = token, by, now
            last.heir, last.heir_for_ms = successor, HEIR_MS
        elif last.heir != successor:
            return Revocation(0, last.revoked_by or "", last.heir or "")
        return Revocation(max(0, status.expires_ms - now if status else 0, last.until_ms - now))

    def release(
        self, now: int, nonce: str, instance_id: str, token: str, reason: str, body: str, successor: str = ""
    ) -> bool:
        status, last = self.read_status(now), self.last
        is_ours = status is not None and status.instance_id == instance_id and status.token == token
        if status is not None and not is_ours:
            return False
        if (last is not None and last.token != token) or (last is None and not is_ours):
            return False
        self.status = None
        if last is None:
            last = self.last = Record(token, nonce, now, now, now, body)
        if not last.is_closed:
            last.nonce, last.body, last.is_closed, last.closed_ms, last.reason = nonce, body, True, now, reason
            if last.revoked != token:
                last.heir, last.heir_for_ms = (successor, HEIR_MS) if successor else (None, None)
        return True


def _is_older(token: str, than: str) -> bool:
    """Was it given before? Only then is a lease that stands in another's place a ghost, of a store that forgot."""
    return token != "" and int(token) < int(than)
