"""What a poll tells those who cannot see: changes of state, each exchange once, and never junk."""

from __future__ import annotations

import json

from perseus.network.exchange import Exchange
from perseus.network.log.activity import Event
from perseus.web.network.announcements import HEADER, NAME, WORDED, changes, sentence
from tests.web.reading import HTMX, get
from tests.web.views import BINANCE, COINBASE, KRAKEN, MINUTE, NOW, FakeDirectory, app_of, changed, event, live, view


def test_a_change_is_one_sentence_with_both_states_and_the_time() -> None:
    lost = changed(event(KRAKEN, NOW - 2_000), fromState="active", toState="offline")
    (one,) = changes([lost], NOW)
    assert sentence(one) == "Kraken: active to offline, 14:03:20 UTC."
    assert one.name == f"kraken:{NOW - 2_000}-0"


def test_of_several_changes_of_one_exchange_the_newest_is_told() -> None:
    newer, older = event(COINBASE, NOW - 1_000), changed(event(COINBASE, NOW - 2_000), toState="warming")
    assert [one.name for one in changes([newer, event(BINANCE, NOW - 1_500), older], NOW)] == [
        f"coinbase:{NOW - 1_000}-0",
        f"binance:{NOW - 1_500}-0",
    ]


def test_errors_and_what_is_long_past_are_not_told() -> None:
    error = event(COINBASE, NOW - 1_000, event="error", error="trouble")
    assert changes([error, event(BINANCE, NOW - 5 * MINUTE)], NOW) == ()


def test_a_poll_carries_changes_oldest_first_and_the_page_none() -> None:
    app = app_of(FakeDirectory(view([live()], [event(COINBASE, NOW - 1_000), event(BINANCE, NOW - 2_000)])))
    told = json.loads(get(app, "/network/live", **HTMX).headers[HEADER])[NAME]
    assert [one["of"] for one in told] == ["binance", "coinbase"]
    assert HEADER not in get(app, "/network").headers


def test_a_network_in_which_nothing_changed_says_nothing() -> None:
    app = app_of(FakeDirectory(view([live()], [event(COINBASE, NOW - 10 * MINUTE)])))
    assert HEADER not in get(app, "/network/live", **HTMX).headers


def test_a_mass_loss_is_told_without_words_so_that_the_header_stays_small() -> None:
    many = [Exchange(n, f"exchange-{n}", "x" * 100) for n in range(1, WORDED + 2)]
    app = app_of(FakeDirectory(view([live()], [event(one, NOW - 1_000) for one in many])))
    told = json.loads(get(app, "/network/live", **HTMX).headers[HEADER])[NAME]
    assert [one["text"] for one in told] == [""] * len(many)


def test_no_name_or_state_from_outside_breaks_the_header() -> None:
    odd = Exchange(9, "odd", 'Ödd\r\nSet-Cookie: "x"\u2028')
    junk = Event(odd, f"{NOW - 1_000}-0", {"event": "state_transition", "toState": "\r\nx" * 50})
    app = app_of(FakeDirectory(view([live()], [junk])))
    response = get(app, "/network/live", **HTMX)
    (one,) = json.loads(response.headers[HEADER])[NAME]
    assert response.headers[HEADER].isascii()
    assert "\n" not in one["text"]
    assert "Ödd" in one["text"]
