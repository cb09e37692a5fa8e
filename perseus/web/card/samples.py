"""Made-up exchanges in every condition that a card knows, for the gallery. No process wrote any of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from perseus.clock import iso
from perseus.control.hosts import Report
from perseus.network.exchange import Exchange
from perseus.network.log.activity import Event
from perseus.network.log.spans import Change, History
from perseus.network.payload import InstanceStatus
from perseus.network.states import State
from perseus.network.view.directory import Condition, ExchangeStatus
from perseus.pluginhost.extensions import CardAction, Fragment
from perseus.web import words
from perseus.web.card.additions import NONE, Additions

RAN_MS = 4 * words.HOUR + 23 * words.MINUTE
BEAT_MS = 3 * words.SECOND
HELD_OFF = "the data store failed over or restarted, and an old holder may still be at work"
STANDBYS = (("ingest-2.ams.example.net", True), ("ingest-3.fra.example.net", False))
WARMING = "warming: 212 of 500 pairs, at BTC-USD 1h, 42 %, about 2 min left"
LONG_ERROR = "websocket closed: 1006 abnormal closure while reading the frame header; " * 12
LONG_HOST = "ingest-7f9c5d8b64-x2k9p.market-data.svc.cluster-eu-central-1.internal.example.net"

ADDED = Additions(
    badge=(Fragment("region eu-1"),),
    body=(Fragment("spread 0.4 bp"), Fragment("runbook", "/plugins")),
    footer=(Fragment("checked by hand today"),),
    actions=(CardAction("Open its book", "/plugins"),),
)
TROUBLED = Additions(troubles=("Plugin spreads failed.", "Plugin books does not answer."))


class Samples:
    """Numbers its exchanges from `first` on, so that several sets have a place on one page."""

    def __init__(self, now_ms: int, first: int = 1) -> None:
        self._now_ms = now_ms
        self._next = first

    def all(self) -> list[tuple[ExchangeStatus, Additions]]:
        """Every condition, and every sign that one may carry."""
        plain = [*self._live(), *self._gone(), *self._doubtful(), *self._odd()]
        return [(each, NONE) for each in plain] + [
            (self.live("Added to by plugins"), ADDED),
            (self.live("Plugins in trouble"), TROUBLED),
        ]

    def hosts(self, some: Iterable[ExchangeStatus]) -> list[Report]:
        """Made-up processes: two that stand by for one of these exchanges, one in the middle of a warmup."""
        found = []
        for status in some:
            of = {"exchangeId": status.exchange.id, "pid": 4711, "at": self._now_ms}
            if status.exchange.display_name == "With standbys":
                found += [self._report(of, host, "standby", warm=warm) for host, warm in STANDBYS]
            if status.status is not None and status.status.connection_state is State.WARMING:
                found.append(
                    self._report(of, "ingest-1", "serving", instanceId=status.status.instance_id, doing=WARMING)
                )
        return found

    @staticmethod
    def _report(of: dict[str, Any], host: str, role: str, **more: Any) -> Report:
        return Report.model_validate({**of, "target": f"{host}-4711-0a1b2c3d", "hostname": host, "role": role, **more})

    def history(self, exchange: Exchange) -> History | None:
        """Made-up days with an outage, a restart and a while without data; None for one exchange in five."""
        if exchange.id % 5 == 0:
            return None
        at = self._now_ms - self._now_ms % (5 * words.MINUTE)
        ago = (
            (19 * words.HOUR, "starting"),
            (19 * words.HOUR - 2 * words.MINUTE, "warming"),
            (19 * words.HOUR - 40 * words.MINUTE, "active"),
            (9 * words.HOUR, "offline"),
            (8 * words.HOUR, "starting"),
            (8 * words.HOUR - 5 * words.MINUTE, "warming"),
            (7 * words.HOUR, "active"),
            (2 * words.HOUR, "stopping"),
            (2 * words.HOUR - 5 * words.MINUTE, "stopped"),
            (90 * words.MINUTE, "active"),
        )
        return History(exchange, tuple(Change(at - ms, state) for ms, state in ago))

    def live(self, name: str, state: State = State.ACTIVE, beat_ms: int = BEAT_MS, **told: Any) -> ExchangeStatus:
        """One that lives, with a heartbeat `beat_ms` old."""
        exchange = self._exchange(name)
        body = self._payload(exchange, state, beat_ms, told)
        since_ms = self._now_ms - (RAN_MS if state is State.ACTIVE else 40 * words.SECOND)
        left_ms = 45 * words.SECOND - beat_ms
        return ExchangeStatus(exchange, Condition(state.value), True, body, since_ms, beat_ms, left_ms, None)

    def gone(
        self, name: str, condition: Condition, reason: str | None, *, known: bool = True, **told: Any
    ) -> ExchangeStatus:
        """One without a live instance; with what was last known of it."""
        exchange = self._exchange(name)
        body = self._payload(exchange, State.ACTIVE, 4 * words.MINUTE, told) if known else None
        since_ms = self._now_ms - 3 * words.MINUTE if known else None
        return ExchangeStatus(exchange, condition, False, body, since_ms, None, None, reason)

    def _live(self) -> list[ExchangeStatus]:
        ago = self._now_ms
        return [
            self.live("Healthy"),
            self.live("Between heartbeats", beat_ms=14 * words.SECOND),
            self.live("Late", beat_ms=26 * words.SECOND),
            self.live("Very late", beat_ms=38 * words.SECOND),
            self.live("Silent feed", last_message_at=iso(ago - 2 * words.MINUTE)),
            self.live("Clock off", clock_skew_ms=-4_200),
            self.live("Durability degraded", durability={"asked": 1, "acknowledged": 0}),
            self.live("Held off", State.IDLE, held_off={"until": iso(ago + 30 * words.SECOND), "reason": HELD_OFF}),
            self.live("Paused", fields={"pausedAt": iso(ago - 12 * words.MINUTE), "pausedBy": "Ada Byron"}),
            self.live("With standbys"),
            self.live("With an error", last_error="HTTP 429: slow down", last_error_at=iso(ago - 7 * words.MINUTE)),
            self.live("With a long error", last_error=LONG_ERROR, last_error_at=iso(ago - words.HOUR)),
            *(self.live(state.value.capitalize(), state) for state in State if state is not State.ACTIVE),
        ]

    def _gone(self) -> list[ExchangeStatus]:
        return [
            self.gone("Lost", Condition.OFFLINE, "no heartbeat until its lease ended"),
            self.gone("Failed", Condition.STOPPED, "failed: the feed closed: HTTP 403", last_error="HTTP 403"),
            self.gone("Never started", Condition.STOPPED, "start failed: no symbols"),
            self.gone("Stopped in order", Condition.STOPPED, "SIGTERM"),
            self.gone("Never seen", Condition.NEVER_SEEN, None, known=False),
        ]

    def _doubtful(self) -> list[ExchangeStatus]:
        return [
            self.gone("Store silent", Condition.UNKNOWN, "the data store does not answer"),
            self.gone("Lease vanished", Condition.UNKNOWN, "its lease vanished before its time"),
            self.gone("Store emptied", Condition.UNKNOWN, "the data store was emptied", known=False),
            self.gone("Corrupt", Condition.CORRUPT, "its status key holds no payload", known=False),
        ]

    def _odd(self) -> list[ExchangeStatus]:
        nothing: dict[str, Any] = {
            "ip_address": None,
            "admin_display_name": None,
            "admin_email": None,
            "connected_at": None,
        }
        return [
            self.live("Little is known", **nothing, last_message_at=None, clock_skew_ms=None, fields={}),
            self.live(
                "A name that is far too long for one line of a card", hostname=LONG_HOST, version="2026.11.21+g0fb197a"
            ),
            self.live(
                "<b>Hostile</b> \u202ename\u202c", hostname="<script>alert(1)</script>", last_error="<img src=x>"
            ),
        ]

    def _exchange(self, name: str) -> Exchange:
        self._next += 1
        return Exchange(self._next - 1, f"sample_{self._next - 1}", name)

    def _payload(self, exchange: Exchange, state: State, beat_ms: int, told: dict[str, Any]) -> InstanceStatus:
        now_ms = self._now_ms
        usual = {
            "fencing_token": "1795253782123456",
            "exchange_id": exchange.id,
            "exchange_name": exchange.name,
            "instance_id": f"ingest-1:{exchange.id}:4711:1795253782000",
            "connection_state": state,
            "hostname": "ingest-1.ams.example.net",
            "ip_address": "203.0.113.7",
            "pid": 4711,
            "version": "0.1.0",
            "admin_email": "ada@example.net",
            "admin_display_name": "Ada Byron",
            "symbol_count": 412,
            "registered_at": iso(now_ms - RAN_MS),
            "connected_at": iso(now_ms - RAN_MS) if state is State.ACTIVE else None,
            "last_heartbeat": iso(now_ms - beat_ms),
            "last_state_change": iso(now_ms - RAN_MS),
            "last_message_at": iso(now_ms - beat_ms - 200),
            "heartbeat_seconds": 15.0,
            "ttl_seconds": 45.0,
            "clock_skew_ms": 12,
            "store_rtt_ms": 0.4,
            "fields": {"feed": "synthetic", "messageCount": 1_234_567},
        }
        return InstanceStatus.model_validate(usual | told)


def events(now_ms: int) -> tuple[Event, ...]:
    """One entry of each kind that the feed draws in its own way, newest first."""
    exchange = Exchange(1, "sample_1", "Healthy")
    who = {"hostname": "ingest-1.ams.example.net", "ip": "203.0.113.7", "adminEmail": "ada@example.net"}
    some: tuple[dict[str, str], ...] = (
        {
            "event": "state_transition",
            "fromState": "offline",
            "toState": "idle",
            "downtimeMs": "252000",
            "reason": "started",
        },
        {"event": "error", "state": "active", "error": "HTTP 429: slow down", "count": "12"},
        {"event": "error", "state": "warming", "error": LONG_ERROR},
        {"event": "state_transition", "fromState": "active", "toState": "offline", "reason": "lease_expired"},
        {
            "event": "state_transition",
            "fromState": "stopping",
            "toState": "stopped",
            "reason": "failed: the feed closed",
        },
        {"event": "a_kind_of_a_later_version", "depth": "12"},
    )
    return tuple(
        Event(exchange, f"{now_ms - number * 7 * words.MINUTE}-0", {**who, **fields})
        for number, fields in enumerate(some, 1)
    )
