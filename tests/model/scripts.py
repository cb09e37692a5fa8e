"""The store of the model: what the scripts of the lease do, in plain Python, at a time that the caller gives.

`test_scripts.py` holds it equal to the real scripts on a real Redis. Times are the store's milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from perseus.errors import Holder
from perseus.network.claims import Death, Gone, Granted, Held, Pending, Renewed, Taken


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
        return Death(
            self.token, self.until_ms if self.reason == "lease_expired" else self.beat_ms, self.body, self.reason
        )


@dataclass(slots=True)
class Record:
    """The last record."""

    token: str
    nonce: str
    until_ms: int
    beat_ms: int
    recorded_ms: int
    body: str
    is_closed: bool = False
    closed_ms: int | None = None
    reason: str | None = None
    dead: Lost | None = None


@dataclass(slots=True)
class StoreModel:
    """One exchange's keys and the mark of an initialised store."""

    ttl_ms: int = 45_000
    settle_ms: int = 0
    status: Status | None = None
    last: Record | None = None
    is_initialised: bool = True
    history: list[str] = field(default_factory=list)

    def read_status(self, now_ms: int) -> Status | None:
        """The status key, gone once its TTL has passed."""
        if self.status is not None and now_ms > self.status.expires_ms:
            self.status = None
        return self.status

    def lose(self) -> None:
        """FLUSHALL, or an empty store in the old one's place."""
        self.status, self.last, self.is_initialised = None, None, False

    def acquire(self, now_us: int, nonce: str, instance_id: str, previous: str, body: str) -> Granted | Held | Pending:
        now = now_us // 1000
        status, last = self.read_status(now), self.last
        is_restart = previous != "" and last is not None and last.nonce == previous and not last.is_closed
        if status is not None:
            if status.instance_id == instance_id:
                return self._grant(now, status.token, nonce, instance_id, body)
            if status.instance_id is None or not (is_restart and last is not None and status.token == last.token):
                return Held(Holder(None, None, None, None, (status.expires_ms - now) / 1000))
        if last is not None and not last.is_closed and not is_restart and now < last.until_ms + self.settle_ms:
            return Pending(last.until_ms + self.settle_ms - now)
        self._remember_death(is_restart, now)
        return self._grant(now, self._new_token(now_us), nonce, instance_id, body)

    def _new_token(self, now_us: int) -> str:
        return str(max(int(self.last.token) + 1 if self.last else 1, now_us))

    def _remember_death(self, is_restart: bool, now: int) -> None:
        last = self.last
        if last is None:
            return
        reason = "restarted" if is_restart and now < last.until_ms else "lease_expired"
        last.dead = None if last.is_closed else Lost(last.token, last.until_ms, last.beat_ms, last.body, reason)

    def _grant(self, now: int, token: str, nonce: str, instance_id: str, body: str) -> Granted:
        last = self.last
        recorded_ms = last.recorded_ms if last else now
        dead = last.dead if last else None
        self.status = Status(instance_id, token, body, now + self.ttl_ms)
        self.last = Record(token, nonce, now + self.ttl_ms, now, recorded_ms, body, dead=dead)
        is_vouched = now >= recorded_ms + self.ttl_ms
        return Granted(token, now, now + self.ttl_ms, is_vouched, dead.death if dead else None)

    def renew(
        self, now: int, nonce: str, instance_id: str, token: str, body: str, put_back_until_ms: int | None
    ) -> Renewed | Taken | Gone:
        status, last = self.read_status(now), self.last
        if status is not None:
            if status.instance_id == instance_id and status.token == token:
                return self._keep(now, nonce, instance_id, token, body, False)
            return Taken(Holder(None, None, None, None, (status.expires_ms - now) / 1000))
        if last is not None and last.token != token:
            return Taken(None)
        if put_back_until_ms is None or now >= put_back_until_ms or (last is not None and last.is_closed):
            return Gone()
        return self._keep(now, nonce, instance_id, token, body, True)

    def _keep(self, now: int, nonce: str, instance_id: str, token: str, body: str, is_put_back: bool) -> Renewed:
        last = self.last or Record(token, nonce, 0, 0, now, body)
        self.status = Status(instance_id, token, body, now + self.ttl_ms)
        self.last = replace(
            last, token=token, nonce=nonce, until_ms=now + self.ttl_ms, beat_ms=now, is_closed=False, body=body
        )
        return Renewed(now, now + self.ttl_ms, is_put_back)

    def release(self, now: int, nonce: str, instance_id: str, token: str, reason: str, body: str) -> bool:
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
        return True
