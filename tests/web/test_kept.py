"""What is kept from one poll to the next: never another page than one made anew."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from perseus.clock import iso
from perseus.network.view.directory import Condition, ExchangeStatus
from perseus.web.card.additions import NONE
from perseus.web.card.kept import Kept
from tests.web.views import BINANCE, COINBASE, HOUR, NOW, FakeDirectory, app_of, event, gone, live

ENVIRONMENT = app_of(FakeDirectory()).jinja_env
ALIVE = live(COINBASE)


def aged(status: ExchangeStatus, ms: int) -> ExchangeStatus:
    """The same lease, read `ms` later."""
    assert status.heartbeat_age_ms is not None
    return replace(status, heartbeat_age_ms=status.heartbeat_age_ms + ms)


def shown(kept: Kept, *statuses: ExchangeStatus, now_ms: int) -> list[str]:
    return [drawn.html.at(now_ms) for drawn in kept.cards(statuses, now_ms)]


def test_an_unchanged_card_is_not_drawn_again_and_still_tells_the_time() -> None:
    kept = Kept(ENVIRONMENT, lambda *_: NONE)
    first, later = kept.cards([ALIVE], NOW)[0], kept.cards([aged(ALIVE, 2_000)], NOW + 2_000)[0]
    assert later is first
    assert ">3 s ago<" in first.html.at(NOW)
    assert ">5 s ago<" in later.html.at(NOW + 2_000)


def test_a_heartbeat_that_grows_late_is_drawn_again() -> None:
    kept = Kept(ENVIRONMENT, lambda *_: NONE)
    assert "on time" in shown(kept, ALIVE, now_ms=NOW)[0]
    assert "late</span>" in shown(kept, aged(ALIVE, 25_000), now_ms=NOW + 25_000)[0]


STATUSES = st.sampled_from(
    [
        ALIVE,
        live(COINBASE, symbol_count=7),
        live(COINBASE, last_message_at=iso(NOW - HOUR)),
        live(COINBASE, beat_ms=20_000),
        *(
            gone(condition)
            for condition in (Condition.OFFLINE, Condition.STOPPED, Condition.UNKNOWN, Condition.CORRUPT)
        ),
        gone(Condition.NEVER_SEEN, known=False),
        replace(gone(Condition.OFFLINE, known=False), last_event=event(COINBASE, NOW)),
        live(BINANCE),
        gone(Condition.UNKNOWN, BINANCE),
    ]
)


@given(st.lists(st.tuples(STATUSES, st.integers(0, 3 * HOUR)), max_size=8))
def test_whatever_was_shown_before_a_card_is_the_one_made_anew(polls: list[tuple[ExchangeStatus, int]]) -> None:
    kept = Kept(ENVIRONMENT, lambda *_: NONE)
    for status, later in polls:
        seen = aged(status, later) if status.live else status
        anew = Kept(ENVIRONMENT, lambda *_: NONE)
        assert shown(kept, seen, now_ms=NOW + later) == shown(anew, seen, now_ms=NOW + later)
