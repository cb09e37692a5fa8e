"""The JSON API: RPC-01 to RPC-03, its errors, and that it says nothing internal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from perseus.clock import SystemClock
from perseus.db import DatabaseUnavailable
from perseus.db.known import KnownExchanges
from perseus.errors import StoreUnavailable, UnknownExchange
from perseus.network.exchange import Exchange
from perseus.network.view.directory import BadCursor, Condition, StoreNotice
from tests.web.reading import get
from tests.web.views import COINBASE, KRAKEN, NOW, FakeDirectory, app_of, event, gone, live, view


def told(directory: FakeDirectory, path: str, status: int = 200) -> Any:
    response = get(app_of(directory), f"/api/network{path}")
    assert response.status_code == status
    kind = "application/json" if status < 400 else "application/problem+json"
    assert response.content_type == kind
    assert response.headers["Cache-Control"] == "no-store"
    return response.json


def test_instances_lists_every_exchange_live_or_not() -> None:
    answer = told(FakeDirectory(view([live(), gone(Condition.OFFLINE, KRAKEN, "lost it")])), "/instances")
    assert answer["now"] == "2026-11-21T14:03:22.000Z"
    coinbase, kraken = answer["instances"]
    assert coinbase["exchangeId"] == 1
    assert coinbase["condition"] == "active"
    assert coinbase["online"] is True
    assert coinbase["heartbeatAgeMs"] == 3_000
    assert coinbase["leaseLeftMs"] == 42_000
    assert coinbase["status"]["connectionState"] == "active"
    assert coinbase["status"]["fencingToken"] == "1795253782123456"
    assert coinbase["lastKnown"] is None
    assert (kraken["online"], kraken["condition"], kraken["reason"]) == (False, "offline", "lost it")
    assert kraken["status"] is None
    assert kraken["lastKnown"]["hostname"] == "ingest-1.ams.example.net"
    assert kraken["since"] == "2026-11-21T14:00:22.000Z"


def test_an_exchange_that_was_never_seen_is_listed_with_nulls() -> None:
    (only,) = told(FakeDirectory(view([gone(Condition.NEVER_SEEN, known=False)])), "/instances")["instances"]
    assert (only["condition"], only["online"], only["status"], only["lastKnown"]) == ("never_seen", False, None, None)


def test_a_time_that_no_calendar_holds_is_null() -> None:
    (only,) = told(FakeDirectory(view([gone(Condition.OFFLINE, since_ms=2**62)])), "/instances")["instances"]
    assert only["since"] is None


def test_a_silent_store_is_an_error_and_not_a_network_without_instances() -> None:
    answer = told(FakeDirectory(view([live()], store=StoreNotice(False, "10.1.2.3:6379 refused"))), "/instances", 503)
    assert answer["title"] == "Service Unavailable"
    assert "10.1.2.3" not in str(answer)


def test_a_silent_database_is_an_error_and_not_an_empty_list() -> None:
    def silent() -> tuple[Exchange, ...]:
        raise DatabaseUnavailable("db:5432", "refused")

    known = KnownExchanges(silent, SystemClock())
    known()
    response = get(app_of(FakeDirectory(), known), "/api/network/instances")
    assert response.status_code == 503
    assert "db:5432" not in response.text


def test_activity_gives_events_as_they_stand_in_the_log_with_their_names() -> None:
    directory = FakeDirectory(view([live()], [event()], "coinbase:1-0"))
    answer = told(directory, "/activity")
    (only,) = answer["events"]
    assert (only["name"], only["id"], only["exchange"]) == (f"coinbase:{NOW - 5000}-0", f"{NOW - 5000}-0", "coinbase")
    assert (only["event"], only["fromState"], only["toState"]) == ("state_transition", "warming", "active")
    assert answer["older"] == "coinbase:1-0"
    assert directory.asked == [(50, None, None)]


def test_a_field_of_a_junk_entry_cannot_take_the_place_of_the_name() -> None:
    junk = replace(event(), fields={"name": "x", "id": "y", "exchange": "z"})
    (only,) = told(FakeDirectory(view([live()], [junk])), "/activity")["events"]
    assert (only["name"].split(":")[0], only["exchange"]) == ("coinbase", "coinbase")


def test_activity_passes_its_parameters_on() -> None:
    directory = FakeDirectory(view([live()]))
    told(directory, "/activity?exchange=coinbase&count=200&cursor=coinbase:5-1")
    assert directory.asked == [(200, "coinbase:5-1", "coinbase")]


@pytest.mark.parametrize("count", ["0", "201", "-1", "1.5", "abc", "", "%20" + "5", "1_0", "\u0665", "9" * 50])
def test_a_count_out_of_bounds_is_refused_by_name(count: str) -> None:
    answer = told(FakeDirectory(view([live()])), f"/activity?count={count}", 400)
    assert answer["field"] == "count"
    assert "1 to 200" in answer["detail"]


@pytest.mark.parametrize("path", ["/activity?cout=5", "/instances?x=1", "/exchanges/1?verbose=1"])
def test_a_parameter_that_does_not_exist_is_refused_by_name(path: str) -> None:
    answer = told(FakeDirectory(view([live()])), path, 400)
    assert answer["field"] == path.split("?")[1].split("=")[0]


def test_a_parameter_given_twice_is_refused() -> None:
    assert told(FakeDirectory(view([live()])), "/activity?count=5&count=6", 400)["field"] == "count"


def test_a_broken_cursor_is_refused_by_name() -> None:
    answer = told(FakeDirectory(trouble=BadCursor("junk")), "/activity?cursor=junk", 400)
    assert answer["field"] == "cursor"


def test_an_unknown_exchange_is_not_found() -> None:
    answer = told(FakeDirectory(trouble=UnknownExchange("mtgox", ())), "/activity?exchange=mtgox", 404)
    assert answer["detail"] == "'mtgox' is not a known exchange."


def test_one_exchange_is_given_by_its_id() -> None:
    answer = told(FakeDirectory(view([live(), gone(Condition.OFFLINE, KRAKEN)])), f"/exchanges/{KRAKEN.id}")
    assert (answer["exchangeName"], answer["online"], answer["condition"]) == ("kraken", False, "offline")


@pytest.mark.parametrize(
    "path", ["/exchanges/77", "/exchanges/coinbase", "/exchanges/-1", "/exchanges/" + "9" * 30, "/exchanges/%D9%A1"]
)
def test_an_id_that_names_no_exchange_is_not_found(path: str) -> None:
    assert told(FakeDirectory(view([live(COINBASE)])), path, 404)["status"] == 404


@pytest.mark.parametrize("path", ["/activity", "/exchanges/1"])
def test_single_reads_say_when_the_store_is_silent(path: str) -> None:
    answer = told(FakeDirectory(trouble=StoreUnavailable("10.1.2.3:6379", "refused")), path, 503)
    assert "10.1.2.3" not in str(answer)


def test_a_wrong_method_is_refused_as_a_problem() -> None:
    response = app_of(FakeDirectory()).test_client().post("/api/network/instances")
    assert (response.status_code, response.content_type) == (405, "application/problem+json")
    assert "GET" in response.headers["Allow"]
