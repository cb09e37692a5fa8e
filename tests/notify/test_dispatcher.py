"""A whole dispatcher on a real store: it follows its configuration, and shares destinations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pydantic import SecretStr

from perseus import keys
from perseus.notify.configuration import Rule
from perseus.notify.notifier import Notifier, NotifierKind
from tests.commands.running import eventually
from tests.notify.world import Make, Tokened, Told, destination, world

__all__ = ["world"]


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
    eventually(lambda: here.client.hget(keys.destination("b", "state"), "queued") == "1", 5)
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
    here.dispatcher("one", told.kind("log"), told.kind("other"))
    here.change(destinations=(destination("a", "log"), destination("b", "other")))
    here.begun("a", "b")
    here.change(disabled=frozenset({"log"}))
    eventually(lambda: not here.client.exists(keys.destination("a", "lease")), 5)
    here.write()
    eventually(lambda: told.came == [("other", "Coinbase is active")], 5)
    here.change(disabled=frozenset())
    eventually(lambda: told.came[1:] == [("log", "Coinbase is active")], 5)


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


def test_rules_are_followed_while_it_runs(world: Make, real_store: str) -> None:
    here, told = world(real_store), Told()
    here.dispatcher("one", told.kind("log"))
    here.change(destinations=(destination("a", "log"),), rules=())
    here.begun("a")
    here.write()
    eventually(lambda: here.client.xlen(keys.destination("a", "history")) == 1, 3)
    here.change(rules=(Rule(name="all", destinations=("a",)),))
    here.write()
    eventually(lambda: len(told.came) == 1, 3)
