"""The outbox: events in order, each once, over a store that comes and goes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from itertools import pairwise

import pytest

from perseus.clock import SystemClock
from perseus.errors import StoreCorrupt, StoreRefused, StoreUnavailable
from perseus.network.log.activity import ActivityLog, Entry, Fenced
from perseus.network.log.outbox import WAITING_MAX, Outbox

AWAY = StoreUnavailable("here", "away")
DENIED = StoreRefused("here", "NOPERM this user has no permissions to run the 'xadd' command")
FENCED = Fenced("kraken", "7", "8")


class Log(ActivityLog):
    """An activity log that answers as told: an error to raise, or None to take the entry."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Exception]] = {}
        self.tried: list[tuple[str, bool, float]] = []
        self.taken: list[str] = []
        self.gate = threading.Event()
        self.gate.set()

    def append(self, entry: Entry, *, is_death: bool = False) -> str:
        assert self.gate.wait(10)
        self.tried.append((entry.event_id, is_death, time.monotonic()))
        for answer in self.answers.get(entry.event_id, []):
            self.answers[entry.event_id].remove(answer)
            raise answer
        self.taken.append(entry.event_id)
        return f"{len(self.taken)}-0"


class Carried:
    """An outbox over such a log, and whom it told of a fence."""

    def __init__(self, tick: Callable[[float], tuple[list[Entry], float | None]]) -> None:
        self.log = Log()
        self.fenced: list[Fenced] = []
        self.outbox = Outbox(self.log, 0.05, SystemClock(), tick, self.fenced.append)

    def send(self, *event_ids: str) -> list[Future[str]]:
        return [self.outbox.send(entry(event_id)) for event_id in event_ids]


def entry(event_id: str) -> Entry:
    return Entry("error", event_id, "7", {})


@pytest.fixture
def carried() -> Iterator[Carried]:
    carried = Carried(lambda _: ([], None))
    carried.outbox.start()
    yield carried
    carried.log.gate.set()
    carried.outbox.stop(5)
    assert not [thread for thread in threading.enumerate() if thread.name == "activity"]


def test_events_are_carried_in_the_order_of_sending_and_each_gives_its_stream_id(carried: Carried) -> None:
    futures = carried.send(*"abcde")
    assert [future.result(5) for future in futures] == ["1-0", "2-0", "3-0", "4-0", "5-0"]
    assert carried.log.taken == list("abcde")


def test_sending_does_not_wait_for_the_store(carried: Carried) -> None:
    carried.log.gate.clear()
    began = time.monotonic()
    futures = carried.send(*"abc")
    assert time.monotonic() - began < 0.1
    assert not any(future.done() for future in futures)


@pytest.mark.parametrize("error", [AWAY, DENIED])
def test_while_the_store_is_away_or_denies_a_right_events_wait_in_order_and_none_is_lost_or_doubled(
    carried: Carried, error: Exception
) -> None:
    carried.log.answers["a"] = [error, error, error]
    assert [future.result(5) for future in carried.send(*"abc")] == ["1-0", "2-0", "3-0"]
    assert [event_id for event_id, *_ in carried.log.tried] == list("aaaabc")
    assert not carried.outbox.is_stuck


def test_a_store_that_is_away_is_asked_again_after_the_wait_and_not_in_a_loop(carried: Carried) -> None:
    carried.log.answers["a"] = [AWAY, AWAY]
    carried.send("a")[0].result(5)
    times = [moment for *_, moment in carried.log.tried]
    assert all(later - earlier >= 0.05 for earlier, later in pairwise(times))


def test_events_that_come_in_meanwhile_do_not_shorten_the_wait(carried: Carried) -> None:
    carried.log.answers["a"] = [AWAY]
    futures = carried.send("a")
    for event_id in "bcdef":
        futures += carried.send(event_id)
    for future in futures:
        future.result(5)
    assert [event_id for event_id, *_ in carried.log.tried].count("a") == 2
    assert carried.log.taken == list("abcdef")


def test_it_says_that_it_is_stuck_while_the_store_takes_nothing(carried: Carried) -> None:
    carried.log.answers["a"] = [AWAY] * 1_000
    carried.send("a")
    give_up = time.monotonic() + 5
    while not carried.outbox.is_stuck:
        assert time.monotonic() < give_up
        time.sleep(0.005)
    carried.log.answers.clear()


def test_a_fenced_event_is_told_to_its_sender_and_to_the_instance(carried: Carried) -> None:
    carried.log.answers["a"] = [FENCED]
    futures = carried.send("a", "b")
    with pytest.raises(Fenced):
        futures[0].result(5)
    assert futures[1].result(5) == "1-0"
    assert carried.fenced == [FENCED]


def test_a_fenced_death_is_no_end_of_our_own_lease(carried: Carried) -> None:
    carried.log.answers["a"] = [FENCED]
    with pytest.raises(Fenced):
        carried.outbox.send(entry("a"), is_death=True).result(5)
    assert carried.fenced == []
    assert carried.log.tried[0][:2] == ("a", True)


def test_an_event_that_can_never_be_written_does_not_hold_up_the_next(
    carried: Carried, caplog: pytest.LogCaptureFixture
) -> None:
    carried.log.answers["a"] = [StoreCorrupt("here", "logs:network:kraken")]
    futures = carried.send("a", "b")
    with pytest.raises(StoreCorrupt):
        futures[0].result(5)
    assert futures[1].result(5) == "1-0"
    assert "An event could not be written" in caplog.text


def test_not_even_an_error_of_our_own_leaves_a_sender_waiting_for_ever(
    carried: Carried, caplog: pytest.LogCaptureFixture
) -> None:
    failure = RuntimeError("a mistake of ours")
    carried.log.answers["a"] = [failure]
    futures = carried.send("a", "b")
    with pytest.raises(RuntimeError):
        futures[0].result(5)
    assert futures[1].result(5) == "1-0"
    assert "An event could not be written" in caplog.text


def test_beyond_a_thousand_that_wait_an_event_is_lost_and_said_so(
    carried: Carried, caplog: pytest.LogCaptureFixture
) -> None:
    carried.log.gate.clear()
    futures = carried.send(*(str(number) for number in range(WAITING_MAX + 1)))
    with pytest.raises(StoreUnavailable, match="too many events"):
        futures[-1].result(0)
    assert "one error event is lost" in caplog.text
    carried.log.gate.set()
    assert futures[-2].result(10) == f"{WAITING_MAX}-0"


def test_before_it_ends_it_carries_what_waits(carried: Carried, caplog: pytest.LogCaptureFixture) -> None:
    carried.log.gate.clear()
    futures = carried.send(*"abc")
    threading.Timer(0.1, carried.log.gate.set).start()
    carried.outbox.stop(5)
    assert [future.result(0) for future in futures] == ["1-0", "2-0", "3-0"]
    assert "could not be written" not in caplog.text


def test_while_it_has_nothing_to_do_it_sleeps() -> None:
    asked: list[float] = []

    def tick(now: float) -> tuple[list[Entry], float | None]:
        asked.append(now)
        return [], None

    carried = Carried(tick)
    carried.outbox.start()
    time_to_wake_often = 0.2
    time.sleep(time_to_wake_often)
    carried.outbox.stop(5)
    assert len(asked) <= 4


def test_with_the_store_away_it_ends_after_one_more_try_and_says_what_was_lost(
    carried: Carried, caplog: pytest.LogCaptureFixture
) -> None:
    carried.log.answers["a"] = [AWAY] * 1_000
    carried.send(*"abc")
    began = time.monotonic()
    carried.outbox.stop(5)
    assert time.monotonic() - began < 1
    assert "3 events could not be written" in caplog.text


def test_a_store_that_hangs_holds_up_the_end_no_longer_than_the_given_time(carried: Carried) -> None:
    carried.log.gate.clear()
    carried.send("a")
    began = time.monotonic()
    carried.outbox.stop(0.2)
    assert 0.1 < time.monotonic() - began < 1


def test_ending_one_that_never_began_does_nothing() -> None:
    Carried(lambda _: ([], None)).outbox.stop(1)


def test_what_becomes_due_by_time_is_carried_when_it_is() -> None:
    due_at = SystemClock().elapsed() + 0.1
    told: list[float] = []

    def tick(now: float) -> tuple[list[Entry], float | None]:
        if now < due_at or told:
            return [], None if told else due_at
        told.append(now)
        return [entry("due")], None

    carried = Carried(tick)
    carried.outbox.start()
    give_up = time.monotonic() + 5
    while not carried.log.taken:
        assert time.monotonic() < give_up
        time.sleep(0.005)
    carried.outbox.stop(5)
    assert carried.log.taken == ["due"]
    assert told[0] >= due_at
