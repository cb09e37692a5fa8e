"""Equal errors of an exchange in one row; nothing that happened between is hidden."""

from __future__ import annotations

from perseus.network.exchange import Exchange
from perseus.network.log.activity import Event
from perseus.web.feed import rows as feed
from perseus.web.feed.row import Row
from tests.web.reading import get, rows
from tests.web.views import BINANCE, COINBASE, HOUR, MINUTE, NOW, FakeDirectory, app_of, event, live, view


def error(minutes: int, text: str = "1006", exchange: Exchange = COINBASE, **fields: str) -> Event:
    return event(exchange, NOW - minutes * MINUTE, 0, event="error", error=text, **fields)


def shown(*events: Event) -> list[Row]:
    return [row for day in feed.feed(events, None, NOW).days for row in day.rows]


def test_equal_errors_that_follow_on_each_other_are_one_row() -> None:
    (row,) = shown(error(1, count="12"), error(2), error(3, count="30"))
    assert row.count == 43
    assert row.name == error(1, count="12").name
    assert [one.name for one in row.repeats] == [error(2).name, error(3).name]
    assert row.since is not None
    assert row.since.clock == "14:00:22"


def test_another_event_of_the_exchange_parts_them() -> None:
    assert [row.count for row in shown(error(1), event(COINBASE, NOW - 90_000), error(2), error(3))] == [1, 1, 2]


def test_events_of_others_do_not() -> None:
    found = shown(error(1), error(2, exchange=BINANCE), error(3), error(4, exchange=BINANCE))
    assert [(row.exchange, row.count) for row in found] == [("Coinbase", 2), ("Binance", 2)]


def test_another_text_or_another_state_is_another_error() -> None:
    assert len(shown(error(1), error(2, "1007"), error(3, "1007", state="active"))) == 3


def test_equal_transitions_stay_apart() -> None:
    assert len(shown(event(COINBASE, NOW), event(COINBASE, NOW - 1))) == 2


def test_days_are_not_mixed() -> None:
    assert [row.count for row in shown(error(1), event(COINBASE, NOW - 15 * HOUR, event="error", error="1006"))] == [
        1,
        1,
    ]


def test_two_exchanges_of_one_display_name_are_two() -> None:
    assert len(shown(error(1), error(2, exchange=Exchange(9, "coinbase_2", "Coinbase")))) == 2


def test_the_page_says_how_often_since_when_and_leads_to_each() -> None:
    page = get(app_of(FakeDirectory(view([live()], [error(1), error(2), error(3)]))), "/network").text
    (row,) = rows(page)
    assert "Error \u00d7 3 since 14:00:22" in row
    assert "3 entries say the same" in row
    assert page.count('href="/network/events/coinbase%3A') == 3
