"""What the log of an exchange adds to its card: uptimes, and whether it seems stuck."""

from __future__ import annotations

from dataclasses import replace

import pytest

from perseus.network.exchange import Exchange
from perseus.network.log.chronicle import Chronicle
from perseus.network.log.spans import Change, History
from perseus.network.states import State
from perseus.network.view.directory import Condition, ExchangeStatus
from perseus.web.app import app
from perseus.web.card import cards
from perseus.web.card.cards import Card
from perseus.web.card.record import NONE, STEP_MS, Record, Records
from perseus.web.site import Site
from tests.web.reading import card_words, get
from tests.web.signedin import access_of, signing_in
from tests.web.views import COINBASE, HOUR, KRAKEN, MINUTE, NOW, FakeDirectory, gone, known_of, live, view

DAY = 24 * HOUR
STEP = NOW - NOW % STEP_MS
#: Six runs: two minutes of warming, then a day of work, each.
RUNS = History(
    COINBASE,
    tuple(
        change
        for days in range(6, 0, -1)
        for change in (
            Change(STEP - days * DAY, "starting"),
            Change(STEP - days * DAY + MINUTE, "warming"),
            Change(STEP - days * DAY + 3 * MINUTE, "active"),
        )
    ),
)


def record(status: ExchangeStatus, history: History | None = RUNS, now_ms: int = NOW) -> Record:
    return Records(lambda _: history).of(status, now_ms)


def warming(ms: int) -> ExchangeStatus:
    return replace(live(state=State.WARMING), since_ms=NOW - ms)


def card(status: ExchangeStatus) -> Card:
    return cards.card(cards.outlook(status, NOW, record(status)))


def test_a_card_says_the_uptime_of_a_day_a_week_and_a_month_and_of_how_much_nothing_is_known() -> None:
    shares = record(live()).shares
    assert [(one.window, one.percent, one.no_data) for one in shares] == [
        ("24 h", "99.79 %", None),
        ("7 d", "99.79 %", "1 d"),
        ("30 d", "99.79 %", "24 d"),
    ]


def test_nothing_is_said_before_the_log_was_read() -> None:
    assert record(warming(HOUR), None) == NONE


@pytest.mark.parametrize(("ms", "is_stuck"), [(4 * MINUTE, False), (4 * MINUTE + 1, True)])
def test_a_state_that_lasts_longer_than_it_does_here_seems_stuck(ms: int, is_stuck: bool) -> None:
    made = card(warming(ms))
    assert [sign.text for sign in made.signs] == (["possibly stuck"] if is_stuck else [])
    said = "Warming mostly took 2 min 0 s here and hardly ever over 2 min 0 s, the last 6 times."
    assert made.stuck == (said if is_stuck else None)


def test_an_exchange_that_ran_too_seldom_is_not_judged() -> None:
    assert record(warming(DAY), History(COINBASE, RUNS.changes[:12])).stuck is None


@pytest.mark.parametrize("status", [live(), gone(Condition.OFFLINE, COINBASE), gone(Condition.UNKNOWN, COINBASE)])
def test_neither_who_is_active_nor_who_is_gone_seems_stuck(status: ExchangeStatus) -> None:
    assert record(replace(status, since_ms=NOW - 30 * DAY)).stuck is None


def test_a_record_stays_the_same_between_polls_and_changes_with_its_history_or_after_five_minutes() -> None:
    shown = RUNS
    records = Records(lambda _: shown)
    first = records.of(live(), STEP)
    assert records.of(live(), STEP + STEP_MS - 1).shares is first.shares
    assert records.of(live(), STEP + STEP_MS).shares is not first.shares
    shown = History(COINBASE, (*RUNS.changes, Change(STEP - HOUR, "offline")))
    assert records.of(live(), STEP + STEP_MS).shares[0].percent == "95.48 %"


def test_each_exchange_has_a_record_of_its_own() -> None:
    records = Records(lambda exchange: RUNS if exchange == COINBASE else None)
    assert records.of(live(COINBASE), NOW).shares
    assert records.of(live(KRAKEN), NOW) == NONE


def test_the_page_shows_what_its_chronicle_knows() -> None:
    class Known(Chronicle):
        def __init__(self) -> None: ...

        def of(self, exchange: Exchange) -> History | None:
            return RUNS if exchange == COINBASE else None

    directory = FakeDirectory(view([live(COINBASE), live(KRAKEN)]))
    made = app(Site(directory, directory, known_of(directory), access=access_of(), chronicle=Known()))
    shown = get(signing_in(made), "/network").text
    assert "Uptime 24 h 99.79 % Uptime 7 d 99.79 % no data for 1 d" in card_words(shown, COINBASE.id)
    assert "States of the last 24 h" in card_words(shown, COINBASE.id)
    assert "Uptime" not in card_words(shown, KRAKEN.id)


@pytest.mark.parametrize("path", ["/api/network/instances", f"/api/network/exchanges/{COINBASE.id}"])
def test_programs_get_the_figures_of_what_seems_stuck(path: str) -> None:
    class Known(Chronicle):
        def __init__(self) -> None: ...

        def of(self, exchange: Exchange) -> History | None:
            return RUNS if exchange == COINBASE else None

    directory = FakeDirectory(view([warming(5 * MINUTE), replace(warming(5 * MINUTE), exchange=KRAKEN)]))
    made = app(Site(directory, directory, known_of(directory), access=access_of(), chronicle=Known()))
    told = get(signing_in(made), path).json
    figures = {"runs": 6, "medianMs": 2 * MINUTE, "mostMs": 2 * MINUTE, "limitMs": 4 * MINUTE}
    found = [one["possiblyStuck"] for one in told.get("instances", [told])]
    assert found == [figures, None][: len(found)]
