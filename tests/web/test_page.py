"""`/network` and `/network/live` in HTML: complete without JavaScript, escaped, and never falsely empty."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from perseus.clock import SystemClock
from perseus.db import DatabaseUnavailable
from perseus.db.known import KnownExchanges
from perseus.network.exchange import Exchange
from perseus.network.view.directory import Condition, StoreNotice
from tests.web.reading import HTMX, card, card_order, card_words, get, rows, words
from tests.web.views import BINANCE, COINBASE, KRAKEN, NOW, FakeDirectory, app_of, changed, event, gone, live, view

HOSTILE = "<script>alert(1)</script>\"'&\x00\u202e"


def page(directory: FakeDirectory, path: str = "/network", **headers: str) -> str:
    response = get(app_of(directory), path, **headers)
    assert response.status_code == 200
    return response.text


def test_the_first_page_is_the_network() -> None:
    response = get(app_of(FakeDirectory()), "/")
    assert (response.status_code, response.headers["Location"]) == (302, "/network")


def test_the_first_load_shows_every_exchange_and_event_without_javascript() -> None:
    events = [event(ms=NOW - number * 1_000) for number in range(50)]
    shown = page(FakeDirectory(view([live(COINBASE), gone(Condition.OFFLINE, KRAKEN)], events)))
    assert card_order(shown) == [KRAKEN.id, COINBASE.id]
    assert len(rows(shown)) == 50


def test_a_healthy_card_says_all_that_a_glance_needs() -> None:
    said = card_words(page(FakeDirectory(view([live()]))), COINBASE.id)
    for words_ in (
        "Coinbase Active coinbase for 4 h 23 min",
        "Heartbeat 3 s ago on time",
        "Last message 1 s ago",
        "Running for 4 h 23 min since 2026-11-21 09:40",
        "Host ingest-1.ams.example.net IP 203.0.113.7",
        "Admin Ada Byron Symbols 412 Version 0.1.0 Clock 12 ms ahead Feed synthetic Messages 1,234,567",
        "Fencing token 1795253782123456",
    ):
        assert words_ in said


def test_a_lost_card_says_so_and_what_was_last_known() -> None:
    lost = gone(Condition.OFFLINE, KRAKEN, "no heartbeat until its lease ended")
    said = card_words(page(FakeDirectory(view([lost]))), KRAKEN.id)
    for words_ in (
        "Offline · lost",
        "No heartbeat came before its lease ended.",
        "perseus ingest kraken",
        "Last known: Active",
        "Last heartbeat 4 min ago",
        "Ran for 4 h 19 min",
    ):
        assert words_ in said
    assert "on time" not in said


def test_unknown_values_are_said_and_not_left_blank() -> None:
    said = card_words(page(FakeDirectory(view([live(ip_address=None)]))), COINBASE.id)
    assert "IP \u2013 unknown" in said


def test_a_badge_has_a_shape_and_a_word_beside_its_colour() -> None:
    shown = card(page(FakeDirectory(view([gone(Condition.OFFLINE)]))), COINBASE.id)
    assert re.search(r'data-state="lost"><svg class="icon"[^>]*><use href="#state-lost"/></svg>Offline', shown)


def test_every_icon_that_is_used_exists() -> None:
    conditions = [gone(condition, replace(KRAKEN, id=number)) for number, condition in enumerate(Condition, 1)]
    conditions.append(gone(Condition.STOPPED, replace(KRAKEN, id=98), "failed: feed broke"))
    shown = page(
        FakeDirectory(view([*conditions, live(replace(COINBASE, id=99))], [event()], store=StoreNotice(False)))
    )
    used = set(re.findall(r'<use href="#([^"]+)"', shown))
    assert used <= set(re.findall(r'<symbol id="([^"]+)"', shown))
    assert len(used) > 10


def test_hostile_text_is_escaped_wherever_it_comes_from() -> None:
    exchange = Exchange(1, "coinbase", HOSTILE)
    fields = {HOSTILE: HOSTILE, "lag": 1}
    status = live(
        exchange,
        hostname=HOSTILE,
        ip_address=HOSTILE,
        admin_display_name=HOSTILE,
        admin_email=HOSTILE,
        last_error=HOSTILE,
        version=HOSTILE,
        instance_id=HOSTILE,
        fields=fields,
    )
    of = replace(event(), exchange=exchange)
    events = [
        changed(
            of, reason=HOSTILE, hostname=HOSTILE, ip=HOSTILE, adminEmail=HOSTILE, fromState=HOSTILE, toState=HOSTILE
        ),
        replace(of, fields={"event": "error", "error": HOSTILE, "state": HOSTILE}),
        replace(of, fields={"event": HOSTILE, HOSTILE: HOSTILE}),
    ]
    shown = page(FakeDirectory(view([status, gone(Condition.CORRUPT, reason=HOSTILE)], events)))
    assert "alert(1)" in shown
    assert "<script>alert" not in shown
    assert "\"'&" not in shown
    assert "\x00" not in shown
    assert "\u202e" not in shown


def test_a_store_that_is_down_leaves_the_last_known_cards_under_a_banner() -> None:
    status = replace(
        live(), condition=Condition.UNKNOWN, live=False, since_ms=None, heartbeat_age_ms=None, reason="no answer"
    )
    store = StoreNotice(False, "Connection refused")
    directory = FakeDirectory(view([status], [event()], store=store, read_at_ms=NOW - 60_000))
    shown = page(directory, "/network/live", **HTMX)
    assert "The data store does not answer." in words(shown)
    assert f'data-read-at="{NOW - 60_000}"' in shown
    assert "Unknown" in card_words(shown, COINBASE.id)
    assert "for 4 h 23 min" not in card_words(shown, COINBASE.id)
    assert len(rows(shown)) == 1


@pytest.mark.parametrize(
    ("notice", "read_at_ms", "said", "unsaid"),
    [
        (StoreNotice(True), NOW, "As of 2026-11-21 14:03:22 UTC", "Updated"),
        (StoreNotice(False), NOW - 60_000, "As of 2026-11-21 14:02:22 UTC", "14:03:22"),
    ],
)
def test_without_javascript_the_header_says_when_the_page_was_read(
    notice: StoreNotice, read_at_ms: int, said: str, unsaid: str
) -> None:
    header = words(page(FakeDirectory(view(store=notice, read_at_ms=read_at_ms))).split("<main")[0])
    assert said in header
    assert unsaid not in header


def test_a_page_whose_store_was_never_read_tells_no_time() -> None:
    header = page(FakeDirectory(view(store=StoreNotice(False), read_at_ms=None))).split("<main")[0]
    assert '<span id="freshness-none">Nothing read yet</span>' in header
    assert '<span id="freshness-read" hidden>' in header
    assert "14:03:22" not in header


def test_a_message_is_dated_as_of_the_heartbeat_that_told_of_it() -> None:
    assert "Last message 1 s ago as of the heartbeat" in card_words(page(FakeDirectory(view([live()]))), COINBASE.id)


def test_a_long_error_says_that_there_is_more_and_holds_it_all() -> None:
    long = "closed " * 60 + "at last"
    shown = page(FakeDirectory(view([live(last_error=long)], [event(event="error", error=long)])))
    for part in (card_words(shown, COINBASE.id), rows(shown)[0]):
        assert "closed… show all" in part
        assert long in part
    short = page(FakeDirectory(view([live(last_error="closed")], [event(event="error", error="closed")])))
    assert "show all" not in words(short)


def test_a_database_that_never_answered_is_not_taken_for_one_without_exchanges() -> None:
    def silent() -> tuple[Exchange, ...]:
        raise DatabaseUnavailable("db:5432", "refused")

    known = KnownExchanges(silent, SystemClock())
    known()
    shown = words(get(app_of(FakeDirectory(), known), "/network").text)
    assert "The database does not answer. Which exchanges there are is unknown." in shown
    assert "No exchanges yet" not in shown


def test_without_exchanges_the_page_says_how_to_seed_them() -> None:
    shown = words(page(FakeDirectory()))
    assert "No exchanges yet" in shown
    assert "perseus init" in shown


def test_the_summary_counts_conditions_and_the_title_carries_the_worst() -> None:
    exchanges = [live(COINBASE), live(BINANCE), gone(Condition.OFFLINE, KRAKEN)]
    shown = page(FakeDirectory(view(exchanges)))
    assert "3 exchanges 1 Offline · lost 2 Active" in words(shown)
    assert "<title>1 down · Network</title>" in shown


def test_a_failure_counts_as_a_problem_in_summary_title_and_feed() -> None:
    death = changed(event(), fromState="active", toState="stopping", reason="failed: feed broke")
    shown = page(FakeDirectory(view([gone(Condition.STOPPED, KRAKEN, "failed: feed broke"), live()], [death])))
    assert "2 exchanges 1 Failed 1 Active" in words(shown)
    assert "<title>1 down · Network</title>" in shown
    assert "Stopped in order" not in words(shown)
    assert "Stopping Failed feed broke" in rows(shown)[0]


def test_the_title_of_a_healthy_network_is_calm() -> None:
    assert "<title>Network</title>" in page(FakeDirectory(view([live()])))


def test_the_network_is_in_the_navigation_as_the_current_page() -> None:
    assert '<a href="/network" aria-current="page">Network</a>' in page(FakeDirectory())


def test_the_poll_gets_the_same_markup_as_the_first_load() -> None:
    directory = FakeDirectory(view([live(), gone(Condition.OFFLINE, KRAKEN)], [event()], "coinbase:1-0"))
    polled = page(directory, "/network/live", **HTMX)
    title, _, part = polled.partition("\n")
    assert title == "<title>1 down · Network</title>"
    assert part.strip() in page(directory)


def test_an_unchanged_network_gives_an_unchanged_answer_but_for_the_ages() -> None:
    events = [event()]
    first = page(FakeDirectory(view([live()], events)), "/network/live", **HTMX)
    later = view([live(now=NOW)], events, now=NOW + 2_000)
    later = replace(later, exchanges=(replace(later.exchanges[0], heartbeat_age_ms=5_000),))
    second = page(FakeDirectory(later), "/network/live", **HTMX)
    assert first != second
    ages = r"(hx-morph-skip-children>)[^<]*"
    assert re.sub(ages, r"\1", first) == re.sub(ages, r"\1", second)


def test_the_time_of_the_store_comes_in_a_header() -> None:
    response = get(app_of(FakeDirectory(view([live()]))), "/network/live", **HTMX)
    assert response.headers["Perseus-Now"] == str(NOW)


def test_a_plain_browser_at_the_polled_address_gets_a_whole_page() -> None:
    assert page(FakeDirectory(view([live()])), "/network/live").startswith("<!doctype html>")


def test_element_ids_are_unique() -> None:
    events = [event(COINBASE, NOW), event(KRAKEN, NOW), event(COINBASE, NOW - 1), event(COINBASE, 1)]
    shown = page(FakeDirectory(view([live(), live(KRAKEN)], events, "coinbase:1-0")))
    ids = re.findall(r'\sid="([^"]+)"', shown)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("path", ["/network", "/network/live", "/network/feed"])
def test_pages_are_never_stored_and_vary_by_htmx(path: str) -> None:
    response = get(app_of(FakeDirectory(view([live()]))), path)
    assert response.headers["Cache-Control"] == "no-store"
    assert "HX-Request" in response.headers["Vary"]


def test_no_page_sets_a_cookie() -> None:
    assert "Set-Cookie" not in get(app_of(FakeDirectory(view([live()]))), "/network").headers
