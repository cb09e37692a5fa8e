"""What one card shows, by condition and by what the instance says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from perseus.clock import iso
from perseus.network.states import State
from perseus.network.view.directory import Condition, ExchangeStatus
from perseus.network.view.reading import RAN_OUT
from perseus.settings import Settings
from perseus.web import moments
from perseus.web.card import cards
from perseus.web.card.beats import Limits
from perseus.web.card.cards import Card
from tests.web.views import BINANCE, COINBASE, HOUR, KRAKEN, MINUTE, NOW, event, gone, live


def of(status: ExchangeStatus) -> Card:
    return cards.card(cards.outlook(status, NOW))


def facts(card: Card) -> dict[str, str | None]:
    return {fact.label: fact.value for fact in card.facts}


def more(card: Card) -> dict[str, str | None]:
    return {fact.label: fact.value for fact in card.more}


def test_an_active_card_shows_who_serves_and_since_when() -> None:
    card = of(live())
    assert (card.badge.word, card.badge.detail) == ("Active", None)
    assert card.since is not None
    assert card.since.words(NOW) == "4 h 23 min"
    assert card.connected is not None
    assert card.connected.words(NOW) == "4 h 23 min"
    assert facts(card) == {
        "Host": "ingest-1.ams.example.net",
        "IP": "203.0.113.7",
        "Admin": "Ada Byron",
        "Symbols": "412",
        "Version": "0.1.0",
        "Clock": "12 ms ahead",
        "Messages": "1,234,567",
        "Feed": "synthetic",
    }
    assert card.advice is None


def test_the_details_hold_token_and_timing() -> None:
    told = more(of(live()))
    assert told["Fencing token"] == "1795253782123456"
    assert told["Heartbeat every"] == "15 s, lease of 45 s"
    assert told["Registered"] == "2026-11-21 09:38:22"


@pytest.mark.parametrize(
    ("age_ms", "grade", "is_late"),
    [
        (0, "green", False),
        (9_999, "green", False),
        (10_000, "yellow", False),
        (22_500, "yellow", False),
        (22_501, "yellow", True),
        (29_999, "yellow", True),
        (30_000, "red", True),
    ],
)
def test_a_heartbeat_has_the_colour_of_its_age_and_is_late_after_one_and_a_half(
    age_ms: int, grade: str, is_late: bool
) -> None:
    beat = of(live(beat_ms=age_ms)).beat
    assert beat is not None
    assert (beat.grade, beat.late) == (grade, is_late)


def test_the_moment_of_a_heartbeat_does_not_waver_between_polls() -> None:
    status = live(beat_ms=3_000)
    wavering = (replace(status, heartbeat_age_ms=3_000 + jitter) for jitter in (-2, 0, 2))
    assert len({card.beat.at.ms for card in map(of, wavering) if card.beat}) == 1


def test_a_heartbeat_is_judged_by_the_store_when_the_holder_is_wrong_about_the_time() -> None:
    card = of(live(beat_ms=3_000, last_heartbeat=iso(NOW - 365 * 24 * HOUR)))
    assert card.beat is not None
    assert card.beat.at.words(NOW) == "3 s ago"


@pytest.mark.parametrize(("silence_ms", "is_silent"), [(30_000, False), (30_001, True)])
def test_an_active_card_warns_of_a_silent_feed(silence_ms: int, is_silent: bool) -> None:
    assert of(live(last_message_at=iso(NOW - silence_ms))).silent is is_silent


def test_a_late_heartbeat_says_nothing_of_the_feed() -> None:
    assert not of(live(beat_ms=34_000, last_message_at=iso(NOW - 35_000))).silent


def test_only_an_active_card_warns_of_a_silent_feed() -> None:
    assert not of(live(state=State.WARMING, last_message_at=iso(NOW - HOUR))).silent


def test_a_feed_that_never_said_when_it_heard_is_not_called_silent() -> None:
    card = of(live(last_message_at=None))
    assert card.message is None
    assert not card.silent


def test_what_is_unknown_is_none_and_not_zero() -> None:
    card = of(live(ip_address=None, admin_display_name=None, admin_email=None, clock_skew_ms=None))
    assert facts(card)["IP"] is None
    assert facts(card)["Admin"] is None
    assert facts(card)["Clock"] is None


def test_an_admin_without_a_name_is_shown_by_mail_address() -> None:
    assert facts(of(live(admin_display_name=None)))["Admin"] == "ada@example.net"


def test_fields_of_a_plugin_are_shown_in_words_and_the_rest_in_the_details() -> None:
    fields = {f"extraField{number}": number for number in range(8)}
    card = of(live(fields=fields))
    assert facts(card)["Extra field0"] == "0"
    assert "Extra field7" not in facts(card)
    assert more(card)["Extra field7"] == "7"


def test_a_trouble_of_the_engine_stands_first_while_it_lasts_and_not_at_all_after() -> None:
    silent = "since 12:00:00 UTC, streams live"
    fact = of(live(fields={"feed": "Binance", "restSilent": silent, "emptyAnswers": None})).facts[6]
    assert (fact.label, fact.value, fact.warns) == ("REST silent", silent, True)
    labels = [fact.label for fact in of(live(fields={"feed": "Binance", "restSilent": None})).facts]
    assert labels[6:] == ["Feed"]


def test_fields_stand_in_the_same_order_on_every_card_with_the_feed_first() -> None:
    for fields in ({"lag": 1, "feed": "synthetic", "Gaps": 0}, {"Gaps": 0, "lag": 1, "feed": "synthetic"}):
        assert [fact.label for fact in of(live(fields=fields)).facts][6:] == ["Feed", "Gaps", "Lag"]


def test_the_last_error_is_cut_and_dated() -> None:
    error = of(live(last_error="x" * 10_000_000, last_error_at=iso(NOW - 7 * MINUTE))).error
    assert error is not None
    assert len(error.text) < 2_100
    assert error.at is not None
    assert error.at.words(NOW) == "7 min ago"


def test_a_lost_instance_is_offline_with_its_last_known_facts() -> None:
    card = of(gone(Condition.OFFLINE, reason="no heartbeat until its lease ended"))
    assert (card.badge.word, card.badge.detail) == ("Offline", "lost")
    assert card.reason == "No heartbeat came before its lease ended."
    assert (card.beat, card.last_beat and card.last_beat.words(NOW)) == (None, "4 min ago")
    assert card.ran == "4 h 19 min"
    assert card.last_state is not None
    assert card.last_state.word == "Active"
    assert facts(card)["Host"] == "ingest-1.ams.example.net"


def test_nobody_says_of_an_unknown_instance_how_long_it_ran() -> None:
    assert of(gone(Condition.UNKNOWN)).ran is None


def test_an_instance_that_stopped_in_order_is_told_from_a_lost_one() -> None:
    card = of(gone(Condition.STOPPED, reason="SIGTERM"))
    assert (card.badge.word, card.badge.detail) == ("Offline", "stopped")
    assert card.reason == "Stopped in order: SIGTERM."


@pytest.mark.parametrize(
    ("reason", "said"),
    [("failed: feed broke", "Failed: feed broke."), ("start failed: no symbols.", "Start failed: no symbols.")],
)
def test_an_instance_that_failed_is_not_said_to_have_stopped_in_order(reason: str, said: str) -> None:
    card = of(gone(Condition.STOPPED, KRAKEN, reason))
    assert (card.badge.word, card.badge.token, card.reason) == ("Failed", "failed", said)
    assert card.advice is not None
    assert card.advice.lines == ("perseus ingest kraken",)


def test_an_offline_card_without_a_payload_falls_back_on_the_newest_event() -> None:
    status = replace(
        gone(Condition.OFFLINE, known=False), last_event=event(hostname="old-host", ip="", adminEmail="a@b")
    )
    card = of(status)
    assert facts(card) == {"Host": "old-host", "IP": None, "Admin": "a@b"}
    assert card.known


@pytest.mark.parametrize(
    ("condition", "said", "line"),
    [
        (Condition.NEVER_SEEN, "Start the first instance:", "perseus ingest kraken"),
        (Condition.OFFLINE, "See what happened on its host, then start it again:", "perseus ingest kraken"),
        (Condition.STOPPED, "Start it again:", "perseus ingest kraken"),
        (Condition.UNKNOWN, "Wait: this does not mean that it is down. An instance may still be at work.", None),
        (
            Condition.CORRUPT,
            "Look at its keys in the data store, and delete what no Perseus process wrote:",
            "exchange:4:status",
        ),
    ],
)
def test_every_card_that_serves_nobody_says_what_to_do(condition: Condition, said: str, line: str | None) -> None:
    advice = of(gone(condition, KRAKEN, known=False)).advice
    assert advice is not None
    assert advice.text == said
    assert (advice.lines[0] if advice.lines else None) == line


def test_problems_come_first_and_the_order_does_not_depend_on_ages() -> None:
    statuses = [
        live(COINBASE),
        live(BINANCE, beat_ms=40_000, last_message_at=iso(NOW - HOUR)),
        gone(Condition.NEVER_SEEN, replace(KRAKEN, id=9, name="mexc", display_name="AAA"), known=False),
        gone(Condition.STOPPED, replace(KRAKEN, id=8, name="okx", display_name="OKX")),
        gone(Condition.OFFLINE, replace(KRAKEN, id=7, name="gemini", display_name="Gemini")),
        gone(Condition.STOPPED, replace(KRAKEN, id=5, name="htx", display_name="HTX"), "failed: feed broke"),
        gone(Condition.UNKNOWN, replace(KRAKEN, id=6, name="bybit", display_name="Bybit")),
        gone(Condition.CORRUPT, KRAKEN),
    ]
    expected = ["kraken", "htx", "gemini", "bybit", "binance", "coinbase", "okx", "mexc"]
    for some, now in ((statuses, NOW), (reversed(statuses), NOW + HOUR)):
        made = [cards.card(cards.outlook(status, now)) for status in some]
        assert [card.exchange.name for card in sorted(made, key=cards.place)] == expected


@pytest.mark.parametrize("condition", list(Condition))
def test_every_condition_makes_a_card(condition: Condition) -> None:
    card = of(gone(condition))
    assert card.badge.word


def test_a_lost_exchange_that_nobody_may_claim_yet_says_until_when() -> None:
    lost = gone(Condition.OFFLINE, reason=RAN_OUT)
    assert lost.since_ms is not None
    limits = Limits(settle_ms=30_000)
    waits = cards.card(cards.outlook(lost, lost.since_ms + 29_999, limits=limits)).advice
    free = cards.card(cards.outlook(lost, lost.since_ms + 30_000, limits=limits)).advice
    until = (moments.utc(lost.since_ms + 30_000) or "")[11:]
    assert waits is not None
    assert waits.text.startswith(f"No claim is granted before {until} UTC")
    assert free is not None
    assert free.text == "See what happened on its host, then start it again:"


def test_the_settle_time_is_that_of_the_settings() -> None:
    assert Limits.of(Settings(settle_seconds=30)).settle_ms == 30_000
