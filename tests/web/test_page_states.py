"""A page with nothing to show says why, and the one next step."""

from __future__ import annotations

import pytest

from perseus.clock import SystemClock
from perseus.db import DatabaseUnavailable
from perseus.db.known import KnownExchanges
from perseus.db.switch import SwitchedOff
from perseus.network.exchange import Exchange
from perseus.network.view.directory import Condition, ExchangeStatus, StoreNotice
from tests.web.reading import get, words
from tests.web.views import BINANCE, COINBASE, KRAKEN, FakeDirectory, app_of, gone, live, view

NEVER = [gone(Condition.NEVER_SEEN, one, known=False) for one in (COINBASE, BINANCE)]


def said(directory: FakeDirectory, known: KnownExchanges | None = None) -> str:
    return words(get(app_of(directory, known), "/network").text.split("<main")[1])


def test_without_exchanges_the_next_step_is_to_seed_them_whatever_else_is_said() -> None:
    assert "No exchanges yet" in said(FakeDirectory(view(store=StoreNotice(True, kept=False))))
    assert "perseus init" in said(FakeDirectory(view()))


def test_exchanges_that_are_all_switched_off_are_not_to_be_seeded() -> None:
    known = KnownExchanges(lambda: (), SystemClock(), lambda: SwitchedOff(6, "sqlite3 perseus.db"))
    known()
    page = said(FakeDirectory(view()), known)
    assert "6 exchanges, all switched off" in page
    assert "sqlite3 perseus.db" in page
    assert "perseus init" not in page


def test_while_the_database_is_silent_nobody_says_that_there_are_none() -> None:
    def silent() -> tuple[Exchange, ...]:
        raise DatabaseUnavailable("db:5432", "refused")

    known = KnownExchanges(silent, SystemClock())
    known()
    page = said(FakeDirectory(view()), known)
    assert "Which exchanges there are is unknown. Check that it runs" in page
    assert "No exchanges yet" not in page


def test_a_first_visit_is_told_how_to_start_the_first_process() -> None:
    page = said(FakeDirectory(view(NEVER)))
    assert "No ingest process has connected yet. Start the first one, and watch its card: perseus ingest coin" in page


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([gone(Condition.STOPPED, KRAKEN), *NEVER], True),
        ([gone(Condition.OFFLINE, KRAKEN), *NEVER], True),
        ([gone(Condition.OFFLINE, KRAKEN), live(COINBASE)], False),
        ([gone(Condition.OFFLINE, KRAKEN), gone(Condition.UNKNOWN, COINBASE)], False),
        ([gone(Condition.CORRUPT, COINBASE)], False),
    ],
)
def test_that_nobody_is_connected_is_said_only_where_it_is_sure(statuses: list[ExchangeStatus], expected: bool) -> None:
    assert ("No exchange is connected. No ingest process serves any" in said(FakeDirectory(view(statuses)))) is expected


def test_a_silent_store_never_lets_a_page_say_that_nobody_is_connected() -> None:
    page = said(FakeDirectory(view([gone(Condition.OFFLINE)], store=StoreNotice(False))))
    assert "The data store does not answer." in page
    assert "No exchange is connected" not in page
