"""What one exchange's keys say, raw, and what may be said of it. Pure: readings and store time in, verdicts out."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from perseus.clock import parse_iso
from perseus.errors import StoreRefused, StoreRightsMissing, StoreUnavailable
from perseus.network import payload
from perseus.network.exchange import Exchange
from perseus.network.leasing.claims import Death
from perseus.network.log.activity import Event
from perseus.network.payload import InstanceStatus
from perseus.network.view.refusing import Refusing
from perseus.store.refusal import EXPLAINED, NO_RIGHT

YEAR_10_000_MS = 253_402_300_800_000


class Condition(StrEnum):
    """What a reader may say of an exchange: the state its instance claims, or why there is none to show."""

    IDLE = "idle"
    STARTING = "starting"
    WARMING = "warming"
    ACTIVE = "active"
    STOPPING = "stopping"
    STOPPED = "stopped"
    OFFLINE = "offline"
    UNKNOWN = "unknown"
    CORRUPT = "corrupt"
    NEVER_SEEN = "never_seen"


@dataclass(frozen=True, slots=True)
class ExchangeStatus:
    """One exchange, judged. Milliseconds are the store's Unix time or spans of it; None means unknown.

    `status` is the live payload while `live`, else the last known one. `since_ms` is when the condition began.
    `heartbeat_age_ms` and `lease_left_ms` are only given while `live`. `reason` says, for people, why a condition
    other than the instance's own word is shown. `last_event` stands in where no payload is left.
    """

    exchange: Exchange
    condition: Condition
    live: bool
    status: InstanceStatus | None
    since_ms: int | None
    heartbeat_age_ms: int | None
    lease_left_ms: int | None
    reason: str | None
    last_event: Event | None = None


@dataclass(frozen=True, slots=True)
class LastRecord:
    """The last record as its hash holds it. `revoked_by`: who took from this lease the right to be renewed."""

    token: str
    until_ms: int
    beat_ms: int
    closed: bool
    closed_ms: int | None
    reason: str | None
    payload: str
    dead: Death | None
    revoked_by: str | None = None

    @property
    def death(self) -> Death:
        """The lease of this record, seen as one that nobody released."""
        reason = "lease_expired" if self.revoked_by is None else f"taken over by {self.revoked_by}"
        return Death(self.token, self.until_ms, self.payload, reason)


NUMBER = re.compile(r"[0-9]{1,16}")
NOT_OURS = "it does not take our user or password, or is no store of this kind"
RAN_OUT = "no heartbeat until its lease ended"
LAST_FIELDS = (
    "token", "until_ms", "beat_ms", "closed", "closed_ms", "reason", "payload",
    "dead_token", "dead_until_ms", "dead_beat_ms", "dead_payload", "dead_reason",
    "revoked", "revoked_by",
)  # fmt: skip


def last_record(values: list[str | None]) -> LastRecord | None:
    """Read the values of `LAST_FIELDS`. None when there is no record; ValueError when it is not one."""
    return _last_record(*values)


@lru_cache(maxsize=2048)  # most exchanges have beaten no more since the last poll
def _last_record(*values: str | None) -> LastRecord | None:
    token, until, beat, closed, closed_ms, reason, body, d_token, d_until, d_beat, d_body, d_reason, *revoked = values
    if token is None:
        if any(value is not None for value in values):
            raise ValueError("a last record without a token")
        return None
    if until is None or beat is None:
        raise ValueError("a last record that lacks its times")
    numbers = [token, until, beat, *(number for number in (closed_ms, d_token, d_until, d_beat) if number)]
    if not all(NUMBER.fullmatch(number) for number in numbers):
        raise ValueError("a last record with junk for a token or a time")
    dead = None
    if d_token and d_until and d_beat:
        offline = d_beat if d_reason == "restarted" else d_until
        dead = Death(str(int(d_token)), _moment(offline), d_body or "", d_reason or "lease_expired")
    closing = _moment(closed_ms) if closed_ms else None
    revoked_by = revoked[1] or "" if revoked[0] == token else None
    is_closed = closed == "1"
    return LastRecord(token, _moment(until), _moment(beat), is_closed, closing, reason, body or "", dead, revoked_by)


def _moment(text: str) -> int:
    """Unix milliseconds that a calendar has: what is read here is written as ISO text elsewhere."""
    ms = int(text)
    if not 0 <= ms < YEAR_10_000_MS:
        raise ValueError(f"a last record with the time {text}")
    return ms


@dataclass(frozen=True, slots=True)
class Reading:
    """One exchange's keys, read together. `status` is the text of the status key or None; `pttl_ms` its PTTL.

    `fault` says why the keys could not be made out.
    """

    exchange: Exchange
    status: str | None
    pttl_ms: int
    last: LastRecord | None
    newest: Event | None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class StoreNotice:
    """What readers must be told of the store itself. `kept` False: nothing outlives this run (stand-in store).

    `denied`: it answers, and refuses us; why, in words that name no address and no user.

    `refused`: why it, or a server of it, takes no writes or withholds a right, a key of
    `perseus.store.refusal.EXPLAINED`; None while all do. `refusing`: each such server, where more is known of them.
    """

    answers: bool
    reason: str | None = None
    emptied: bool = False
    kept: bool = True
    restarted_ms_ago: int | None = None
    refused: str | None = None
    refusing: tuple[Refusing, ...] = ()
    denied: str | None = None

    @property
    def silence(self) -> str:
        """Of one that gives nothing: what it does, behind a subject."""
        return "does not answer" if self.denied is None else "refuses us"

    def refusing_by(self, refusing: tuple[Refusing, ...]) -> StoreNotice:
        """The same of a store whose servers refuse so."""
        return replace(self, refused=refusing[0].code if refusing else None, refusing=refusing)

    @classmethod
    def failing(cls, error: StoreUnavailable | StoreRefused) -> StoreNotice:
        """Of a store that gave nothing."""
        denied = None
        if isinstance(error, StoreRefused):
            is_of_rights = isinstance(error, StoreRightsMissing)
            denied = f"{NO_RIGHT}: {EXPLAINED[NO_RIGHT]}" if is_of_rights else NOT_OURS
        return cls(False, str(error), denied=denied)


def judge(reading: Reading, now_ms: int, store: StoreNotice) -> ExchangeStatus:
    """The verdict. Evidence decides: a key that is gone from a store that may have lost it proves no death."""
    if reading.fault is not None:
        return _plain(reading, Condition.CORRUPT, reading.fault)
    if reading.status is not None:
        return _judge_live(reading, reading.status, now_ms)
    last = reading.last
    if last is None:
        return _judge_unrecorded(reading, store)
    status = payload.parse(last.payload)
    if last.closed:
        return _plain(reading, Condition.STOPPED, last.reason, status, last.closed_ms)
    if last.until_ms - now_ms > _ttl_ms(status):
        return _plain(reading, Condition.CORRUPT, "its last lease ends later than it may: a clock jumped", status)
    if now_ms < last.until_ms:
        return _plain(reading, Condition.UNKNOWN, "its lease vanished before its time", status, last.beat_ms)
    if _may_have_lost(store, reading, last, status):
        reason = "the data store has restarted and may have lost its lease"
        return _plain(reading, Condition.UNKNOWN, reason, status)
    return _plain(reading, Condition.OFFLINE, RAN_OUT, status, last.until_ms)


def _judge_live(reading: Reading, text: str, now_ms: int) -> ExchangeStatus:
    status = payload.parse(text)
    if status is None:
        return _plain(reading, Condition.CORRUPT, "its status key holds no payload", since_ms=None)
    if (status.exchange_id, status.exchange_name) != (reading.exchange.id, reading.exchange.name):
        return _plain(reading, Condition.CORRUPT, "its status key holds the payload of another exchange")
    ttl_ms = _ttl_ms(status)
    if not 0 <= reading.pttl_ms <= ttl_ms:
        reason = "its lease has no end" if reading.pttl_ms < 0 else "its lease ends later than it may: a clock jumped"
        return _plain(reading, Condition.CORRUPT, reason, status)
    return ExchangeStatus(
        reading.exchange,
        Condition(status.connection_state.value),
        True,
        status,
        parse_iso(status.last_state_change),
        ttl_ms - reading.pttl_ms,
        reading.pttl_ms,
        None,
        reading.newest,
    )


def _judge_unrecorded(reading: Reading, store: StoreNotice) -> ExchangeStatus:
    if store.emptied:
        return _plain(reading, Condition.UNKNOWN, "the data store was emptied: nothing is recorded")
    if reading.newest is not None:
        return _plain(reading, Condition.OFFLINE, "only its activity log is left", since_ms=reading.newest.at_ms)
    return _plain(reading, Condition.NEVER_SEEN, None)


def _may_have_lost(store: StoreNotice, reading: Reading, last: LastRecord, status: InstanceStatus | None) -> bool:
    """A store that began to serve less than a TTL ago proves no death, but one that is written down stays one."""
    is_written = reading.newest is not None and reading.newest.is_death_of(last.token)
    return store.restarted_ms_ago is not None and store.restarted_ms_ago < _ttl_ms(status) and not is_written


def _ttl_ms(status: InstanceStatus | None) -> int:
    """The TTL of that lease; where nothing is known of it, the longest that a lease may have by default."""
    return round((status.ttl_seconds if status else 45.0) * 1000)


def _plain(
    reading: Reading,
    condition: Condition,
    reason: str | None,
    status: InstanceStatus | None = None,
    since_ms: int | None = None,
) -> ExchangeStatus:
    return ExchangeStatus(reading.exchange, condition, False, status, since_ms, None, None, reason, reading.newest)
