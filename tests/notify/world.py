"""Whole dispatchers on a real store, which stop when the test is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import BaseModel, SecretStr

from perseus import keys
from perseus.clock import StoreClock, SystemClock
from perseus.network.exchange import Exchange
from perseus.network.log.activity import TRANSITION, ActivityLog, Entry
from perseus.notify.configuration import Configuration, Destination, Policy
from perseus.notify.dispatcher import Dispatcher
from perseus.notify.lanes.holding import Holding
from perseus.notify.lanes.surroundings import Surroundings
from perseus.notify.lanes.workshop import Workshop
from perseus.notify.notification import Notification
from perseus.notify.notifier import NoConfig, Notifier, NotifierKind
from perseus.notify.outlook import Horizon
from perseus.notify.system import SystemLog
from perseus.pluginhost.calling.scrub import Scrubber
from perseus.settings import Settings
from perseus.store import Client, connect
from tests.commands.running import eventually
from tests.conftest import short
from tests.notify.rig import COINBASE, EVERYTHING, Heard

PLAIN = Policy(group_seconds=0, flap_changes=0, reminders=())


class Tokened(BaseModel):
    """A configuration with a secret."""

    token: SecretStr
    room: str = "main"


@dataclass
class Told:
    """What came through the kinds of one dispatcher: room or '', and title."""

    came: list[tuple[str, str]] = field(default_factory=list)
    made: list[Any] = field(default_factory=list)

    def kind(self, name: str, config: type[BaseModel] = NoConfig) -> NotifierKind:
        def make(config: Any) -> Notifier:
            self.made.append(config)
            return cast("Notifier", Ear(self, getattr(config, "room", name)))

        return NotifierKind(name, make, config)


@dataclass
class Ear:
    """A notifier."""

    told: Told
    room: str

    def send(self, notifications: tuple[Notification, ...], context: Any) -> None:
        assert context.seconds_left() > 0
        self.told.came += [(self.room, one.title) for one in notifications]


@dataclass
class World:
    """A store and what dispatchers find around them; both may change."""

    client: Client
    settings: Settings
    configuration: Configuration
    made: list[Dispatcher] = field(default_factory=list)
    exchanges: tuple[Exchange, ...] = (COINBASE,)
    seq: int = 0

    def dispatcher(self, name: str, *kinds: NotifierKind) -> Dispatcher:
        clock, scrubber = SystemClock(), Scrubber()
        store_clock = StoreClock(clock)
        made: list[Dispatcher] = []

        def ordered() -> list[str]:
            return [keys.destination(post, "orders") for post in made[0].posts()]

        horizon = Horizon(self.client, lambda: self.exchanges, ordered, store_clock, clock)
        around = Surroundings(
            client=self.client,
            configuration=lambda: self.configuration,
            exchanges=lambda: self.exchanges,
            outlook=horizon,
            now_ms=store_clock.now_ms,
            observer=Heard(),
            system=SystemLog(self.client),
        )
        life = self.settings.destination_lease_seconds
        made.append(
            Dispatcher(
                self.client,
                lambda: self.configuration,
                lambda: self.exchanges,
                horizon,
                kinds=lambda current: {one.name: one for one in kinds if one.name not in current.disabled},
                make=Workshop(self.settings, around, clock, scrubber).lane,
                hold=lambda destination: Holding(self.client, destination, name, round(life * 1000)),
                life_seconds=life,
                now_ms=store_clock.now_ms,
                clock=clock,
            )
        )
        made[0].start()
        self.made += made
        return made[0]

    def write(self) -> None:
        """One event, as an instance writes it."""
        self.seq += 1
        fields = {"timestamp": "", "exchangeName": "coinbase", "fromState": "", "toState": "active", "reason": ""}
        ActivityLog(self.client, COINBASE, 1_000).append(Entry(TRANSITION, f"e{self.seq}", "1", fields))

    def begun(self, *destinations: str) -> None:
        """Until these are sent to."""
        for name in destinations:
            eventually(lambda name=name: self.client.hget(keys.destination(name, "cursor"), " since"))

    def change(self, **fields: Any) -> None:
        self.configuration = replace(self.configuration, **fields)


def destination(name: str, kind: str, **changes: Any) -> Destination:
    return Destination(name, kind, changes.pop("config", {}), policy=PLAIN, **{"revision": 1, **changes})


Make = Callable[[str], World]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Make]:
    made: list[World] = []

    def make(url: str, **changes: object) -> World:
        settings = short(tmp_path, destination_lease_seconds=2.5, delivery_seconds=1.0, **changes)
        client = connect(url, timeout=0.4, name="test")
        made.append(World(client, settings, Configuration(rules=(EVERYTHING,))))
        return made[-1]

    yield make
    for one in made:
        for dispatcher in one.made:
            dispatcher.stop(3)
        one.client.close()
