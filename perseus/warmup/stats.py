"""How far a warmup has come, as it stands in the store for all to read."""

from __future__ import annotations

from typing import Literal

import msgspec

from perseus.warmup.schedule import BadWarmup, Mode

Status = Literal["scanning", "fetching", "complete", "cancelled", "failed"]
AT_WORK = ("scanning", "fetching")
FAILURES_MAX = 100
ERROR_MAX = 300
NAMED = 5


class Failure(msgspec.Struct, frozen=True, rename="camel"):
    """A pair that could not be fetched, and what the exchange said."""

    symbol: str
    timeframe: str
    error: str


class Stats(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """Of one run. `total_pairs`: those to fetch; `skipped_pairs`: those that were sufficient.

    `eta_ms`: by the rate at which calls were granted so far, None where none was, and where what is left does not come.
    `rest_calls`: all requests since this run began. `recovered_pairs`: those that failed and were fetched since;
    `failures`: the first hundred of the others. Times are ISO 8601 UTC by the store's clock.
    """

    exchange_id: int
    run_id: str
    instance_id: str
    status: Status
    mode: Mode | None
    started_at: str
    updated_at: str
    ended_at: str | None
    total_symbols: int
    total_pairs: int
    completed_pairs: int
    skipped_pairs: int
    failed_pairs: int
    percent_complete: int
    eta_ms: int | None
    symbols_left: int
    current_symbol: str | None
    current_timeframe: str | None
    rest_calls: int
    failures: tuple[Failure, ...]
    recovered_pairs: int = 0

    @property
    def still_failed(self) -> int:
        """Pairs that failed and were not fetched since."""
        return max(self.failed_pairs - self.recovered_pairs, 0)

    @property
    def verdict(self) -> str:
        """Of one that is over, as the reason why its exchange is active."""
        if self.status == "cancelled":
            return f"warmup cancelled at {self.completed_pairs} of {self.total_pairs} pairs"
        return f"warm, {self.failed_pairs} of {self.total_pairs} pairs failed" if self.failed_pairs else "warm"

    @property
    def aftermath(self) -> str:
        """What one that is over did without, in sentences for people; '' for nothing."""
        if self.status == "cancelled":
            return f"The warmup was cancelled at {self.completed_pairs} of {self.total_pairs} pairs."
        if not self.failed_pairs:
            return ""
        return f"{self.failed_pairs} of {self.total_pairs} pairs failed. {self.failed_first}".rstrip()

    @property
    def failed_first(self) -> str:
        """The first pair that failed with why, and the names of the next few; '' where none is known."""
        if not self.failures:
            return ""
        first, *others = self.failures
        told = f"{first.symbol} {first.timeframe}: {first.error.rstrip('.')}."
        if not others:
            return told
        named = ", ".join(f"{one.symbol} {one.timeframe}" for one in others[:NAMED])
        more = self.still_failed - 1 - len(others[:NAMED])
        return f"{told} Failed too: {named}{f' and {more} more' if more > 0 else ''}."

    @property
    def is_at_work(self) -> bool:
        """Has it not ended, by its own word?"""
        return self.status in AT_WORK

    def to_json(self) -> str:
        """As it is kept."""
        return _encode(self).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Stats:
        """What `to_json` wrote. Raises BadWarmup."""
        try:
            return _decode(text)
        except msgspec.MsgspecError as error:
            raise BadWarmup(str(error)) from None


def eta_ms(left: int, granted: int, passed_ms: int) -> int | None:
    """How long so many calls take yet, when so many were granted in that time; None while nobody can know."""
    if left <= 0:
        return 0
    return round(left * passed_ms / granted) if granted > 0 and passed_ms > 0 else None


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Stats).decode
