"""What is looked for: each part holds by itself, and all together."""

from __future__ import annotations

import pytest

from perseus.network.exchange import Exchange
from perseus.network.log.activity import Event
from perseus.network.log.search import FAILURES, Kind, Search, words
from perseus.web.card import failures

KRAKEN = Exchange(4, "kraken", "Kraken Pro")


def event(**fields: str) -> Event:
    return Event(KRAKEN, "1000-0", {"event": "state_transition", "toState": "active", **fields})


@pytest.mark.parametrize(
    ("fields", "kinds"),
    [
        ({}, {Kind.TRANSITION}),
        ({"toState": "offline", "reason": "lease_expired"}, {Kind.TRANSITION, Kind.OFFLINE}),
        ({"downtimeMs": "252000"}, {Kind.TRANSITION, Kind.ONLINE}),
        ({"toState": "stopping", "reason": "failed: feed broke"}, {Kind.TRANSITION, Kind.FAILED}),
        ({"toState": "stopping", "reason": "start failed: no symbol"}, {Kind.TRANSITION, Kind.FAILED}),
        ({"event": "error", "error": "1006", "toState": "offline"}, {Kind.ERROR}),
        ({"event": "candle_gap"}, {Kind.OTHER}),
        ({"event": ""}, {Kind.OTHER}),
    ],
)
def test_an_event_is_of_these_kinds_and_no_others(fields: dict[str, str], kinds: set[Kind]) -> None:
    assert {kind for kind in Kind if Search(kind=kind).matches(event(**fields))} == kinds


def test_an_entry_without_any_field_is_something_else() -> None:
    assert Search(kind=Kind.OTHER).matches(Event(KRAKEN, "1-1", {}))


@pytest.mark.parametrize(
    "text", ["1006", "ABNORMAL closure", "closure 1006", "kraken", "kraken pro", "Straße", "STRASSE"]
)
def test_words_are_found_in_any_field_in_any_order_and_case(text: str) -> None:
    assert Search(words=words(text)).matches(event(error="1006 abnormal closure", hostname="strasse-1"))


@pytest.mark.parametrize("text", ["1007", "1006 normalised", "coinbase"])
def test_every_word_has_to_be_there(text: str) -> None:
    assert not Search(words=words(text)).matches(event(error="1006 abnormal closure"))


def test_a_word_does_not_run_from_one_field_into_the_next() -> None:
    assert not Search(words=("activefailed",)).matches(event(reason="failed"))


def test_a_time_begins_with_its_first_millisecond_and_ends_before_its_last() -> None:
    found = [ms for ms in range(998, 1003) if Search(from_ms=ms).matches(event())]
    assert found == [998, 999, 1000]
    found = [ms for ms in range(998, 1003) if Search(to_ms=ms).matches(event())]
    assert found == [1001, 1002]


def test_only_the_exchange_that_was_asked_for_is_found() -> None:
    assert Search(exchange="kraken").matches(event())
    assert not Search(exchange="kra").matches(event())


def test_a_failure_is_told_by_the_same_words_as_on_the_page() -> None:
    assert tuple(failures.OPENINGS) == FAILURES
