"""A whole dispatcher on a real store: it follows its configuration, shares destinations, and outlives outages."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import BaseModel, SecretStr

from perseus import keys
from perseus.clock import StoreClock, SystemClock
from perseus.errors import StoreUnavailable
from perseus.network.exchange import Exchange
from perseus.network.log.activity import TRANSITION, ActivityLog, Entry
from perseus.notify.configuration import Configuration, Destination, Policy, Rule
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
from tests.redis_process import RedisProcess

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


def test_destinations_come_and_go_and_change_as_the_configuration_says(world: Make, real_store: str) -> None:
    here, told = world(real_store), Told()
    here.dispatcher("one", told.kind("log"), told.kind("room", Tokened))
    here.change(destinations=(destination("a", "log"),))
    here.begun("a")
    here.write()
    eventually(lambda: told.came == [("log", "Coinbase is active")], 3)
    room = destination("b", "room", config={"token": SecretStr("hunter22"), "room": "first"})
    here.change(destinations=(room,))
    here.begun("b")
    eventually(lambda: not here.client.exists(keys.destination("a", "lease")), 5)
    here.write()
    eventually(lambda: told.came[1:] == [("first", "Coinbase is active")], 3)
    moved = replace(room, config={**room.config, "room": "second"}, revision=2)
    here.change(destinations=(moved,))
    eventually(lambda: len(told.made) == 3, 5)
    here.write()
    eventually(lambda: told.came[2:] == [("second", "Coinbase is active")], 3)
    here.change(destinations=(replace(moved, is_paused=True, revision=3),))
    eventually(lambda: here.client.hget(keys.destination("b", "state"), "paused") == "1", 5)
    here.write()
    time.sleep(0.3)
    assert len(told.came) == 3
    here.change(destinations=(replace(moved, revision=4),))
    eventually(lambda: len(told.came) == 4, 5)
    assert len(told.made) == 3


def test_a_destination_that_was_deleted_begins_anew_when_its_name_is_used_again(world: Make, real_store: str) -> None:
    here, told = world(real_store), Told()
    here.dispatcher("one", told.kind("log"))
    here.change(destinations=(destination("a", "log"),))
    here.begun("a")
    here.write()
    eventually(lambda: len(told.came) == 1, 3)
    here.change(destinations=())
    eventually(lambda: not here.client.exists(keys.destination("a", "cursor"), keys.destination("a", "lease")), 5)
    assert not here.client.exists(keys.destination("a", "history"), keys.destination("a", "state"))
    here.write()
    here.change(destinations=(destination("a", "log"),))
    here.begun("a")
    here.write()
    eventually(lambda: len(told.came) == 2, 3)


def test_a_plugin_that_is_switched_off_is_skipped_and_goes_on_where_it_was(world: Make, real_store: str) -> None:
    here, told = world(real_store), Told()
    here.dispatcher("one", told.kind("log"))
    here.change(destinations=(destination("a", "log"),))
    here.begun("a")
    here.change(disabled=frozenset({"log"}))
    eventually(lambda: not here.client.exists(keys.destination("a", "lease")), 5)
    here.write()
    time.sleep(0.2)
    assert told.came == []
    here.change(disabled=frozenset())
    eventually(lambda: told.came == [("log", "Coinbase is active")], 5)


def test_a_configuration_that_cannot_be_used_is_a_problem_and_costs_nobody_else(world: Make, real_store: str) -> None:
    here, told = world(real_store), Told()
    dispatcher = here.dispatcher("one", told.kind("log"), told.kind("room", Tokened), breaking("broken"))
    here.change(
        destinations=(
            destination("a", "log"),
            destination("b", "room", config={"rom": "x"}),
            destination("c", "broken"),
            destination("d", "nobody-has-it"),
            replace(destination("e", "log"), problem="its secret cannot be opened"),
        )
    )
    here.begun("a")
    eventually(lambda: dispatcher.problems.keys() == {"b", "c"}, 3)
    assert "token is missing" in dispatcher.problems["b"]
    assert "no such thing" in dispatcher.problems["c"]
    assert dispatcher.posts().keys() == {"a"}


def breaking(name: str) -> NotifierKind:
    def make(_: Any) -> Notifier:
        raise ValueError("no such thing")

    return NotifierKind(name, make)


def test_workers_with_different_plugins_share_what_both_have_and_keep_what_one_has(
    world: Make, real_store: str
) -> None:
    here, one, two = world(real_store), Told(), Told()
    first = here.dispatcher("one", one.kind("log"), one.kind("first"))
    here.dispatcher("two", two.kind("log"), two.kind("second"))
    here.change(destinations=(destination("a", "log"), destination("b", "first"), destination("c", "second")))
    here.begun("a", "b", "c")
    here.write()
    eventually(lambda: len(one.came) + len(two.came) == 3, 3)
    assert ("first", "Coinbase is active") in one.came
    assert ("second", "Coinbase is active") in two.came
    first.stop(3)
    eventually(lambda: here.client.get(keys.destination("a", "lease")), 5)
    assert str(here.client.get(keys.destination("a", "lease"))).startswith("two ")
    here.write()
    eventually(lambda: [room for room, _ in two.came].count("log") >= 1, 5)
    assert not here.client.exists(keys.destination("b", "lease"))


@pytest.mark.parametrize("seconds", [1.0, 4.0])
def test_a_store_that_goes_away_for_longer_than_the_lease_costs_nothing(
    world: Make, own_server: RedisProcess, seconds: float
) -> None:
    here, told = world(own_server.url), Told()
    here.dispatcher("one", told.kind("log"))
    here.change(destinations=(destination("a", "log"),))
    here.begun("a")
    here.write()
    own_server.freeze()
    with pytest.raises(StoreUnavailable):
        here.write()
    time.sleep(seconds)
    own_server.thaw()
    here.write()
    eventually(lambda: len(told.came) >= 2, 10)
    here.write()
    eventually(lambda: len(told.came) >= 3, 3)


def test_hints_are_heard_again_after_the_store_was_restarted(world: Make, own_server: RedisProcess) -> None:
    here, told = world(own_server.url), Told()
    here.dispatcher("one", told.kind("log"))
    here.change(destinations=(destination("a", "log"),))
    here.begun("a")
    own_server.kill()
    own_server.start()
    eventually(lambda: here.client.pubsub_numsub(keys.NETWORK_CHANNEL)[0][1] == 1, 10)
    here.begun("a")
    eventually(lambda: here.client.exists(keys.destination("a", "lease")), 10)
    time.sleep(0.2)
    began = time.monotonic()
    here.write()
    eventually(lambda: len(told.came) == 1, 3)
    assert time.monotonic() - began < 0.5


def test_rules_are_followed_while_it_runs(world: Make, real_store: str) -> None:
    here, told = world(real_store), Told()
    here.dispatcher("one", told.kind("log"))
    here.change(destinations=(destination("a", "log"),), rules=())
    here.begun("a")
    here.write()
    eventually(lambda: here.client.xlen(keys.destination("a", "history")) == 1, 3)
    here.change(rules=(Rule(name="all", destinations=("a",)),))
    time.sleep(0.1)
    here.write()
    eventually(lambda: len(told.came) == 1, 3)
