"""Rules broken one at a time. The model must find each of them out, or it proves nothing of the rules themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from perseus.network.leasing.claims import Gone, Granted, Held, Pending, Renewed, Revocation, Revoked, Taken
from perseus.network.leasing.lease import Lease
from tests.model.rules import Rules
from tests.model.scripts import Record, Status, StoreModel


class NoMargin(Rules):
    """Valid until the key itself can expire: work that is under way then goes on beside the successor's."""

    class lease(Lease):
        @property
        def deadline(self) -> float:
            return self.key_end


class ClockStopsInSuspend(Rules):
    """CLOCK_MONOTONIC in place of CLOCK_BOOTTIME."""

    forgets_sleep = True


class RestartByHostname(Rules):
    """Whoever is on the host may go on with its lease, though its holder lives."""

    believes_hosts = True


class ReleaseFirst(Rules):
    """Valid until the answer to the release has come."""

    def before_release(self, lease: Lease, now: float) -> None:
        """Nothing."""


class NoHoldOff(Rules):
    """After an emptied store valid at once."""

    class lease(Lease):
        @property
        def is_held_off(self) -> bool:
            return False


class ShortHoldOff(Rules):
    """Held off for TTL - margin: the old holder is not valid any more, and yet may be halting its work."""

    class lease(Lease):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            if self.is_held_off:
                self.valid_from -= self.timing.margin


class UnconfirmedHoldOff(Rules):
    """Valid when the time is over, without asking whether the lease still stands in the store."""

    class lease(Lease):
        def valid(self, now: float) -> bool:
            return self.end_reason is None and self.valid_from <= now < self.deadline


class PutsBackWhileHeldOff(Rules):
    """A store emptied twice: the second time an older holder may have been put back first."""

    class lease(Lease):
        def put_back_until_ms(self, now: float) -> int | None:
            is_over = self.end_reason is not None or now >= self.deadline
            return None if is_over else self._until_ms - round(self.timing.margin * 1000)


class PutsBackForEver(Rules):
    """A vanished key is put back however late."""

    class lease(Lease):
        def put_back_until_ms(self, now: float) -> int | None:
            return 2**60


class BlindHeartbeat(Rules):
    """HB-01 to the letter, `SET ... EX`: a late one overwrites the successor (measured: registry F10)."""

    class store(StoreModel):
        def renew(
            self, now: int, nonce: str, instance_id: str, token: str, body: str, put_back_until_ms: int | None
        ) -> Renewed | Taken | Gone | Revoked:
            self.status = Status(instance_id, token, body, now + self.ttl_ms)
            if self.last is not None:
                self.last = replace(self.last, token=token, nonce=nonce, until_ms=now + self.ttl_ms, is_closed=False)
            return Renewed(now, now + self.ttl_ms)


class PutsBackAfterRelease(Rules):
    """A renewal that is applied after the release brings the lease back."""

    class store(StoreModel):
        def renew(
            self, now: int, nonce: str, instance_id: str, token: str, body: str, put_back_until_ms: int | None
        ) -> Renewed | Taken | Gone | Revoked:
            if self.last is not None and self.last.token == token:
                self.last.is_closed = False
            return super().renew(now, nonce, instance_id, token, body, put_back_until_ms)


class VanishedIsFree(Rules):
    """`SET NX` alone: a key that was evicted or deleted is free at once."""

    class store(StoreModel):
        def acquire(
            self, now_us: int, nonce: str, instance_id: str, previous: str, body: str, target: str = ""
        ) -> Granted | Held | Pending:
            if self.read_status(now_us // 1000) is None and self.last is not None:
                self.last.until_ms = 0
            return super().acquire(now_us, nonce, instance_id, previous, body, target)


class ReleaseEndsHoldOff(Rules):
    """A record is believed however young: after a claim and its release the next is valid beside an old holder."""

    class store(StoreModel):
        def acquire(
            self, now_us: int, nonce: str, instance_id: str, previous: str, body: str, target: str = ""
        ) -> Granted | Held | Pending:
            if self.last is not None:
                self.last.recorded_ms = 0
            return super().acquire(now_us, nonce, instance_id, previous, body, target)


class BelievesReplicas(Rules):
    """What a promoted replica does not know has never been."""

    class store(StoreModel):
        def _doubt(self, now: int) -> None:
            """Nothing."""


class ForgetsReplicas(Rules):
    """Only what a server says of itself: once restarted, a promoted replica does not say what it was."""

    class store(StoreModel):
        def _is_another(self, last: Record) -> bool:
            return self.was_replica and super()._is_another(last)


class RestartProvesOverFailover(Rules):
    """The old nonce and the key are there: so they are when a release was lost, and the claim that followed it."""

    class store(StoreModel):
        def _doubt(self, now: int) -> None:
            if self.status is None:
                super()._doubt(now)


class HeldOffOverFailover(Rules):
    """A hold-off goes on over a failover, though the holder that it waits for was back on the old primary."""

    class store(StoreModel):
        def renew(
            self, now: int, nonce: str, instance_id: str, token: str, body: str, put_back_until_ms: int | None
        ) -> Renewed | Taken | Gone | Revoked:
            if put_back_until_ms is None and self.last is not None:
                self.last.history = self.history
            return super().renew(now, nonce, instance_id, token, body, put_back_until_ms)


class CountedTokens(Rules):
    """`INCR` begins anew in an emptied store."""

    class store(StoreModel):
        def _new_token(self, now_us: int) -> str:
            return str(int(self.last.token) + 1 if self.last else 1)


class ForgottenDeath(Rules):
    """The next claimant is not told who died before it."""

    class store(StoreModel):
        def _remember_death(self, is_restart: bool, now: int) -> None:
            if self.last is not None:
                self.last.dead = None


class RevocationFrees(Rules):
    """Who revokes a lease may claim at once, though its holder has not heard of it."""

    class store(StoreModel):
        def revoke(self, now: int, token: str, by: str, successor: str) -> Revocation | None:
            answer = super().revoke(now, token, by, successor)
            if answer is not None and self.last is not None:
                self.status, self.last.until_ms = None, now
            return answer


class RenewsRevoked(Rules):
    """A holder renews as if nobody had revoked its lease, and an operator waits for ever."""

    class store(StoreModel):
        def renew(
            self, now: int, nonce: str, instance_id: str, token: str, body: str, put_back_until_ms: int | None
        ) -> Renewed | Taken | Gone | Revoked:
            revoked, last = self.last and self.last.revoked, self.last
            if last is not None:
                last.revoked = None
            answer = super().renew(now, nonce, instance_id, token, body, put_back_until_ms)
            if self.last is not None:
                self.last.revoked = revoked
            return answer


class RestartRobs(Rules):
    """A restart proves itself to a lease that was revoked for another, and has it again."""

    class store(StoreModel):
        def acquire(
            self, now_us: int, nonce: str, instance_id: str, previous: str, body: str, target: str = ""
        ) -> Granted | Held | Pending:
            if self.last is not None and previous and self.last.nonce == previous:
                self.last.revoked = None
            return super().acquire(now_us, nonce, instance_id, previous, body, target)


class AnybodySucceeds(Rules):
    """Who is named as the successor is told so, and has to be faster than all others."""

    class store(StoreModel):
        def _pending(self, last: Record, now: int, target: str) -> Pending | None:
            return super()._pending(last, now, last.heir or "")


class GivesUpWorkLate(Rules):
    """A holder whose lease was revoked goes on until its time is over, and has released it before."""

    class lease(Lease):
        def valid(self, now: float) -> bool:
            is_over = self.end_reason is not None and self.revoked_by is None
            return not is_over and not self.is_held_off and now < self.deadline


BROKEN: dict[type[Rules], bool] = {
    NoMargin: False,
    ClockStopsInSuspend: False,
    RestartByHostname: False,
    ReleaseFirst: False,
    BlindHeartbeat: False,
    PutsBackAfterRelease: False,
    VanishedIsFree: False,
    ForgottenDeath: False,
    RevocationFrees: False,
    RenewsRevoked: False,
    RestartRobs: False,
    AnybodySucceeds: False,
    GivesUpWorkLate: False,
    NoHoldOff: True,
    ShortHoldOff: True,
    UnconfirmedHoldOff: True,
    PutsBackWhileHeldOff: True,
    PutsBackForEver: True,
    ReleaseEndsHoldOff: True,
    BelievesReplicas: True,
    ForgetsReplicas: True,
    RestartProvesOverFailover: True,
    HeldOffOverFailover: True,
    CountedTokens: True,
}
