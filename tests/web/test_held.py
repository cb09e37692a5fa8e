"""A browser is sent a card once: of what it holds, the next poll brings the shell."""

from __future__ import annotations

import re

from perseus.web.network.held import HEADER, NONE, Held
from tests.web.reading import HTMX, card, get
from tests.web.views import KRAKEN, NOW, FakeDirectory, app_of, live, view

TWO = view([live(), live(KRAKEN)])


def test_an_answer_is_named_after_its_cards_whatever_their_order() -> None:
    held = Held()
    assert held.name(["a", "b"]) == Held().name(["b", "a"])
    assert held.name(["a"]) != held.name(["a", "b"])
    assert held.of(held.name(["a", "b"])) == {"a", "b"}


def test_a_name_that_is_not_known_holds_nothing() -> None:
    for name in (None, "", "nonsense", "\x00" * 100):
        assert Held().of(name) == NONE


def test_the_oldest_names_are_forgotten_first() -> None:
    held = Held(names_kept=2)
    names = [held.name([mark]) for mark in ("a", "b", "a", "c")]
    assert [bool(held.of(name)) for name in names] == [True, False, True, True]


def test_a_poll_brings_only_the_shell_of_what_the_browser_holds() -> None:
    directory = FakeDirectory(TWO)
    app = app_of(directory)
    first = get(app, "/network/live", **HTMX)
    still = live(beat_ms=5_000, last_heartbeat="2026-11-21T14:03:19.000Z")
    directory.shown = view([still, live(KRAKEN, symbol_count=7)], now=NOW + 2_000)
    second = get(app, "/network/live", **HTMX, **{HEADER: first.headers[HEADER]})
    assert re.fullmatch(r'<article class="card" id="card-1"[^>]*></article>', card(second.text, 1))
    assert "Kraken" in card(second.text, 4)
    assert 'data-drawn="' in card(second.text, 1)
    assert second.headers[HEADER] != first.headers[HEADER]


def test_whoever_holds_nothing_or_an_unknown_answer_gets_every_card_whole() -> None:
    app = app_of(FakeDirectory(TWO))
    name = get(app, "/network/live", **HTMX).headers[HEADER]
    get(app, "/network/live", **HTMX, **{HEADER: name})
    for said in ({}, {HEADER: "x" * 18}, {HEADER: ""}):
        page = get(app, "/network/live", **HTMX, **said).text
        assert "Coinbase" in card(page, 1)
        assert "Kraken" in card(page, 4)


def test_a_page_is_whole_whatever_a_browser_says_it_holds() -> None:
    app = app_of(FakeDirectory(TWO))
    name = get(app, "/network/live", **HTMX).headers[HEADER]
    assert "Coinbase" in card(get(app, "/network", **{HEADER: name}).text, 1)


def test_a_card_drawn_otherwise_is_another_card() -> None:
    app = app_of(FakeDirectory(TWO))
    name = get(app, "/network/live", **HTMX).headers[HEADER]
    assert "Coinbase" in card(get(app, "/network/live?view=dense", **HTMX, **{HEADER: name}).text, 1)
