"""The four scripts of the lease as typed calls. Each is one round trip, in one slot, and safe to repeat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from perseus import keys
from perseus.errors import Holder, StoreUnavailable
from perseus.network import payload
from perseus.network.leasing.durability import Durability
from perseus.network.payload import InstanceStatus
from perseus.store import Client, Script
from perseus.store.acknowledged import Acknowledged

HEIR_MS = 5_000
"""So long a named successor comes before all others, once the lease has ended."""
BY_MAX = 200
"""Characters of who revoked a lease that are kept."""


@dataclass(frozen=True, slots=True)
class Death:
    """A lease that ended without a release. Milliseconds of the store's clock.

    `reason` is `lease_expired`, or `restarted` when the same host's next process took it over before its end, or
    `taken over by <who>` when it was revoked.
    """

    token: str
    offline_ms: int
    payload: str
    reason: str

    @property
    def status(self) -> InstanceStatus | None:
        """The last payload, None when it cannot be read."""
        return payload.parse(self.payload)


@dataclass(frozen=True, slots=True)
class Granted:
    """The claim succeeded.

    `recorded` False: the store's knowledge of this exchange is younger than a TTL (a new store or an emptied one), so
    an older lease may be believed in that it does not know of. `doubtful`: the same of a store that failed over or
    restarted, and may have forgotten the newest lease. `untold`: the store does not tell whether it failed over, and
    there is a settle time. `durability` None: not asked.
    """

    token: str
    now_ms: int
    until_ms: int
    recorded: bool = True
    death: Death | None = None
    durability: Durability | None = None
    doubtful: bool = False
    untold: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """Another instance holds the exchange."""

    holder: Holder


@dataclass(frozen=True, slots=True)
class Pending:
    """Nobody holds it, but its last lease may still be believed in; free in `wait_ms`.

    `kept_for`: the process that was named as its successor, and comes first; '' for none.
    """

    wait_ms: int
    kept_for: str = ""


@dataclass(frozen=True, slots=True)
class Renewed:
    """The lease is ours until `until_ms`. `put_back`: its key had vanished and was written again.

    `waited_ms`: how long the answer was held back for `durability`.
    """

    now_ms: int
    until_ms: int
    put_back: bool = False
    durability: Durability | None = None
    waited_ms: int = 0


@dataclass(frozen=True, slots=True)
class Taken:
    """The lease is another's; `holder` is None when only the last record says so."""

    holder: Holder | None


@dataclass(frozen=True, slots=True)
class Gone:
    """The lease has ended and may not be put back."""


@dataclass(frozen=True, slots=True)
class Revoked:
    """The lease may not be renewed any more: another process shall have the exchange. `by`: who said so."""

    by: str


@dataclass(frozen=True, slots=True)
class Revocation:
    """A lease that its holder cannot renew any more, and that ends in `left_ms` unless it is released before.

    `by`, `successor`: who revoked it and for which process, where it was another that did so first; else ''.
    """

    left_ms: int
    by: str = ""
    successor: str = ""


class Claims(Protocol):
    """What a holder asks of the store. Errors: StoreUnavailable, StoreRefused, StoreCorrupt."""

    def acquire(
        self, nonce: str, instance_id: str, previous_nonce: str | None, body: str, target: str = ""
    ) -> Granted | Held | Pending:
        """Claim. `body`: the payload's JSON without its token; `previous_nonce` proves a restart on this host.

        `target`: the process that claims, by the name under which it may have been named as the successor.
        """

    def renew(
        self, nonce: str, instance_id: str, token: str, body: str, put_back_until_ms: int | None
    ) -> Renewed | Taken | Gone | Revoked:
        """One heartbeat. A vanished key is put back only before `put_back_until_ms` of the store's clock."""

    def release(self, nonce: str, instance_id: str, token: str, reason: str, body: str, successor: str = "") -> bool:
        """Give it back; `successor` alone may claim for `HEIR_MS` then. False when it was not ours any more."""

    def close(self) -> None:
        """End the connection; nothing is asked any more."""


def give_back(
    claims: Claims, nonce: str, instance_id: str, token: str, reason: str, body: str, successor: str = ""
) -> bool:
    """Release a lease, trying twice. False when it was not ours any more; errors as `Claims`."""
    try:
        return claims.release(nonce, instance_id, token, reason, body, successor)
    except StoreUnavailable:
        # Once more: the request or its answer may be lost, and the script is safe to repeat.
        return claims.release(nonce, instance_id, token, reason, body, successor)


class RedisClaims:
    """Claims on one exchange's keys. `replicas` above 0: so many should acknowledge each claim and heartbeat."""

    def __init__(
        self,
        client: Client,
        exchange_id: int,
        ttl_seconds: float,
        settle_seconds: float,
        replicas: int = 0,
        wait_seconds: float = 0.0,
    ) -> None:
        self._client = client
        self._replicas, self._wait_ms = replicas, round(wait_seconds * 1000)
        self._keys = (keys.status(exchange_id), keys.last_record(exchange_id))
        self._ttl_ms = round(ttl_seconds * 1000)
        self._settle_ms = round(settle_seconds * 1000)
        self._acquire = Script(client, "acquire", "perseus.network.leasing")
        self._renew = Script(client, "renew", "perseus.network.leasing")
        self._release = Script(client, "release", "perseus.network.leasing")
        self._revoke = Script(client, "revoke", "perseus.network.leasing")

    def acquire(
        self, nonce: str, instance_id: str, previous_nonce: str | None, body: str, target: str = ""
    ) -> Granted | Held | Pending:
        args = (nonce, instance_id, previous_nonce or "", body, self._ttl_ms, self._settle_ms, target)
        (answer, *rest), asked = self._asked(self._acquire, args)
        if answer == "HELD":
            return Held(_holder(rest[0], int(rest[1])))
        if answer == "PENDING":
            return Pending(int(rest[0]), *rest[1:2])
        kind, token, now_ms, until_ms, *dead = rest
        recorded, doubtful = kind != "unrecorded", kind == "doubtful"
        durability = _durability(asked)
        untold = kind == "untold"
        return Granted(token, int(now_ms), int(until_ms), recorded, _death(*dead), durability, doubtful, untold)

    def renew(
        self, nonce: str, instance_id: str, token: str, body: str, put_back_until_ms: int | None
    ) -> Renewed | Taken | Gone | Revoked:
        until = "" if put_back_until_ms is None else put_back_until_ms
        args = (nonce, instance_id, token, body, self._ttl_ms, until)
        (answer, *rest), asked = self._asked(self._renew, args)
        if answer == "TAKEN":
            return Taken(_holder(rest[0], int(rest[1])) if rest[0] else None)
        if answer == "GONE":
            return Gone()
        if answer == "REVOKED":
            return Revoked(str(rest[0]))
        now_ms, until_ms = int(rest[0]), int(rest[1])
        waited_ms = max(0, asked.done_ms - now_ms) if asked and asked.done_ms else 0
        return Renewed(now_ms, until_ms, answer == "PUT_BACK", _durability(asked), waited_ms)

    def release(self, nonce: str, instance_id: str, token: str, reason: str, body: str, successor: str = "") -> bool:
        args = (nonce, instance_id, token, reason, body, successor, HEIR_MS)
        return bool(self._release(self._keys, args)[0] == "RELEASED")

    def revoke(self, token: str, by: str, successor: str) -> Revocation | None:
        """Let the lease of that token be renewed no more; `successor` may claim when it has ended, before all others.

        None when nobody holds it any more, or the store does not know of it yet. Errors as `Claims`.
        """
        answer, *rest = self._revoke(self._keys, (token, by[:BY_MAX], successor, HEIR_MS))
        if answer == "NOT_HELD":
            return None
        return Revocation(int(rest[0])) if answer == "REVOKED" else Revocation(0, str(rest[0]), str(rest[1]))

    def close(self) -> None:
        self._client.close()

    def _asked(self, script: Script, args: Sequence[str | int]) -> tuple[list[Any], Acknowledged | None]:
        by = Acknowledged(self._client, self._replicas, self._wait_ms) if self._replicas else None
        return script(self._keys, args, by), by


def _durability(asked: Acknowledged | None) -> Durability | None:
    return Durability(asked=asked.replicas, acknowledged=asked.count) if asked else None


def _death(token: str, until_ms: str, beat_ms: str, body: str, reason: str) -> Death | None:
    if not token:
        return None
    return Death(token, int(beat_ms if reason == "restarted" else until_ms), body, reason)


def _holder(text: str, left_ms: int) -> Holder:
    status = payload.parse(text)
    if status is None:
        return Holder(None, None, None, None, left_ms / 1000)
    since = status.connected_at or status.registered_at
    return Holder(
        status.hostname,
        status.ip_address,
        since,
        status.connection_state,
        left_ms / 1000,
        payload.admin(status),
        payload.commanded_by(status),
    )
