"""A connection of one process of the model, and what it asks of the store through it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from perseus.network.leasing.claims import Gone, Granted, Held, Pending, Renewed, Revocation, Revoked, Taken
from tests.model.world import Threads

if TYPE_CHECKING:
    from tests.model.schedule import Schedule

Answer = TypeVar("Answer")


class VirtualClient:
    """Stands in for a redis client and for `RedisClaims` alike; each call waits in virtual time."""

    def __init__(self, schedule: Schedule, threads: Threads) -> None:
        self._schedule = schedule
        self._threads = threads

    def _ask(self, apply: Callable[[], Answer]) -> Answer:
        return self._schedule.network.ask(self._threads, apply)

    def time(self) -> tuple[int, int]:
        return divmod(self._ask(lambda: self._schedule.world.store_us), 1_000_000)

    def exists(self, key: str) -> int:
        return self._ask(lambda: int(self._schedule.store.is_initialised))

    def acquire(
        self, nonce: str, instance_id: str, previous: str | None, body: str, target: str = ""
    ) -> Granted | Held | Pending:
        return self._ask(lambda: self._schedule.applied_acquire(nonce, instance_id, previous or "", target))

    def renew(
        self, nonce: str, instance_id: str, token: str, body: str, put_back_until_ms: int | None
    ) -> Renewed | Taken | Gone | Revoked:
        return self._ask(lambda: self._schedule.applied_renew(nonce, instance_id, token, put_back_until_ms))

    def release(self, nonce: str, instance_id: str, token: str, reason: str, body: str, successor: str = "") -> bool:
        return self._ask(lambda: self._schedule.applied_release(nonce, instance_id, token, reason, successor))

    def revoke(self, token: str, by: str, successor: str) -> Revocation | None:
        return self._ask(lambda: self._schedule.applied_revoke(token, by, successor))


class ModelStatus:
    """A payload that says nothing."""

    exchange_name = "of the model"
    held_off = None

    def to_json(self) -> str:
        return ""


class ModelFacts:
    """The payload is no matter of the model."""

    rtt_ms: float | None = None

    def __init__(self, *_: object) -> None:
        self.token = ""

    def granted(self, token: str) -> None:
        self.token = token

    def durable(self, told: object) -> None:
        """Replicas are no matter of the model either."""

    def body_without_token(self) -> str:
        return ""

    def set_fields(self, fields: object) -> None:
        """Nor to whom commands go."""

    def held_off(self, until_ms: int, reason: str) -> None:
        """Nor is what a card says of it."""

    def status(self) -> ModelStatus:
        return ModelStatus()
