"""The exchanges that the database names, cached and kept through its outages."""

from __future__ import annotations

import logging

import pytest

from perseus.db import DatabaseUnavailable
from perseus.db.known import KEPT_SECONDS, KnownExchanges
from perseus.network.exchange import Exchange
from tests.conftest import ManualClock
from tests.web.views import BINANCE, COINBASE


class Database:
    """Answers what it is told to, and counts."""

    def __init__(self) -> None:
        self.holds: tuple[Exchange, ...] = (COINBASE,)
        self.is_up = True
        self.asked = 0

    def exchanges(self) -> tuple[Exchange, ...]:
        self.asked += 1
        if not self.is_up:
            raise DatabaseUnavailable("db:5432", "refused")
        return self.holds


def test_the_database_is_asked_once_in_five_seconds(clock: ManualClock) -> None:
    database = Database()
    known = KnownExchanges(database.exchanges, clock)
    known()
    clock.advance(KEPT_SECONDS - 0.1)
    assert (known(), database.asked) == ((COINBASE,), 1)


def test_a_new_exchange_is_known_after_five_seconds(clock: ManualClock) -> None:
    database = Database()
    known = KnownExchanges(database.exchanges, clock)
    known()
    database.holds = (COINBASE, BINANCE)
    clock.advance(KEPT_SECONDS)
    assert known() == (COINBASE, BINANCE)


def test_a_database_that_is_down_does_not_empty_the_page(clock: ManualClock, caplog: pytest.LogCaptureFixture) -> None:
    database = Database()
    known = KnownExchanges(database.exchanges, clock)
    known()
    database.is_up = False
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            clock.advance(KEPT_SECONDS)
            assert known() == (COINBASE,)
    assert isinstance(known.trouble, DatabaseUnavailable)
    assert len(caplog.records) == 1, "an outage is logged once, not with every poll"


def test_a_database_that_comes_back_ends_the_trouble(clock: ManualClock, caplog: pytest.LogCaptureFixture) -> None:
    """As loudly as it began: who reads warnings alone must not believe that it lasts."""
    database = Database()
    database.is_up = False
    known = KnownExchanges(database.exchanges, clock)
    assert known() == ()
    database.is_up = True
    clock.advance(KEPT_SECONDS)
    assert (known(), known.trouble) == ((COINBASE,), None)
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert caplog.records[-1].getMessage() == "The list of exchanges can be read again."
