"""`/network/<exchange>`: its facts, its past, its events, and why the page says what it says."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from perseus.clock import SystemClock
from perseus.db import DatabaseUnavailable
from perseus.db.known import KnownExchanges
from perseus.network.exchange import Exchange
from perseus.network.log.spans import Change, History
from perseus.network.states import State
from perseus.network.view.directory import Condition, StoreNotice
from perseus.web.app import app
from perseus.web.site import Site
from tests.web.reading import HTMX, get, words
from tests.web.signedin import access_of, signing_in
from tests.web.views import (
    BINANCE,
    COINBASE,
    HOUR,
    MINUTE,
    NOW,
    FakeDirectory,
    app_of,
    event,
    gone,
    known_of,
    live,
    view,
)


class Told:
    """A chronicle that knows what a test says."""

    def __init__(self, *changes: Change) -> None:
        self._changes = changes

    def of(self, exchange: Exchange) -> History:
        return History(exchange, self._changes)


def app_with(directory: FakeDirectory, *changes: Change) -> Flask:
    told: Any = Told(*changes)
    return signing_in(app(Site(directory, directory, known_of(directory), access=access_of(), chronicle=told)))


def test_it_shows_the_card_its_past_and_its_own_events() -> None:
    directory = FakeDirectory(view([live(COINBASE), live(BINANCE)], [event(COINBASE), event(BINANCE)]))
    changes = Change(NOW - 26 * HOUR, "offline"), Change(NOW - 12 * HOUR, "active")
    shown = get(app_with(directory, *changes), "/network/coinbase")
    assert shown.status_code == 200
    said = words(shown.text)
    assert "<title>Active · Coinbase</title>" in shown.text
    assert "card-1" in shown.text
    assert "card-2" not in shown.text
    assert "Last 24 h Uptime 49." in said
    assert "Last 30 d Uptime" in said
    assert "no data for 28 d" in said
    assert "event-coinbase-" in shown.text
    assert "event-binance-" not in shown.text


def test_its_past_reaches_to_the_minute_so_that_a_young_network_has_one() -> None:
    directory = FakeDirectory(view([live()]))
    shown = get(app_with(directory, Change(NOW - NOW % MINUTE - 2 * MINUTE, "active")), "/network/coinbase")
    assert "Last 24 h Uptime 100 %, no data for 23 h" in words(shown.text)
    assert "Active for 2 min 0 s" in shown.text
    assert shown.text.count("States of the last 24 h</title>") == 1, "the card beside it must not say other figures"


def test_before_its_log_was_read_it_says_so() -> None:
    assert "Its log is being read." in words(get(app_of(FakeDirectory(view([live()]))), "/network/coinbase").text)


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (live(), "Its lease is there, and ends by itself unless it is renewed. The payload in it says active."),
        (live(state=State.WARMING), "The payload in it says warming."),
        (gone(Condition.OFFLINE), "its last record was never closed: nobody released it, it ran out."),
        (gone(Condition.STOPPED, reason="SIGTERM"), "its last record is closed"),
        (gone(Condition.UNKNOWN, reason="its lease vanished before its time"), "There is no evidence either way"),
        (gone(Condition.CORRUPT, reason="its status key holds no payload"), "what no Perseus process writes"),
        (gone(Condition.NEVER_SEEN, known=False), "There is no lease, no last record and no event of it."),
        (live(beat_ms=26_000), "heartbeat late Its newest heartbeat is older than 22.5 s, 1.5 times its interval."),
        (live(clock_skew_ms=4_200), "differs from the data store's by 1.0 s or more"),
    ],
)
def test_it_says_why_the_badge_and_each_sign_are_there(status: object, why: str) -> None:
    shown = get(app_of(FakeDirectory(view([status]))), "/network/coinbase")  # type: ignore[list-item]
    assert why in words(shown.text)


def test_it_names_the_commands_to_check_by_hand() -> None:
    said = words(get(app_of(FakeDirectory(view([live()]))), "/network/coinbase").text)
    for command in (
        "perseus status coinbase",
        "perseus redis-cli GET exchange:1:status",
        "PTTL exchange:1:status",
        "HGETALL '{exchange:1:status}:last'",
        "XREVRANGE logs:network:coinbase + - COUNT 5",
    ):
        assert command in said


def test_an_exchange_that_there_is_not_is_named_with_one_that_is_like_it() -> None:
    shown = get(app_of(FakeDirectory(view([live()]))), "/network/coinbse")
    assert shown.status_code == 404
    assert "'coinbse' is not a known exchange. Did you mean coinbase?" in words(shown.text)


def test_while_the_database_never_answered_no_name_is_called_unknown() -> None:
    def silent() -> tuple[Exchange, ...]:
        raise DatabaseUnavailable("postgresql://db.example.net/perseus", "it is away")

    shown = get(app_of(FakeDirectory(view()), KnownExchanges(silent, SystemClock())), "/network/coinbase")
    assert shown.status_code == 503
    assert "The database does not answer" in words(shown.text)
    assert "db.example.net" not in shown.text


def test_an_odd_name_is_shown_as_one() -> None:
    odd = Exchange(7, "odd", "<b>\ue000x1\ue000\u202e" + "y" * 300)
    shown = get(app_of(FakeDirectory(view([live(odd)]))), "/network/odd")
    assert shown.status_code == 200
    assert "<title>Active · &lt;b&gt;\ufffdx1\ufffd\ufffdyyy" in shown.text
    assert not set("\ue000\u202e") & set(shown.text)


def test_while_the_store_is_silent_it_is_unknown_with_its_last_facts() -> None:
    silent = gone(Condition.UNKNOWN, reason="the data store does not answer")
    shown = get(app_of(FakeDirectory(view([silent], store=StoreNotice(False, "it is away")))), "/network/coinbase")
    assert shown.status_code == 200
    assert "The data store does not answer" in words(shown.text)
    assert "<title>Unknown · Coinbase</title>" in shown.text


def test_the_poll_gets_the_part_with_the_stores_time() -> None:
    part = get(app_of(FakeDirectory(view([live()]))), "/network/coinbase", **HTMX)
    assert part.headers["Perseus-Now"] == str(NOW)
    assert "<html" not in part.text
    assert "Why it says so" in part.text
