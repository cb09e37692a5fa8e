"""What the address of the Network page asks for: cards by condition and words, how they look, and what is refused."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from perseus.clock import iso
from perseus.network.exchange import Exchange
from perseus.network.states import State
from perseus.network.view.directory import Condition
from perseus.web.card import badges
from perseus.web.card.filter import STATES
from perseus.web.network.query import DENSE_FROM
from tests.web.reading import HTMX, card_order, get, rows, words
from tests.web.views import BINANCE, BINANCE_US, COINBASE, KRAKEN, NOW, FakeDirectory, app_of, event, gone, live, view

LOST = gone(Condition.OFFLINE, KRAKEN, "no heartbeat until its lease ended")
SILENT = live(BINANCE_US, last_message_at=iso(NOW - 120_000))
SITE = FakeDirectory(view([live(COINBASE), live(BINANCE, hostname="far-away"), SILENT, LOST], [event(), event(KRAKEN)]))


def shown(query: str = "", directory: FakeDirectory = SITE) -> str:
    response = get(app_of(directory), f"/network?{query}")
    assert response.status_code == 200, words(response.text)
    return response.text


def polled(query: str) -> str:
    return get(app_of(SITE), f"/network/live?{query}", **HTMX).text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [KRAKEN.id, BINANCE.id, BINANCE_US.id, COINBASE.id]),
        ("state=&q=+", [KRAKEN.id, BINANCE.id, BINANCE_US.id, COINBASE.id]),
        ("state=active", [BINANCE.id, BINANCE_US.id, COINBASE.id]),
        ("state=lost", [KRAKEN.id]),
        ("state=offline", [KRAKEN.id]),
        ("state=problems", [KRAKEN.id]),
        ("state=silent", [BINANCE_US.id]),
        ("q=BIN", [BINANCE.id, BINANCE_US.id]),
        ("q=us+binance", [BINANCE_US.id]),
        ("q=far-away", [BINANCE.id]),
        ("q=203.0.113.7", [KRAKEN.id, BINANCE.id, BINANCE_US.id, COINBASE.id]),
        ("q=byron&state=lost", [KRAKEN.id]),
    ],
)
def test_only_the_cards_that_are_asked_for_are_shown_worst_first(query: str, expected: list[int]) -> None:
    assert card_order(shown(query)) == expected
    assert card_order(polled(query)) == expected


@pytest.mark.parametrize("badge", badges.RANKED, ids=lambda badge: badge.token)
def test_every_badge_that_can_be_counted_can_be_asked_for(badge: badges.Badge) -> None:
    assert badge.token in STATES


def test_a_card_of_which_only_the_log_is_left_is_found_by_what_that_says() -> None:
    bare = replace(gone(Condition.OFFLINE, KRAKEN, known=False), last_event=event(KRAKEN))
    assert card_order(shown("q=ingest-1.ams", FakeDirectory(view([bare, live(COINBASE, hostname="other")])))) == [4]


def test_a_filter_says_what_it_shows_and_the_summary_and_title_still_count_all() -> None:
    page = shown("state=active&q=bin")
    assert "2 of 4 exchanges shown: Active with “bin”. Show all" in words(page)
    assert "4 exchanges 1 Offline · lost 3 Active 1 feed silent" in words(page)
    assert "<title>1 down · Network</title>" in page


def test_a_tally_leads_to_its_cards_and_the_one_that_is_shown_back_to_all() -> None:
    assert '<a class="summary-link" href="/network?state=lost&amp;view=dense">' in shown("view=dense")
    assert '<a class="summary-link" href="/network?view=dense" aria-current="true"' in shown("view=dense&state=lost")
    assert 'href="/network?state=silent"' in shown()


def test_the_poll_carries_what_the_page_was_asked_for() -> None:
    assert 'hx-get="/network/live"' in shown()
    assert 'hx-get="/network/live?state=lost&amp;q=a&amp;view=dense&amp;kind=error"' in shown(
        "kind=error&view=dense&q=a&state=lost&exchange="
    )
    assert '<a id="refresh" class="button" href="/network?state=lost">' in shown("state=lost")


def test_each_form_carries_along_what_the_other_asks_for() -> None:
    page = shown("state=lost&q=kra&view=dense&kind=transition")
    cards, time, feed = re.findall(r"<form .*?</form>", page.split("<main")[1].split("</main")[0], re.S)
    hidden = r'<input type="hidden" name="([^"]+)"'
    assert re.findall(hidden, cards) == ["view", "kind"]
    assert re.findall(hidden, time) == ["state", "q", "view", "kind"]
    assert re.findall(hidden, feed) == ["state", "q", "view"]
    assert 'value="kra"' in cards
    assert '<option value="lost" selected>' in cards


def test_a_filter_of_cards_leaves_the_feed_alone_and_the_feeds_the_cards() -> None:
    assert len(rows(shown("state=active"))) == 2
    assert card_order(shown("kind=error")) == card_order(shown())


def test_a_filter_that_nothing_matches_says_so_and_leads_back() -> None:
    page = shown("state=warming&q=x&view=dense")
    assert card_order(page) == []
    assert "No exchange matches None of the 4 exchanges is shown: Warming with “x”. Show all" in words(page)
    assert '<a class="button" href="/network?view=dense">Show all</a>' in page


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("state=broken", "state: must be one of problems, offline, silent, corrupt, failed, lost"),
        ("view=wide", "view: must be one of cards, dense."),
        ("wall=yes", "wall: must be one of 1."),
        ("live=maybe", "live: must be one of off, on."),
        ("at=yesterday", "at: must be a time in UTC such as 2026-11-21T14:03"),
        ("at=2026-W47-6", "at: must be a time in UTC such as 2026-11-21T14:03"),
        (
            "sate=lost",
            "sate: no such parameter. Known: state, q, view, wall, live, at, exchange, kind, from, to, find.",
        ),
        ("state=lost&state=active", "state: is given more than once."),
        ("q=" + "x" * 201, "q: may have at most 200 characters."),
        ("q=a%00", "q: must not have control characters."),
        ("find=%EE%80%80junk1%EE%80%80", "find: must not have control characters."),
    ],
)
@pytest.mark.parametrize("path", ["/network", "/network/live"])
def test_what_is_not_understood_is_refused_by_name_and_never_ignored(path: str, query: str, said: str) -> None:
    for response in (get(app_of(SITE), f"{path}?{query}"), get(app_of(SITE), f"{path}?{query}", **HTMX)):
        assert response.status_code == 400
        assert said in words(response.text)


def test_hostile_words_are_escaped_wherever_the_page_repeats_them() -> None:
    page = shown("q=%3Cscript%3Ealert(1)%3C/script%3E%22%27")
    assert "<script>alert" not in page
    assert "\"'" not in page.split("<main")[1]


@pytest.mark.parametrize(
    ("query", "look"), [("", ""), ("view=cards", ""), ("view=dense", " dense"), ("wall=1", " wall")]
)
def test_the_cards_look_as_the_address_says(query: str, look: str) -> None:
    for page in (shown(query), polled(query)):
        assert f'<div class="cards{look}" id="cards">' in page
        assert len(card_order(page)) == 4


def test_a_wall_has_no_feed_and_no_forms_and_a_way_out_that_keeps_the_filter() -> None:
    page = shown("wall=1&state=active&view=dense")
    assert rows(page) == []
    assert "<form" not in page.split("<main")[1].split("</main")[0]
    assert "feed.js" not in page
    assert '<a href="/network?state=active&amp;view=dense">Leave the wall</a>' in page


@pytest.mark.parametrize(("count", "query", "look"), [
    (DENSE_FROM - 1, "", "cards"),
    (DENSE_FROM, "", "cards dense"),
    (DENSE_FROM, "view=cards", "cards"),
    (DENSE_FROM, "q=x17", "cards"),
])  # fmt: skip
def test_so_many_cards_that_nobody_reads_them_are_dense_unless_cards_are_asked_for(
    count: int, query: str, look: str
) -> None:
    many = FakeDirectory(view([live(Exchange(n, f"x{n}", f"X{n}")) for n in range(1, count + 1)]))
    assert f'<div class="{look}" id="cards">' in shown(query, many)


def test_viewers_who_ask_alike_share_what_was_drawn_and_others_do_not_get_it() -> None:
    app = app_of(SITE)
    asked = ("state=lost", "", "q=bin", "state=lost")
    found = [card_order(get(app, f"/network/live?{query}", **HTMX).text) for query in asked]
    assert found == [[4], [4, 2, 3, 1], [2, 3], [4]]


def test_a_page_that_was_asked_to_pause_stays_paused_along_its_forms() -> None:
    assert '<input type="hidden" name="live" value="off">' in shown("live=off")
    assert "warming" in shown("live=off", FakeDirectory(view([live(state=State.WARMING)])))
