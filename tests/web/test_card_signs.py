"""The signs beside a badge, the looks of a card, and the limits that grade a heartbeat."""

from __future__ import annotations

from dataclasses import replace

import pytest

from perseus.clock import iso
from perseus.errors import SettingError
from perseus.network.states import State
from perseus.network.view.directory import Condition, ExchangeStatus
from perseus.settings import Settings, check_timing
from perseus.web.card import cards, evidence
from perseus.web.card import signs as named_signs
from perseus.web.card.additions import NONE
from perseus.web.card.beats import LIMITS, Limits
from perseus.web.card.kept import Kept
from perseus.web.card.signs import Sign
from tests.web.reading import words
from tests.web.views import COINBASE, MINUTE, NOW, FakeDirectory, app_of, gone, live

ENVIRONMENT = app_of(FakeDirectory()).jinja_env


def signs(status: ExchangeStatus, limits: Limits = LIMITS) -> list[str]:
    return [sign.text for sign in cards.card(cards.outlook(status, NOW, limits=limits)).signs]


def drawn(status: ExchangeStatus, look: str) -> str:
    kept = Kept(ENVIRONMENT, lambda *_: NONE)
    return kept.cards([status], NOW, look)[0].html.at(NOW)


def test_a_healthy_card_bears_no_sign() -> None:
    assert signs(live()) == []


def held(until_ms: int) -> ExchangeStatus:
    why = "the data store failed over or restarted, and an old holder may still be at work"
    return live(state=State.IDLE, held_off={"until": iso(until_ms), "reason": why})


def test_a_card_that_waits_says_why_and_until_when() -> None:
    status = held(NOW + MINUTE)
    made = cards.card(cards.outlook(status, NOW))
    assert made.reason == (
        f"Not started yet, until {iso(NOW + MINUTE)[11:19]} UTC: the data store failed over or restarted, and an old "
        "holder may still be at work. It starts by itself."
    )
    assert signs(status) == ["held off"]
    for look in ("card", "dense", "wall"):
        assert "Not started yet" in words(drawn(status, look))


def test_a_card_whose_wait_is_over_or_whose_instance_is_gone_says_nothing_of_it() -> None:
    assert cards.card(cards.outlook(held(NOW), NOW)).reason is None
    assert signs(held(NOW)) == []
    left = replace(held(NOW + MINUTE), live=False, condition=Condition.OFFLINE, reason="killed")
    assert cards.card(cards.outlook(left, NOW)).reason == "Killed."


@pytest.mark.parametrize(("age_ms", "shown"), [(22_500, []), (22_501, ["heartbeat late"])])
def test_a_late_heartbeat_is_told_beside_the_badge(age_ms: int, shown: list[str]) -> None:
    assert signs(live(beat_ms=age_ms)) == shown


def test_a_silent_feed_is_told_beside_the_badge() -> None:
    assert signs(live(last_message_at=iso(NOW - MINUTE))) == ["feed silent"]


@pytest.mark.parametrize(
    ("skew_ms", "said", "shown"),
    [
        (0, "in step", []),
        (12, "12 ms ahead", []),
        (-999, "999 ms behind", []),
        (-1_000, "1.0 s behind", ["clock off"]),
        (4_200, "4.2 s ahead", ["clock off"]),
        (600_000, "10 min 0 s ahead", ["clock off"]),
    ],
)
def test_a_clock_that_is_off_is_told_with_how_far_and_to_which_side(skew_ms: int, said: str, shown: list[str]) -> None:
    status = live(clock_skew_ms=skew_ms)
    facts = cards.card(cards.outlook(status, NOW)).facts
    assert [(fact.value, fact.warns) for fact in facts if fact.label == "Clock"] == [(said, bool(shown))]
    assert signs(status) == shown


@pytest.mark.parametrize(
    ("asked", "acknowledged", "said", "shown"),
    [
        (1, 0, "0 of 1 have the lease: a failover now may lose it", ["durability degraded"]),
        (2, 1, "1 of 2 have the lease: a failover now may lose it", ["durability degraded"]),
        (1, None, "not known whether any has the lease: a failover now may lose it", ["durability degraded"]),
        (1, 1, "1 have the lease, 1 asked for", []),
        (1, 2, "2 have the lease, 1 asked for", []),
    ],
)
def test_a_lease_that_too_few_replicas_have_is_told_beside_the_badge_and_in_words(
    asked: int, acknowledged: int | None, said: str, shown: list[str]
) -> None:
    status = live(durability={"asked": asked, "acknowledged": acknowledged})
    card = cards.card(cards.outlook(status, NOW))
    seen, hidden = (
        [(fact.value, fact.warns) for fact in part if fact.label == "Replicas"] for part in (card.facts, card.more)
    )
    assert (seen, hidden) == (([(said, True)], []) if shown else ([], [(said, False)]))
    assert signs(status) == shown
    assert [fact for fact in cards.card(cards.outlook(live(), NOW)).more if fact.label == "Replicas"] == []


def test_an_instance_that_is_gone_bears_no_sign() -> None:
    status = gone(Condition.OFFLINE)
    assert status.status is not None
    assert signs(replace(status, status=status.status.model_copy(update={"clock_skew_ms": 60_000}))) == []


def test_the_limits_of_age_are_settings() -> None:
    limits = Limits.of(Settings(heartbeat_green_seconds=1.5, heartbeat_yellow_seconds=2, feed_silent_seconds=0.5))
    assert limits == Limits(1_500, 2_000, 500)
    assert [limits.grade(age) for age in (1_499, 1_500, 1_999, 2_000)] == ["green", "yellow", "yellow", "red"]
    assert signs(live(last_message_at=iso(NOW - 600)), limits) == ["feed silent"]


def test_a_limit_of_yellow_below_that_of_green_is_refused() -> None:
    with pytest.raises(SettingError, match="PERSEUS_HEARTBEAT_GREEN_SECONDS"):
        check_timing(Settings(heartbeat_green_seconds=30, heartbeat_yellow_seconds=30))


@pytest.mark.parametrize("look", ["card", "dense", "wall"])
@pytest.mark.parametrize("status", [live(beat_ms=26_000), gone(Condition.OFFLINE, COINBASE, "it died")])
def test_every_look_says_name_state_and_what_is_wrong(look: str, status: ExchangeStatus) -> None:
    said = words(drawn(status, look))
    expected = ("Active", "heartbeat late", "26 s ago late") if status.live else ("Offline · lost", "It died.")
    for part in ("Coinbase", *expected):
        assert part in said


def test_the_name_leads_to_the_page_of_its_exchange() -> None:
    for look in ("card", "dense", "wall"):
        assert '<a href="/network/coinbase">Coinbase</a>' in drawn(live(), look)


def test_a_dense_card_is_a_fraction_of_a_whole_one() -> None:
    assert len(drawn(live(), "dense")) * 2 < len(drawn(live(), "card"))


def test_each_sign_has_a_reason_of_its_own() -> None:
    """A sign that is added without one is a KeyError here."""
    status = live()
    seen = cards.outlook(status, NOW)
    every = tuple(sign for sign in vars(named_signs).values() if isinstance(sign, Sign))
    card = replace(cards.card(seen), signs=every)
    told = {reason.what: reason.why for reason in evidence.reasons(seen, card, LIMITS)}
    assert {sign.text for sign in every} <= set(told)
    assert len({told[sign.text] for sign in every}) == len(every) == 7
    assert "heartbeat is older" in told["heartbeat late"]
    assert "replicas" in told["durability degraded"]
    assert "old holder may still be at work" in told["held off"]
