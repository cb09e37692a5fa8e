"""Taking an exchange over: what the keys of its lease say, and what who wants it does next. Pure but for `look`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import Any

from perseus import keys
from perseus.network import payload
from perseus.network.leasing.claims import HEIR_MS
from perseus.network.payload import InstanceStatus, admin
from perseus.store import Client
from perseus.store.batch import Batch

PATIENCE_SECONDS = 10.0
"""So long a holder that takes commands has for giving its lease back; then it is revoked."""
CONFIRM_SECONDS = HEIR_MS / 1000 + 1.0
"""So long a successor has for its claim; then who held the exchange takes it up again."""
FIELDS = ("token", "closed", "closed_ms", "until_ms", "revoked", "revoked_by", "heir", "heir_for_ms")


@dataclass(frozen=True, slots=True)
class Seen:
    """The keys of a lease at one moment. `holder`: None where nobody holds it, or its key holds no payload (`is_held`).

    `free_in_ms`: when one may claim, if nothing is renewed; for the process that looks. `revoked_by`, `heir`: of a
    lease that was revoked, who did so and for which process. `was_released`: nobody holds it, and it ended in order.
    """

    is_held: bool
    holder: InstanceStatus | None
    token: str
    free_in_ms: int
    revoked_by: str = ""
    heir: str = ""
    was_released: bool = False

    @property
    def target(self) -> str:
        """The process of the holder, by which it takes commands; '' where it takes none."""
        return str(self.holder.fields.get("target") or "") if self.holder is not None else ""

    @property
    def host(self) -> str:
        """Where the holder runs, for people."""
        return self.holder.hostname if self.holder is not None else "an unknown host"

    @property
    def origin(self) -> str:
        """Who has commanded its run, else whose it is, as the rest of a sentence; '' where nobody says so."""
        if self.holder is None:
            return ""
        by, who = payload.commanded_by(self.holder), admin(self.holder)
        return f", commanded by {by}" if by else f", whose admin is {who}" if who else ""


def look(client: Client, exchange_id: int, target: str, settle_ms: int) -> Seen:
    """How it stands for the process `target`. Raises StoreUnavailable, StoreRefused."""
    status, last = keys.status(exchange_id), keys.last_record(exchange_id)
    batch = Batch(client)
    batch.add("GET", status)
    batch.add("PTTL", status)
    batch.add("HMGET", last, *FIELDS)
    text, pttl, values = batch.run()
    record = dict(zip(FIELDS, values, strict=True)) if isinstance(values, list) else {}
    return seen(text, pttl, record, batch.now_ms(status), target, settle_ms)


def seen(text: object, pttl: object, record: dict[str, Any], now_ms: int, target: str, settle_ms: int) -> Seen:
    """What these values of the keys say."""
    token = str(record.get("token") or "")
    is_revoked = token != "" and record.get("revoked") == token
    heir = str(record.get("heir") or "")
    by, successor = (str(record.get("revoked_by") or ""), heir) if is_revoked else ("", "")
    kept_ms = _number(record.get("heir_for_ms")) if heir not in ("", target) else 0
    if text is not None:
        holder = payload.parse(text) if isinstance(text, str) else None
        left_ms = pttl if isinstance(pttl, int) and pttl >= 0 else 0
        return Seen(True, holder, token, left_ms + (kept_ms if is_revoked else 0), by, successor)
    if not token:
        return Seen(False, None, "", 0)
    if record.get("closed") == "1":
        ago_ms = now_ms - _number(record.get("closed_ms"))
        left_ms = kept_ms - ago_ms if 0 <= ago_ms < kept_ms else 0
        return Seen(False, None, token, left_ms, by, successor, was_released=True)
    free_ms = _number(record.get("until_ms")) + settle_ms + (kept_ms if is_revoked else 0)
    return Seen(False, None, token, max(0, free_ms - now_ms), by, successor)


def _number(value: object) -> int:
    return int(value) if isinstance(value, str) and value.isdigit() else 0


class Step(StrEnum):
    """What comes next."""

    CLAIM = "claim"
    WAIT = "wait"
    ASK = "ask"
    REVOKE = "revoke"
    GIVE_UP = "give up"


class Answer(StrEnum):
    """What came of asking the holder. NONE: it was not asked, or has not answered yet; BEGUN: it is at it."""

    NONE = "none"
    BEGUN = "begun"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(slots=True)
class Takeover:
    """What somebody has ordered: that the process `target` takes the exchange from the run `holder_id`, '' for any.

    `by`: who, for people. `asked_at`: elapsed seconds; `answer` and `why`: what came of asking.
    """

    target: str
    by: str
    holder_id: str = ""
    asked_at: float | None = None
    answer: Answer = Answer.NONE
    why: str = ""
    is_revoked: bool = False

    def next(self, now: Seen, elapsed: float, deaf: str = "") -> tuple[Step, str]:
        """The next step, and why, for people. `deaf`: why its holder need not be asked at all, '' where it is asked."""
        if not now.is_held:
            return (Step.CLAIM, "claiming its lease") if now.free_in_ms <= 0 else self._wait_for(now)
        if now.holder is None:
            return Step.GIVE_UP, "its status key holds what no instance wrote: look at it first"
        if now.heir and now.heir != self.target:
            return Step.GIVE_UP, f"{now.revoked_by} takes it over already, for {now.heir}"
        if not self._is_meant(now):
            return Step.GIVE_UP, f"{now.host} holds it by now, by another run{now.origin}: look at its card again"
        if now.heir == self.target:
            return self._wait_for(now)
        if self.answer is Answer.REFUSED:
            return Step.GIVE_UP, self.why
        if self.is_revoked:
            return Step.REVOKE, "the data store has forgotten that its lease was revoked: it is revoked again"
        if self.asked_at is None:
            return self._first(now, deaf)
        if self.answer is Answer.FAILED or elapsed >= self.asked_at + PATIENCE_SECONDS:
            return Step.REVOKE, f"{now.host} {self._omitted()}: its lease is revoked"
        seconds = max(1, ceil(self.asked_at + PATIENCE_SECONDS - elapsed))
        return Step.WAIT, f"{now.host} is asked to hand it over; its answer is waited for, {seconds} s at most"

    def _first(self, now: Seen, deaf: str) -> tuple[Step, str]:
        if deaf:
            return Step.REVOKE, f"{now.host} {deaf}: its lease is revoked"
        return Step.ASK, f"asking {now.host} to hand it over"

    def _omitted(self) -> str:
        """What the holder that was asked has not done."""
        if self.answer is Answer.FAILED:
            return f"could not hand it over ({self.why})"
        done = "handed it over" if self.answer is Answer.BEGUN else "answered"
        return f"has not {done} within {PATIENCE_SECONDS:.0f} s"

    def _is_meant(self, now: Seen) -> bool:
        """Is it still the run that was meant? Whoever holds it first is meant where none was named."""
        assert now.holder is not None
        self.holder_id = self.holder_id or now.holder.instance_id
        return self.holder_id == now.holder.instance_id

    def _wait_for(self, now: Seen) -> tuple[Step, str]:
        seconds = -(-now.free_in_ms // 1000)
        return Step.WAIT, f"waiting for the end of the lease, in {seconds} s at the latest"
