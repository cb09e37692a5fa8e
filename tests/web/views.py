"""Hand-built networks for tests of the web side: every condition, odd names, and a directory that needs no store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from flask import Flask

from perseus.clock import SystemClock, iso
from perseus.db.known import KnownExchanges
from perseus.errors import UnknownExchange
from perseus.network.exchange import Exchange
from perseus.network.log.activity import Event
from perseus.network.log.search import Search
from perseus.network.log.searching import Found
from perseus.network.payload import InstanceStatus
from perseus.network.states import State
from perseus.network.view.directory import ActivityPage, Condition, ExchangeStatus, NetworkView, StoreNotice
from perseus.network.view.past import PastNetwork
from perseus.web.app import app
from perseus.web.extensions import Extensions
from perseus.web.site import Site
from tests.web.signedin import access_of, signing_in

NOW = 1_795_269_802_000  # 2026-11-21 14:03:22 UTC
MINUTE = 60_000
HOUR = 60 * MINUTE

COINBASE = Exchange(1, "coinbase", "Coinbase")
BINANCE = Exchange(2, "binance", "Binance")
BINANCE_US = Exchange(3, "binance_us", "Binance US")
KRAKEN = Exchange(4, "kraken", "Kraken")


def payload(exchange: Exchange = COINBASE, now: int = NOW, **changes: object) -> InstanceStatus:
    """What a healthy active instance says of itself, 3 s after its last heartbeat."""
    values: dict[str, object] = {
        "fencing_token": "1795253782123456",
        "exchange_id": exchange.id,
        "exchange_name": exchange.name,
        "instance_id": f"ingest-1:{exchange.id}:4711:1795253782000",
        "connection_state": State.ACTIVE,
        "hostname": "ingest-1.ams.example.net",
        "ip_address": "203.0.113.7",
        "pid": 4711,
        "version": "0.1.0",
        "admin_email": "ada@example.net",
        "admin_display_name": "Ada Byron",
        "symbol_count": 412,
        "registered_at": iso(now - 4 * HOUR - 25 * MINUTE),
        "connected_at": iso(now - 4 * HOUR - 23 * MINUTE),
        "last_heartbeat": iso(now - 3_000),
        "last_state_change": iso(now - 4 * HOUR - 23 * MINUTE),
        "last_message_at": iso(now - 1_000),
        "heartbeat_seconds": 15.0,
        "ttl_seconds": 45.0,
        "clock_skew_ms": 12,
        "store_rtt_ms": 0.4,
        "fields": {"feed": "synthetic", "messageCount": 1_234_567},
    }
    return InstanceStatus.model_validate({**values, **changes})


def live(
    exchange: Exchange = COINBASE, state: State = State.ACTIVE, beat_ms: int = 3_000, now: int = NOW, **changes: object
) -> ExchangeStatus:
    """A live exchange in `state` whose last heartbeat is `beat_ms` old."""
    values = {"connection_state": state, "last_heartbeat": iso(now - beat_ms), **changes}
    told = payload(exchange, now, **values)
    since = now - 4 * HOUR - 23 * MINUTE if state is State.ACTIVE else now - 40_000
    return ExchangeStatus(exchange, Condition(state.value), True, told, since, beat_ms, 45_000 - beat_ms, None)


def gone(
    condition: Condition,
    exchange: Exchange = COINBASE,
    reason: str | None = None,
    known: bool = True,
    since_ms: int | None = NOW - 3 * MINUTE,
) -> ExchangeStatus:
    """An exchange that has no live instance, or none that can be made out."""
    told = payload(exchange, last_heartbeat=iso(NOW - 4 * MINUTE)) if known else None
    return ExchangeStatus(exchange, condition, False, told, since_ms if known else None, None, None, reason)


def event(exchange: Exchange = COINBASE, ms: int = NOW - 5_000, sequence: int = 0, **fields: str) -> Event:
    """An entry of an activity log; without fields, a transition from warming to active."""
    usual = {
        "event": "state_transition",
        "eventId": f"e-{ms}-{sequence}",
        "seq": "1",
        "timestamp": iso(ms),
        "exchangeId": str(exchange.id),
        "exchangeName": exchange.name,
        "hostname": "ingest-1.ams.example.net",
        "ip": "203.0.113.7",
        "adminEmail": "ada@example.net",
        "fromState": "warming",
        "toState": "active",
        "reason": "every symbol is warm",
    }
    return Event(exchange, f"{ms}-{sequence}", fields or usual)


def changed(of: Event, **fields: str) -> Event:
    """The same entry with other fields."""
    return replace(of, fields={**of.fields, **fields})


def view(
    exchanges: Sequence[ExchangeStatus] = (),
    events: Sequence[Event] = (),
    older: str | None = None,
    store: StoreNotice | None = None,
    capped: tuple[str, ...] = (),
    now: int = NOW,
    read_at_ms: int | None = NOW,
) -> NetworkView:
    """Everything the page shows."""
    notice = store or StoreNotice(answers=True)
    return NetworkView(now, tuple(exchanges), tuple(events), older, notice, capped, read_at_ms)


@dataclass
class FakeDirectory:
    """Both sides of a Site, from one view. `was` is the past, whatever the time.

    `pages` are activity pages by cursor; single reads raise `trouble`.
    """

    shown: NetworkView = field(default_factory=view)
    pages: Mapping[str | None, ActivityPage] = field(default_factory=dict)
    trouble: Exception | None = None
    state: StoreNotice = field(default_factory=lambda: StoreNotice(True))
    was: PastNetwork = field(default_factory=lambda: PastNetwork(view(), None, None))
    asked: list[tuple[int, str | None, str | None]] = field(default_factory=list)

    def view(self) -> NetworkView:
        return self.shown

    def exchange(self, exchange_id: int) -> ExchangeStatus:
        if self.trouble:
            raise self.trouble
        for status in self.shown.exchanges:
            if status.exchange.id == exchange_id:
                return status
        raise UnknownExchange(str(exchange_id), ())

    def activity(self, count: int, cursor: str | None = None, exchange: str | None = None) -> ActivityPage:
        if self.trouble:
            raise self.trouble
        self.asked.append((count, cursor, exchange))
        return self.pages.get(cursor, ActivityPage(self.shown.events, self.shown.older))

    def search(self, search: Search, count: int, cursor: str | None = None) -> Found:
        page = self.activity(count, cursor, search.exchange)
        return Found(tuple(event for event in page.events if search.matches(event)), page.older)

    def searching(self, search: Search) -> FakeSearching:
        return FakeSearching(self, search)

    def past(self, at_ms: int, count: int = 50, exchange: str | None = None) -> PastNetwork:
        if self.trouble:
            raise self.trouble
        was = self.was.view
        statuses = tuple(each for each in was.exchanges if exchange in (None, each.exchange.name))
        events = tuple(each for each in was.events if exchange in (None, each.exchange.name))
        return replace(self.was, view=replace(was, now_ms=at_ms, exchanges=statuses, events=events))

    def store_state(self) -> StoreNotice:
        return self.state


@dataclass
class FakeSearching:
    """A search through the pages of a fake directory."""

    directory: FakeDirectory
    search: Search
    cursor: str | None = None

    def page(self, count: int) -> Found:
        found = self.directory.search(self.search, count, self.cursor)
        self.cursor = found.older
        return found


def known_of(directory: FakeDirectory) -> KnownExchanges:
    """A database that names the exchanges of the view."""
    return KnownExchanges(lambda: tuple(status.exchange for status in directory.shown.exchanges), SystemClock())


def app_of(
    directory: FakeDirectory, known: KnownExchanges | None = None, extensions: Extensions | None = None
) -> Flask:
    """The real app over a fake directory. Errors are answered, as in production."""
    return signing_in(app(Site(directory, directory, known or known_of(directory), access=access_of()), extensions))
