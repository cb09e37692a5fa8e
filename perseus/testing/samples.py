"""Notifications, events and statuses to call a plugin with: one of each kind, and odd ones."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from perseus.clock import iso
from perseus.network.exchange import Exchange
from perseus.network.log.activity import TRANSITION, Event
from perseus.network.payload import InstanceStatus
from perseus.network.states import OFFLINE, State
from perseus.network.view.reading import Condition, ExchangeStatus
from perseus.notify.notification import Kind, Notification, Severity
from perseus.notify.texts import samples

#: 2026-11-21 10:15:42 UTC, a moment of no meaning.
AT_MS = 1_795_256_142_000
COINBASE = Exchange(1, "coinbase", "Coinbase")
ODD = (
    "plain",
    "@everyone <@1> #here *bold* _it_ `code` ~~gone~~ ||hidden|| > quote",
    "<script>alert(1)</script> &amp; \"quoted\" 'single' \\ back",
    "line\r\nSubject: injected\r\n\r\nbody",
    "\N{WARNING SIGN}\N{ZERO WIDTH JOINER}\u202e right to left \U0001f469\u200d\U0001f469\u200d\U0001f467",
    "\x00\x07\x1b[31mred\x1b[0m",
    "{{ 7 * 7 }} {% raw %} ${HOME} %s %(name)s {0}",
    "https://example.org/a b?c=d#e [link](javascript:alert(1))",
    "",
    " ",
)
SIZES = (1, 5, 40, 255, 256, 257, 1025, 2001, 4097, 6001, 50_000)


def event(exchange: Exchange = COINBASE, **fields: str) -> Event:
    """An event as the activity log holds it: warming to active, with `fields` in place of those of that."""
    return samples.event(
        TRANSITION, {"fromState": "warming", "toState": "active", "reason": "warm"} | fields, AT_MS, exchange
    )


def notification(kind: Kind = Kind.EVENT, **changes: Any) -> Notification:
    """A message of that kind about Coinbase; `changes` are fields of Notification."""
    return replace(next(each for each in one_of_each() if each.kind == kind), **changes)


def one_of_each() -> list[Notification]:
    """A message of every kind and severity, as the network makes them; each with an id of its own."""
    return list(samples.notifications())


def drill() -> Notification:
    """What the button Test send sends."""
    return samples.drill("sample", "ada@example.org", AT_MS)


def fuzzed(count: int, seed: int = 1) -> Iterator[Notification]:
    """`count` messages that are odd in text, size and number of facts; the same for the same `seed`."""
    chance = random.Random(seed)
    for number in range(count):
        sort = chance.choice(list(Kind))
        yield Notification(
            id=f"fuzz-{seed}-{number}",
            kind=sort,
            severity=chance.choice(list(Severity)),
            title=" ".join(_odd(chance).split()) or "untitled",
            text=_odd(chance),
            at_ms=chance.choice((0, AT_MS, 253_402_300_799_000)),
            events=tuple(event(reason=_odd(chance)) for _ in range(chance.choice((0, 1, 3)))),
            exchange=chance.choice((COINBASE, None)),
            to_state=chance.choice((OFFLINE, "active", None, "a state of the future")),
            facts=tuple((_odd(chance), _odd(chance)) for _ in range(chance.choice((0, 1, 30)))),
        )


def status(exchange: str = "coinbase", state: str = "active", **changes: Any) -> InstanceStatus:
    """What an instance says of itself; `changes` are fields of InstanceStatus."""
    now = iso(AT_MS)
    facts: Mapping[str, Any] = {
        "fencing_token": "1795256142123456",
        "exchange_id": 1,
        "exchange_name": exchange,
        "instance_id": "feed-1-4711-9b1c22d0",
        "connection_state": State(state),
        "hostname": "feed-1",
        "ip_address": "192.0.2.7",
        "pid": 4711,
        "version": "1.0",
        "admin_email": "ada@example.org",
        "admin_display_name": "Ada",
        "symbol_count": 12,
        "registered_at": now,
        "connected_at": now,
        "last_heartbeat": now,
        "last_state_change": now,
        "heartbeat_seconds": 15.0,
        "ttl_seconds": 45.0,
    }
    return InstanceStatus(**{**facts, **changes})


def exchange_status(exchange: str = "coinbase", state: str = "active") -> ExchangeStatus:
    """A living exchange, as a card is drawn from it."""
    known = Exchange(1, exchange, exchange.capitalize())
    return ExchangeStatus(known, Condition(state), True, status(exchange, state), AT_MS, 5_000, 40_000, None)


def _odd(chance: random.Random) -> str:
    text = chance.choice(ODD)
    return (text * (1 + chance.choice(SIZES) // max(len(text), 1)))[: chance.choice(SIZES)] if text else text
