"""Liveness asks nobody; readiness names what does not answer."""

from __future__ import annotations

from perseus.clock import SystemClock
from perseus.db import DatabaseUnavailable
from perseus.db.known import KnownExchanges
from perseus.network.exchange import Exchange
from tests.web.reading import get
from tests.web.views import FakeDirectory, app_of


def _silent() -> tuple[Exchange, ...]:
    raise DatabaseUnavailable("10.9.8.7:5432", "refused")


def test_a_living_process_is_healthy_whatever_its_store_does() -> None:
    response = get(app_of(FakeDirectory(is_up=False)), "/health")
    assert (response.status_code, response.json) == (200, {"status": "ok"})


def test_a_process_whose_parts_answer_is_ready() -> None:
    response = get(app_of(FakeDirectory()), "/health/ready")
    assert (response.status_code, response.json) == (200, {"status": "ready", "store": "ok", "database": "ok"})


def test_a_silent_store_is_named() -> None:
    response = get(app_of(FakeDirectory(is_up=False)), "/health/ready")
    assert (response.status_code, response.content_type) == (503, "application/problem+json")
    assert response.json is not None
    assert (response.json["store"], response.json["database"]) == ("does not answer", "ok")
    assert response.json["detail"] == "Not ready: the store does not answer."


def test_a_silent_database_is_named_without_its_address() -> None:
    known = KnownExchanges(_silent, SystemClock())
    response = get(app_of(FakeDirectory(is_up=False), known), "/health/ready")
    assert response.status_code == 503
    assert response.json is not None
    assert response.json["detail"] == "Not ready: the store and the database do not answer."
    assert "10.9.8.7" not in response.text
