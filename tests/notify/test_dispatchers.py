"""What dispatchers say of themselves, and the roster that is made of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from perseus import keys
from perseus.notify.configuration import Configuration, Destination
from perseus.notify.roster import roster
from perseus.notify.told import dispatchers
from perseus.notify.told.dispatchers import Dispatchers
from perseus.store import Client, now_ms

CHAT = {
    "name": "chat",
    "plugin": "chatter",
    "about": "a",
    "maxBatch": 10,
    "canProbe": True,
    "schema": {"type": "object"},
}


def tell(client: Client, worker: str = "w1", **changes: Any) -> None:
    said = {
        "worker": worker,
        "host": "h",
        "pid": 1,
        "atMs": now_ms(client, keys.DISPATCHERS),
        "kinds": [CHAT],
    } | changes
    client.hset(keys.DISPATCHERS, worker, json.dumps(said))


def test_a_report_is_read_with_its_kinds_and_destinations(client: Client) -> None:
    tell(client, destinations=[{"id": "ops", "kind": "chat", "origin": "page", "problem": None, "holds": True}])
    (report,) = dispatchers.read(client).running
    assert (report.worker, report.host, report.pid) == ("w1", "h", 1)
    assert (report.kinds[0].name, report.kinds[0].max_batch, report.kinds[0].can_probe) == ("chat", 10, True)
    assert report.kinds[0].json_schema == {"type": "object"}
    assert report.destinations[0].holds


def test_one_that_has_not_reported_for_15_s_does_not_run(client: Client) -> None:
    tell(client, "old", atMs=now_ms(client, keys.DISPATCHERS) - 15_001)
    tell(client, "new")
    assert [report.worker for report in dispatchers.read(client).running] == ["new"]


@pytest.mark.parametrize("junk", ["", "{", "[]", "5", "null", '{"worker": 5}', '{"atMs": "x"}', "[" * 100_000])
def test_junk_is_no_dispatcher(client: Client, junk: str) -> None:
    client.hset(keys.DISPATCHERS, "odd", junk)
    tell(client)
    assert [report.worker for report in dispatchers.read(client).running] == ["w1"]


def test_one_part_that_cannot_be_read_costs_itself_only(client: Client) -> None:
    tell(client, kinds=[5, {"name": []}, CHAT, None], plugins="none", destinations=[{"id": "x"}])
    (report,) = dispatchers.read(client).running
    assert [kind.name for kind in report.kinds] == ["chat"]
    assert (report.plugins, report.destinations) == ((), ())


def test_a_key_of_another_type_is_no_dispatcher(client: Client) -> None:
    client.set(keys.DISPATCHERS, "x")
    assert dispatchers.read(client) == Dispatchers()


def running(client: Client, *destinations: dict[str, object], **changes: Any) -> Dispatchers:
    tell(client, destinations=list(destinations), **changes)
    return dispatchers.read(client)


def reported(name: str, **changes: object) -> dict[str, object]:
    return {"id": name, "kind": "chat", "origin": "environment", "problem": None, "holds": True} | changes


def test_the_roster_has_those_of_the_database_and_those_of_the_environment(client: Client) -> None:
    stored = Configuration(destinations=(Destination("ops", "chat", {}),))
    told = (reported("mail"), reported("ops", origin="page"), reported("deleted", origin="page"))
    listed = roster(stored, running(client, *told))
    assert list(listed) == ["mail", "ops"]
    assert (listed["mail"].destination.origin, listed["ops"].destination.origin) == ("environment", "page")
    assert {one.problem for one in listed.values()} == {""}


def test_without_a_dispatcher_nothing_can_be_sent_and_it_says_what_to_start() -> None:
    listed = roster(Configuration(destinations=(Destination("ops", "chat", {}),)), Dispatchers())
    assert "perseus dispatch" in listed["ops"].problem


@pytest.mark.parametrize(
    ("kind", "disabled", "reported_problem", "said"),
    [
        ("chat", frozenset(), "url: is missing.", "url: is missing."),
        ("chat", frozenset({"chatter"}), None, "switched off"),
        ("fax", frozenset(), None, "offers the kind fax"),
        ("fax", frozenset({"fax"}), None, "switched off"),
    ],
)
def test_a_destination_says_why_nothing_can_be_sent_to_it(
    client: Client, kind: str, disabled: frozenset[str], reported_problem: str | None, said: str
) -> None:
    stored = Configuration(destinations=(Destination("ops", kind, {}),), disabled=disabled)
    told = running(client, reported("ops", kind=kind, origin="page", problem=reported_problem))
    assert said in roster(stored, told)["ops"].problem


def test_who_sends_for_a_destination_is_believed_about_it(client: Client) -> None:
    tell(client, "w2", destinations=[reported("ops", problem="cannot", holds=False)])
    found = running(client, reported("ops"))
    assert found.destinations()["ops"].problem is None
