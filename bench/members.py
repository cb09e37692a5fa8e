"""A populated network: payloads and events made by the same code as an instance's, without its threads."""

from __future__ import annotations

import os
from collections.abc import Sequence

from perseus import keys
from perseus.clock import StoreClock, SystemClock
from perseus.network.exchange import Exchange
from perseus.network.facts import Facts
from perseus.network.identity import Identity, new_instance_id
from perseus.network.leasing.claims import Granted, RedisClaims
from perseus.network.leasing.lease import Lease, Timing, new_nonce
from perseus.network.log import activity
from perseus.network.log.activity import ActivityLog
from perseus.network.states import State
from perseus.settings import Settings
from perseus.store import Client

SETTINGS = Settings()
CLOCK = SystemClock()
WALK = (State.IDLE, State.STARTING, State.WARMING, State.ACTIVE)


class Member:
    """One exchange and the live instance that holds it; `beat` renews its lease with a payload made anew."""

    def __init__(self, client: Client, exchange: Exchange) -> None:
        self.exchange = exchange
        self.store_clock = StoreClock(CLOCK)
        self.nonce = new_nonce()
        timing = Timing.of(SETTINGS)
        host = f"ingest-{exchange.id}"
        identity = Identity(host, "ada@example.org", "Ada Example", f"203.0.113.{exchange.id}")
        self.instance_id = new_instance_id(host)
        self.facts = Facts(exchange, identity, self.instance_id, os.getpid(), timing, self.store_clock)
        self.claims = RedisClaims(client, exchange.id, timing.ttl, SETTINGS.settle_seconds)
        self.log = ActivityLog(client, exchange, SETTINGS.activity_max_entries)
        sent_at = CLOCK.elapsed()
        granted = self.claim()
        self.store_clock.heard(granted.now_ms, sent_at, CLOCK.elapsed())
        self.facts.granted(granted.token)
        self.token = granted.token
        self.lease = Lease(self.nonce, self.instance_id, timing, granted, sent_at, False)

    def claim(self) -> Granted:
        """Claim the exchange, which is free."""
        granted = self.claims.acquire(self.nonce, self.instance_id, None, self.facts.body_without_token())
        assert isinstance(granted, Granted)
        return granted

    def settle(self) -> None:
        """Active, with what a running feed says of itself."""
        self.facts.enter(State.ACTIVE, self.store_clock.now_ms())
        self.facts.set_symbols(40)
        self.facts.rtt_ms = 0.31
        if self.exchange.id % 10 == 0:
            self.facts.failed("the exchange closed the connection: code 1006")

    def beat(self) -> None:
        """One heartbeat."""
        self.facts.heard()
        self.facts.set_fields({"messageCount": self.store_clock.now_ms() % 1_000_000, "messagesPerSecond": 118.25})
        self.claims.renew(self.nonce, self.instance_id, self.token, self.facts.status().to_json(), None)

    def note(self, at: int) -> None:
        """One event: a transition of the walk, or now and then an error."""
        status, now_ms = self.facts.status(), self.store_clock.now_ms()
        if at % 5 == 4:
            self.log.append(activity.error(status, now_ms, "the exchange closed the connection: code 1006", 1))
        else:
            before, after = WALK[at % 3], WALK[at % 3 + 1]
            self.log.append(activity.transition(status, now_ms, before, after, "the feed is ready"))


class Network:
    """`count` members in an emptied store, `events` in the log of each. `beat_some` renews a third, in turn."""

    def __init__(self, client: Client, count: int, events: int) -> None:
        client.flushall()
        client.set(keys.INITIALISED, "kept")
        self.members = [
            Member(client, Exchange(id_, f"exchange_{id_}", f"Exchange {id_}")) for id_ in range(1, count + 1)
        ]
        self.exchanges: Sequence[Exchange] = tuple(member.exchange for member in self.members)
        self._next = 0
        for at in range(events):
            for member in self.members:
                member.note(at)
        for member in self.members:
            member.settle()
            member.beat()

    def beat_some(self) -> None:
        """What happens between two polls of one viewer: 5 s between polls, 15 s between heartbeats."""
        for _ in range(-(-len(self.members) // 3)):
            self.members[self._next % len(self.members)].beat()
            self._next += 1

    def beat_all(self) -> None:
        """Renew every lease, so that none runs out while something else is measured."""
        for member in self.members:
            member.beat()
