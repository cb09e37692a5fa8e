"""A network in one process, without threads and without waiting: tests of plugins read like incidents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import fakeredis

from perseus.network.activity import Event
from perseus.network.exchange import Exchange
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
from perseus.store import Client
from perseus.testing.clock import FakeClock
from perseus.testing.destination import FakeDestination
from perseus.testing.logbook import Logbook
from perseus.testing.node import HEARTBEAT_MS, FakeNode
from perseus.testing.sender import Sender, kind_of

MINUTE_MS = 60_000


class FakeNetwork:
    """Nodes live and die, a watcher writes deaths down, destinations are told by the planner. Time is `clock`.

    Everything that is due happens before a call returns: there is nothing to wait for.
    """

    def __init__(self) -> None:
        self.clock = FakeClock(ticked=self._tick)
        self.rules: tuple[Rule, ...] = (FIRST_RULE,)
        self.silences: tuple[Silence, ...] = ()
        self._client = cast("Client", fakeredis.FakeRedis(decode_responses=True))
        self._log = Logbook(self._client, self.clock)
        self._nodes: dict[str, FakeNode] = {}
        self._maintenance: dict[str, Maintenance] = {}
        self._destinations: list[FakeDestination] = []
        self._judges_from_ms = 0

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
        """Tell a destination from now on. `plugin`: its module. Errors as `Sender` and `kind_of`."""
        offered = kind_of(plugin, kind)
        sender = Sender(offered, config, clock=self.clock)
        known = Destination(name or offered.name, offered.name, dict(config), policy or Policy())
        made = FakeDestination(known, sender)
        made.begin(self._logs())
        self._destinations.append(made)
        return made

    def events(self, name: str) -> list[Event]:
        """Everything that stands in the activity log of one exchange."""
        return self._log.read(self.node(name).exchange)

    def redis_outage(self, seconds: float) -> None:
        """Let the store be away for so long: nothing is written, renewed, judged or sent; then it is back."""
        self._log.is_away = True
        self.clock.advance(seconds)
        self._log.is_away = False
        self._judges_from_ms = self.clock.wall_ms() + HEARTBEAT_MS
        self._log.flush()
        self.settle()

    def silence(self, minutes: float, reason: str = "quiet, please", match: Match | None = None) -> None:
        """Record what matches for so long, and send nothing of it."""
        now = self.clock.wall_ms()
        ends = now + round(minutes * MINUTE_MS)
        match = match or Match()
        number = str(len(self.silences) + 1)
        self.silences += (
            Silence(id=number, match=match, starts_ms=now, ends_ms=ends, author="ada@example.org", reason=reason),
        )

    def maintenance(self, name: str, minutes: float, reason: str = "a deploy") -> None:
        """The owner's word that an outage of this exchange is meant."""
        until = self.clock.wall_ms() + round(minutes * MINUTE_MS)
        self._maintenance[name] = Maintenance(until_ms=until, reason=reason, author="ada@example.org")

    def settle(self) -> None:
        """Do all that is due now. Called by itself after each event and each second of the clock."""
        if self._log.is_away:
            return
        known = tuple(each.destination for each in self._destinations)
        configuration = Configuration(known, self.rules, self.silences)
        logs = self._logs()
        for each in self._destinations:
            each.settle(logs, configuration, self._maintenance, self.clock.wall_ms())

    def close(self) -> None:
        """Let go of the store and of all connections."""
        for each in self._destinations:
            each.sender.close()
        self._client.close()

    def _logs(self) -> dict[str, list[Event]]:
        return {name: self._log.read(node.exchange) for name, node in self._nodes.items()}

    def _tick(self, now_ms: int) -> None:
        if self._log.is_away:
            return
        for node in self._nodes.values():
            node.beat(now_ms)
            if now_ms >= self._judges_from_ms and node.is_lost(now_ms):
                node.lose()
        self.settle()
