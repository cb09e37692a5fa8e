"""Maintenance of an exchange, announced by its owner: until its end, going offline and coming back is not news."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pydantic import BaseModel, ConfigDict, Field

from perseus import keys
from perseus.errors import told
from perseus.network.exchange import Exchange
from perseus.store import Client, answers, now_ms
from perseus.store.batch import Batch

MINUTES_MAX = 7 * 24 * 60
REASON_MAX = 500
MINUTE_MS = 60_000


class Maintenance(BaseModel):
    """Set by the owner of an ingest process: 'back by'. Offline and back online are then recorded, not sent.

    `until_ms`: Unix milliseconds of the store.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    until_ms: int
    reason: str = Field(min_length=1, max_length=REASON_MAX)
    author: str


class Upkeep:
    """Announces and ends the maintenance of one exchange. `author()`: who does so, for people."""

    def __init__(self, client: Client, exchange: Exchange, author: Callable[[], str]) -> None:
        self._client = client
        self._key = keys.maintenance(exchange.id)
        self._author = author

    def announce(self, minutes: float, reason: str) -> Maintenance:
        """From now on for so many minutes, in place of what was announced before. Outlives the process.

        Blocks for two answers of the store, each at most `PERSEUS_STORE_TIMEOUT_SECONDS`. Raises ValueError for minutes
        that are not above 0 and at most a week, and for no reason; StoreUnavailable, StoreRefused.
        """
        reason = told(reason).strip()[:REASON_MAX]
        if not 0 < minutes <= MINUTES_MAX:
            raise ValueError(f"maintenance of {minutes:g} minutes: give more than 0 and at most {MINUTES_MAX} (a week)")
        if not reason:
            raise ValueError("maintenance without a reason: say in a few words what is done")
        length_ms = max(1, round(minutes * MINUTE_MS))
        with answers(self._client):
            until_ms = now_ms(self._client, self._key) + length_ms
            announced = Maintenance(until_ms=until_ms, reason=reason, author=self._author())
            self._client.set(self._key, announced.model_dump_json(), px=length_ms)
        return announced

    def end(self) -> bool:
        """End it now; False when there was none. An exchange that is still offline is then told. Blocks and raises
        as `announce`."""
        with answers(self._client):
            return bool(self._client.delete(self._key))


def read(client: Client, exchanges: Sequence[Exchange]) -> Mapping[str, Maintenance]:
    """Those that are under maintenance, by name; one round trip. What is no announcement is left out.

    Raises StoreUnavailable, StoreRefused.
    """
    if not exchanges:
        return {}
    batch = Batch(client)
    for exchange in exchanges:
        batch.add("GET", keys.maintenance(exchange.id))
    found = {exchange.name: _parsed(text) for exchange, text in zip(exchanges, batch.run(), strict=True)}
    return {name: one for name, one in found.items() if one is not None}


def _parsed(text: object) -> Maintenance | None:
    try:
        return Maintenance.model_validate_json(text) if isinstance(text, str) else None
    except ValueError:
        return None
