"""A network in one process, without threads and without waiting: tests of plugins read like incidents."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, cast

import fakeredis

from perseus import keys
from perseus.network.exchange import Exchange
from perseus.network.log.activity import Event
from perseus.notify import outlook
from perseus.notify.configuration import (
    FIRST_RULE,
    Configuration,
    Destination,
    Maintenance,
    Match,
    Policy,
    Rule,
    Silence,
)
from perseus.notify.lanes.surroundings import Surroundings
from perseus.store import Client
from perseus.testing.clock import FakeClock
from perseus.testing.destination import Ear, FakeDestination
from perseus.testing.logbook import Logbook, SystemBook
from perseus.testing.node import HEARTBEAT_MS, FakeNode
from perseus.testing.sender import Sender, kind_of

MINUTE_MS = 60_000


class FakeNetwork:
    """Nodes live and die, a watcher writes deaths down, real lanes tell real notifiers. Time is `clock`.

    Everything that is due happens before a call returns: there is nothing to wait for. `rules`: everything to
    everybody, until a test says otherwise.
    """

    def __init__(self) -> None:
        self.clock = FakeClock(ticked=self._tick)
        self.rules: tuple[Rule, ...] = (FIRST_RULE,)
        self.silences: tuple[Silence, ...] = ()
        self._server = fakeredis.FakeServer()
        self._client = self._connected()
        self._log = Logbook(self._client, self.clock)
        self._nodes: dict[str, FakeNode] = {}
        self._destinations: list[FakeDestination] = []
        self._judges_from_ms = 0
        self._around = self._surroundings()

    def node(self, name: str) -> FakeNode:
        """The process of that exchange; the same for the same name. Raises ValueError for a name that is none."""
        if name not in self._nodes:
            exchange = Exchange(len(self._nodes) + 1, name, name.replace("_", " ").title())
            self._nodes[name] = FakeNode(exchange, self._log, self.clock, self.settle)
        return self._nodes[name]

    def destination(
        self,
        plugin: str,
        config: Mapping[str, Any],
        *,
        kind: str | None = None,
        name: str | None = None,
        policy: Policy | None = None,
    ) -> FakeDestination:
        """Tell a destination from now on. `plugin`: its module; `name`: by default the kind's.

        Errors as `Sender` and `kind_of`.
        """
        offered = kind_of(plugin, kind)
        sender = Sender(offered, config, clock=self.clock)
        known = Destination(name or offered.name, offered.name, dict(config), policy or Policy())
        made = FakeDestination(known, sender, self._client, self._around)
        self._destinations.append(made)
        self.settle()
        return made

    def events(self, name: str) -> list[Event]:
        """Everything that stands in the activity log of one exchange."""
        return self._log.read(self.node(name).exchange)

    def redis_outage(self, seconds: float) -> None:
        """Let the store be away for so long: nothing is written, renewed, judged or sent; then it is back."""
        self._log.is_away, self._server.connected = True, False
        self.clock.advance(seconds)
        self._log.is_away, self._server.connected = False, True
        self._judges_from_ms = self.clock.wall_ms() + HEARTBEAT_MS
        self._log.flush()
        self.settle()

    def silence(self, minutes: float, reason: str = "quiet, please", match: Match | None = None) -> None:
        """Record what matches for so long, and send nothing of it."""
        now_ms = self.clock.wall_ms()
        made = Silence(
            id=str(len(self.silences) + 1),
            match=match or Match(),
            starts_ms=now_ms,
            ends_ms=now_ms + round(minutes * MINUTE_MS),
            author="ada@example.org",
            reason=reason,
        )
        self.silences += (made,)

    def maintenance(self, name: str, minutes: float, reason: str = "a deploy") -> None:
        """The owner's word that an outage of this exchange is meant."""
        until_ms = self.clock.wall_ms() + round(minutes * MINUTE_MS)
        announced = Maintenance(until_ms=until_ms, reason=reason, author="ada@example.org")
        self._client.set(keys.maintenance(self.node(name).exchange.id), announced.model_dump_json())

    def settle(self) -> None:
        """Do all that is due now. Called by itself after each event and each second of the clock."""
        for each in self._destinations:
            each.settle()

    def close(self) -> None:
        """Let go of the store and of all connections."""
        for each in self._destinations:
            each.sender.close()
        self._client.close()

    def _tick(self, now_ms: int) -> None:
        if not self._log.is_away:
            for node in self._nodes.values():
                node.beat(now_ms)
                if now_ms >= self._judges_from_ms and node.is_lost(now_ms):
                    node.lose()
        self.settle()

    def _connected(self) -> Client:
        client = fakeredis.FakeRedis(server=self._server, decode_responses=True)
        client.set_response_callback("TIME", lambda *_, **__: divmod(self.clock.wall_ms() * 1_000, 1_000_000))
        return cast("Client", client)

    def _surroundings(self) -> Surroundings:
        return Surroundings(
            client=self._client,
            configuration=self._configuration,
            exchanges=self._exchanges,
            outlook=lambda: outlook.look(self._client, self._exchanges()),
            now_ms=self.clock.wall_ms,
            observer=Ear([], []),
            system=SystemBook(self._client, self._log),
            chance=random.Random(1).uniform,
        )

    def _exchanges(self) -> tuple[Exchange, ...]:
        return tuple(node.exchange for node in self._nodes.values())

    def _configuration(self) -> Configuration:
        known = tuple(each.destination for each in self._destinations)
        return Configuration(known, self.rules, self.silences)
