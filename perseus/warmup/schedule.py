"""What a warmup is to fetch, as it stands in the store for all to read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from perseus.warmup.scan import Need, Reason

Mode = Literal["cold", "partial", "warm"]


class BadWarmup(ValueError):
    """Raised when what should be a schedule or stats is neither: something else has written there."""


class Entry(msgspec.Struct, frozen=True, rename="camel"):
    """One pair that is to be fetched: see `perseus.warmup.scan.Need`."""

    symbol: str
    timeframe: str
    verified: int
    target: int
    reason: Reason


class Schedule(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """One warmup. `mode`: nothing was there, some, or all. `entries` in the order in which they are fetched.

    `timeframes`: the longest first. `created_at`: ISO 8601 UTC by the store's clock.
    """

    exchange_id: int
    exchange_name: str
    run_id: str
    instance_id: str
    created_at: str
    mode: Mode
    symbols: tuple[str, ...]
    timeframes: tuple[str, ...]
    total_pairs: int
    sufficient_pairs: int
    needs_fetching: int
    entries: tuple[Entry, ...]

    def to_json(self) -> str:
        """As it is kept."""
        return _encode(self).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Schedule:
        """What `to_json` wrote. Raises BadWarmup."""
        try:
            return _decode(text)
        except msgspec.MsgspecError as error:
            raise BadWarmup(str(error)) from None


def entries(needs: Sequence[Need]) -> tuple[Entry, ...]:
    """The same as they are kept."""
    return tuple(
        Entry(need.pair.symbol, need.pair.timeframe.name, need.verified, need.target, need.reason) for need in needs
    )


def mode(needs: Sequence[Need], total: int) -> Mode:
    """Of a warmup that finds this lacking among so many pairs."""
    if not needs:
        return "warm"
    return "cold" if len(needs) == total and all(need.reason == "empty" for need in needs) else "partial"


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Schedule).decode
