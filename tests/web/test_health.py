"""Liveness asks nobody; readiness names what does not answer."""

from __future__ import annotations

import pytest

from perseus.clock import SystemClock
from perseus.db import DatabaseMismatch, DatabaseRefused, DatabaseUnavailable
from perseus.db.known import KnownExchanges, KnownFit
from perseus.network.exchange import Exchange
from perseus.network.view.reading import StoreNotice
from perseus.store.refusal import EXPLAINED
from perseus.web import problems
from perseus.web.app import app
from perseus.web.network.notices import notices
from perseus.web.site import Site
from tests.web.reading import get
from tests.web.views import FakeDirectory, app_of, known_of, live, view


def _silent() -> tuple[Exchange, ...]:
    raise DatabaseUnavailable("10.9.8.7:5432", "refused")


def test_a_living_process_is_healthy_whatever_its_store_does() -> None:
    response = get(app_of(FakeDirectory(state=StoreNotice(False))), "/health")
    assert (response.status_code, response.json) == (200, {"status": "ok"})


def test_a_process_whose_parts_answer_is_ready() -> None:
    response = get(app_of(FakeDirectory()), "/health/ready")
    assert (response.status_code, response.json) == (200, {"status": "ready", "store": "ok", "database": "ok"})


def test_a_silent_store_is_named() -> None:
    response = get(app_of(FakeDirectory(state=StoreNotice(False))), "/health/ready")
    assert (response.status_code, response.content_type) == (503, "application/problem+json")
    assert response.json is not None
    assert (response.json["store"], response.json["database"]) == ("does not answer", "ok")
    assert response.json["detail"] == "Not ready: the store does not answer."


def test_a_silent_database_is_named_without_its_address() -> None:
    known = KnownExchanges(_silent, SystemClock())
    response = get(app_of(FakeDirectory(state=StoreNotice(False)), known), "/health/ready")
    assert response.status_code == 503
    assert response.json is not None
    assert response.json["detail"] == "Not ready: the store and the database do not answer."
    assert "10.9.8.7" not in response.text


@pytest.mark.parametrize("code", EXPLAINED)
def test_a_store_that_takes_no_writes_is_not_ready_and_the_answer_says_why(code: str) -> None:
    response = get(app_of(FakeDirectory(state=StoreNotice(True, refused=code))), "/health/ready")
    assert response.status_code == 503
    assert response.json is not None
    assert response.json["store"] == f"refuses writes: {code}: {EXPLAINED[code]}"
    assert response.json["detail"] == f"Not ready: the store refuses writes: {code}: {EXPLAINED[code]}."


def test_a_store_that_takes_no_writes_beside_a_silent_database_are_both_named() -> None:
    known = KnownExchanges(_silent, SystemClock())
    response = get(app_of(FakeDirectory(state=StoreNotice(True, refused="OOM")), known), "/health/ready")
    assert response.json is not None
    assert response.json["detail"].endswith("maxmemory, and the database does not answer.")


def test_a_database_that_lost_a_column_is_not_ready_and_strangers_are_not_told_which() -> None:
    def unfit() -> None:
        raise DatabaseMismatch("10.9.8.7:5432", "users lacks name", "Bring it to /srv/schema.sql.")

    directory = FakeDirectory()
    made = app(Site(directory, directory, known_of(directory), fit=KnownFit(unfit, SystemClock())))
    response = made.test_client().get("/health/ready", headers={"Host": "localhost"})
    assert response.status_code == 503
    assert response.json is not None
    assert response.json["database"] == "does not fit this version"
    assert response.json["detail"] == "Not ready: the database does not fit this version."
    assert not any(said in response.text for said in ("users", "10.9.8.7", "schema.sql"))


def test_a_database_that_refuses_us_is_told_alike_by_readiness_page_and_requests() -> None:
    refused = DatabaseRefused("10.9.8.7:5432", "its certificate has expired", "Give the server a new one.")

    def ask() -> tuple[Exchange, ...]:
        raise refused

    known = KnownExchanges(ask, SystemClock())
    response = get(app_of(FakeDirectory(), known), "/health/ready")
    problem = problems.of(refused)
    (banner,) = notices(view([live()]), refused)
    assert response.json is not None
    assert problem is not None
    assert response.json["database"] == "does not let Perseus in: perseus doctor says what mends it"
    assert problem.detail == "The database does not let Perseus in. perseus doctor says what mends it."
    assert banner.title == "The database does not let Perseus in"
    assert problems.of_database(refused) == problem
    assert not any("10.9.8.7" in said for said in (response.text, problem.detail, banner.text))
