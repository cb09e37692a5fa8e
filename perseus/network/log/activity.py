"""The activity log: events of one exchange, fenced, numbered, once only, kept for 90 days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid4

from perseus import keys
from perseus.clock import iso
from perseus.errors import PerseusError
from perseus.network.exchange import Exchange
from perseus.network.leasing.claims import Death
from perseus.network.payload import InstanceStatus
from perseus.network.states import OFFLINE
from perseus.store import Client, Script, answers

TRANSITION = "state_transition"
ERROR = "error"
RETENTION_MS = 90 * 24 * 3600 * 1000


class Fenced(PerseusError):
    """Raised when the log has already seen a later lease: whoever writes here has been replaced."""

    def __init__(self, exchange: str, token: str, largest: str) -> None:
        super().__init__(f"The log of {exchange} refuses fencing token {token}: it has seen {largest}.")
        self.exchange = exchange
        self.token = token
        self.largest = largest


class Forgotten(PerseusError):
    """Raised when the log does not have the event before this one any more: it failed over, or was emptied."""

    def __init__(self, exchange: str) -> None:
        super().__init__(f"The log of {exchange} has lost events that it had confirmed.")
        self.exchange = exchange


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of an activity log. `fields` are its flat strings exactly as stored; kinds unknown here are kept.

    Ids repeat across streams: `name` (exchange and stream id together) names an event everywhere.
    """

    exchange: Exchange
    stream_id: str
    fields: Mapping[str, str]

    @property
    def name(self) -> str:
        """`<exchange name>:<stream id>`, as in URLs, element ids and cursors."""
        return f"{self.exchange.name}:{self.stream_id}"

    @property
    def kind(self) -> str | None:
        """`state_transition`, `error`, a kind unknown here, or None for an entry that is no event."""
        return self.fields.get("event")

    def is_death_of(self, token: str) -> bool:
        """Is this the end of the lease of that fencing token, which nobody released?"""
        return self.fields.get("toState") == OFFLINE and self.fields.get("fencingToken") == token

    @property
    def order(self) -> tuple[int, int, int]:
        """Total order over all logs: store milliseconds, sequence within them, exchange id."""
        ms, _, seq = self.stream_id.partition("-")
        return int(ms), int(seq or 0), self.exchange.id

    @property
    def at_ms(self) -> int:
        """When the store wrote it, Unix milliseconds of the store's clock."""
        return self.order[0]


@dataclass(frozen=True, slots=True)
class Entry:
    """One event on its way into a log. `fields` are flat strings; unknown values are ''."""

    kind: str
    event_id: str
    token: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Written:
    """An entry that the log has confirmed. `seq`: its number, 0 where it is not known."""

    event_id: str
    stream_id: str
    seq: int


class ActivityLog:
    """Writes events of one exchange. Each append is one script in the log's slot."""

    def __init__(self, client: Client, exchange: Exchange, max_entries: int) -> None:
        self.exchange = exchange
        self._client = client
        self._keys = (keys.activity(exchange.name), keys.activity_meta(exchange.name))
        self._max_entries = max_entries
        self._append = Script(client, "append", "perseus.network.log")

    def append(self, entry: Entry, *, is_death: bool = False) -> str:
        """Append once and give its stream id; a repeated event id gives the id of the first time.

        Raises Fenced when a later lease has written already; StoreUnavailable, StoreRefused, StoreCorrupt.
        """
        return self.write(entry, is_death=is_death).stream_id

    def write(self, entry: Entry, *, is_death: bool = False, after: str = "", least_seq: int = 0) -> Written:
        """The same, numbered at least `least_seq`. Raises Forgotten unless `after` is an instance's latest event."""
        role = "watcher" if is_death else "instance"
        args: list[str | int | float] = [entry.event_id, entry.token, role, RETENTION_MS, self._max_entries]
        args += [after, least_seq, entry.kind]
        for name, value in entry.fields.items():
            args += [name, value]
        answer, *rest = self._append(self._keys, args)
        if answer == "FORGOTTEN":
            raise Forgotten(self.exchange.name)
        if answer == "FENCED":
            raise Fenced(self.exchange.name, entry.token, str(rest[0]))
        return Written(entry.event_id, str(rest[0]), int(rest[1]) if len(rest) > 1 else 0)

    def look_after(self, now: float) -> float | None:
        """Do what is due for what was written before; gives when to ask again (elapsed seconds), None for never."""
        return None

    def latest(self) -> tuple[str, str]:
        """Id of an instance's latest event, and the largest token seen; '' where there is none. Errors as `append`."""
        with answers(self._client):
            event_id, token = self._client.hmget(self._keys[1], "event_id", "token")
        return str(event_id or ""), str(token or "")

    def close(self) -> None:
        """End the connection; nothing is written any more."""
        self._client.close()


def facts(status: InstanceStatus, now_ms: int) -> dict[str, str]:
    """The fields that every event carries, whatever its kind."""
    return {
        "timestamp": iso(now_ms),
        "exchangeId": str(status.exchange_id),
        "exchangeName": status.exchange_name,
        "hostname": status.hostname,
        "ip": status.ip_address or "",
        "adminEmail": status.admin_email or "",
        "instanceId": status.instance_id,
        "fencingToken": status.fencing_token,
    }


def transition(
    status: InstanceStatus, now_ms: int, from_state: str, to_state: str, reason: str, downtime_ms: int | None = None
) -> Entry:
    """A change of state. `downtime_ms` makes it 'back online'."""
    fields = facts(status, now_ms) | {"fromState": from_state, "toState": to_state, "reason": reason}
    if downtime_ms is not None:
        fields["downtimeMs"] = str(downtime_ms)
    return Entry(TRANSITION, uuid4().hex, status.fencing_token, fields)


def error(status: InstanceStatus, now_ms: int, text: str, count: int) -> Entry:
    """An error, or `count` repeats of one."""
    fields = facts(status, now_ms) | {"error": text, "state": status.connection_state, "count": str(count)}
    return Entry(ERROR, uuid4().hex, status.fencing_token, fields)


def death(exchange: Exchange, dead: Death, now_ms: int) -> Entry:
    """The end of a lease that nobody released. Its event id comes from the token, so all who write it agree."""
    status = dead.status
    if status is not None:
        known = facts(status, now_ms) | {"fromState": status.connection_state}
    else:
        known = dict.fromkeys(("hostname", "ip", "adminEmail", "instanceId", "fromState"), "")
        known |= {"timestamp": iso(now_ms), "exchangeId": str(exchange.id), "exchangeName": exchange.name}
    fields = known | {
        "fencingToken": dead.token,
        "toState": OFFLINE,
        "reason": dead.reason,
        "offlineAt": iso(dead.offline_ms),
        "detectedAt": iso(now_ms),
    }
    return Entry(TRANSITION, f"offline-{dead.token}", dead.token, fields)
