"""Errors that repeat: the first at once, its repeats as one event a minute, on a clock that moves when told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from perseus.clock import StoreClock
from perseus.network.facts import Facts
from perseus.network.leasing.lease import Timing
from perseus.network.log.activity import ActivityLog
from perseus.network.log.journal import Journal
from perseus.network.states import State
from perseus.store import Client
from tests.conftest import KRAKEN, ManualClock
from tests.instances import IDENTITY, events, eventually

TIMING = Timing(heartbeat=15.0, ttl=45.0, margin=10.0, stop=5.0, retry=2.5)


class Kept:
    """A journal, and what it told of errors."""

    def __init__(self, client: Client, clock: ManualClock) -> None:
        store_clock = StoreClock(clock)
        facts = Facts(KRAKEN, IDENTITY, "instance", 1, TIMING, store_clock)
        facts.granted("7")
        self.told: list[tuple[str, int]] = []
        self.journal = Journal(
            ActivityLog(client, KRAKEN, 1_000),
            facts.status,
            lambda text, count: self.told.append((text, count)),
            lambda error: None,
            TIMING.retry,
            clock,
            store_clock,
        )
        self.journal.start()

    def settle(self) -> None:
        """Have the journal look at its clock and write what is due."""
        self.journal.transition(State.IDLE, State.STARTING, "look", None).result(5)


@pytest.fixture
def kept(client: Client, clock: ManualClock) -> Iterator[Kept]:
    kept = Kept(client, clock)
    yield kept
    kept.journal.stop(5)


def errors(client: Client) -> list[tuple[str, str]]:
    return [(event["error"], event["count"]) for event in events(client) if event["event"] == "error"]


def test_the_first_of_an_error_is_logged_at_once_and_its_repeats_once_a_minute_with_their_count(
    kept: Kept, client: Client, clock: ManualClock
) -> None:
    for _ in range(5):
        kept.journal.error("broken")
    kept.settle()
    assert errors(client) == [("broken", "1")]
    clock.advance(59)
    kept.settle()
    assert len(errors(client)) == 1
    clock.advance(2)
    kept.settle()
    eventually(lambda: errors(client) == [("broken", "1"), ("broken", "4")])
    clock.advance(120)
    kept.settle()
    assert len(errors(client)) == 2, "no repeats, no entry"
    kept.journal.error("broken")
    kept.settle()
    assert errors(client)[-1] == ("broken", "1"), "after a quiet minute it is the first again"
    assert kept.told == [("broken", 1), ("broken", 4), ("broken", 1)]


def test_different_errors_do_not_wait_for_each_other(kept: Kept, client: Client) -> None:
    for number in range(3):
        kept.journal.error(f"error {number}")
    kept.settle()
    assert errors(client) == [(f"error {number}", "1") for number in range(3)]


def test_a_storm_of_errors_that_all_differ_stays_a_few_entries(kept: Kept, client: Client, clock: ManualClock) -> None:
    for number in range(1_000):
        kept.journal.error(f"error {number}")
    kept.settle()
    assert len(errors(client)) == 21
    clock.advance(61)
    kept.settle()
    eventually(lambda: len(errors(client)) == 22)
    assert errors(client)[-1][1] == "979"


def test_an_error_carries_the_state_it_happened_in(kept: Kept, client: Client) -> None:
    kept.journal.error("broken")
    kept.settle()
    event = events(client)[0]
    assert (event["state"], event["error"], event["count"]) == ("idle", "broken", "1")
    assert event["adminEmail"] == "ann@example.org"


def test_events_are_written_in_the_order_they_happened(kept: Kept, client: Client) -> None:
    for number in range(50):
        kept.journal.transition(State.IDLE, State.STARTING, str(number), None)
    kept.settle()
    assert [event["reason"] for event in events(client)] == [*map(str, range(50)), "look"]
    assert [event["seq"] for event in events(client)] == [str(number) for number in range(1, 52)]


def test_an_event_that_fails_in_a_way_nobody_expected_holds_up_no_other(
    kept: Kept, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits for it is told; a start would wait for ever otherwise."""
    with monkeypatch.context() as broken:
        broken.setattr(ActivityLog, "append", lambda *_, **__: 1 / 0)
        written = kept.journal.transition(State.IDLE, State.STARTING, "one", None)
        with pytest.raises(ZeroDivisionError):
            written.result(5)
    kept.settle()
    assert [event["reason"] for event in events(client)] == ["look"]
