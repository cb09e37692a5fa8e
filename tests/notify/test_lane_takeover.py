"""Several dispatchers, processes that die, a store that goes away: nothing lost, one sender, every repeat marked."""

from __future__ import annotations

import pytest

from perseus import keys
from perseus.errors import StoreUnavailable
from perseus.notify.lanes.commit import Commit
from perseus.notify.lanes.holding import Holding, NotHeld
from perseus.notify.lanes.lane import Lane
from perseus.notify.lanes.sending import STAGGER_MS, arrivals
from perseus.notify.notifier import Limit
from perseus.notify.outcomes import Retry
from perseus.store import Client
from tests.conftest import ManualClock
from tests.notify.rig import BINANCE, COINBASE, EXCHANGES, NAME, Rig, Sender

INFLIGHT, LEASE = keys.destination(NAME, "inflight"), keys.destination(NAME, "lease")


class Died(BaseException):
    """Stands for kill -9: nothing after it runs."""


@pytest.fixture
def rig(client: Client, clock: ManualClock) -> Rig:
    return Rig(client, clock)


def dies_before_writing(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message goes out, and the process ends before anything of it is written."""
    write = Holding.write

    def dies(holding: Holding, commit: Commit) -> None:
        if "attempt" in commit.arguments:
            raise Died
        write(holding, commit)

    with monkeypatch.context() as patch:
        patch.setattr(Holding, "write", dies)
        with pytest.raises(Died):
            rig.step()


def test_a_message_that_was_on_its_way_is_sent_again_marked_as_a_possible_repeat(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.write(COINBASE, "active")
    rig.write(BINANCE, "active")
    dies_before_writing(rig, monkeypatch)
    rig.another("two")
    rig.step()
    assert rig.sender.titles == ["Coinbase is active", "Coinbase is active", "Binance is active"]
    assert rig.sender.repeats == [False, True, False]
    ids = [message[0].id for message in rig.sender.sent]
    assert ids[0] == ids[1]
    assert rig.client.hgetall(INFLIGHT) == {}


def test_what_was_delivered_and_written_down_is_not_sent_again(rig: Rig) -> None:
    rig.write(COINBASE, "active")
    rig.step()
    rig.another("two")
    rig.write(COINBASE, "stopping")
    rig.step()
    assert rig.sender.titles == ["Coinbase is active", "Coinbase is stopping"]
    assert rig.sender.repeats == [False, False]


def test_a_failure_in_doubt_is_remembered_over_the_end_of_its_process(rig: Rig) -> None:
    rig.sender.answers = [Retry("broken off")]
    rig.write(COINBASE, "active")
    rig.step()
    rig.another("two")
    rig.wait(10)
    assert rig.sender.repeats == [True]
    assert [entry["attempt"] for entry in rig.history("attempt")] == ["1", "2"]


def test_a_message_that_ends_its_process_three_times_parks_the_destination(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.write(COINBASE, "active")
    for worker in ("two", "three", "four"):
        dies_before_writing(rig, monkeypatch)
        rig.another(worker)
        if worker == "three":
            rig.step()
            assert len(rig.sender.sent) == 2, "others that were sent to at the same time get through first"
            rig.clock.advance(STAGGER_MS / 1000)
    rig.step()
    assert len(rig.sender.sent) == 3
    assert rig.state["breaker"] == "parked"
    assert "ended 3 times" in rig.state["breakerReason"]
    assert rig.order("resume") is not None
    assert len(rig.sender.sent) == 4
    assert rig.sender.repeats[-1] is True
    assert rig.state["breaker"] == "closed"


def test_two_ends_in_flight_of_different_messages_park_nothing(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    for state in ("starting", "warming", "active", "stopping"):
        rig.write(COINBASE, state)
        dies_before_writing(rig, monkeypatch)
        rig.another(f"after-{state}")
        rig.step()
    assert rig.state["breaker"] == "closed"
    assert len(rig.sender.sent) == 8


def test_a_next_holder_counts_requests_from_when_they_may_have_arrived_not_from_when_they_were_begun(
    client: Client, clock: ManualClock
) -> None:
    """A service counts arrivals, and what the last holder heard of its limits may have died with it."""
    rig = Rig(client, clock, limits=(Limit(3, 10.0),))
    now = rig.clock.wall
    begun = [now - 9_900, now - 8_000, now - 7_500]
    rig.client.rpush(keys.destination(NAME, "sent"), *reversed(begun))
    rig.another("two")
    rig.write(COINBASE, "active")
    rig.wait(0.2)
    assert rig.sender.sent == []  # the first may have arrived as late as the second was begun
    rig.wait(2)
    assert len(rig.sender.sent) == 1


@pytest.mark.parametrize(
    ("begun", "in_flight", "expected"),
    [
        ([], False, []),
        ([100, 200, 300], True, [200, 300, 9_000]),
        ([100, 200, 300], False, [200, 300, 5_300]),
        ([100, 8_000], False, [5_100, 9_000]),
        ([100, 100, 100], False, [100, 101, 5_100]),
    ],
)
def test_a_request_arrived_before_the_next_was_begun_and_before_its_deadline(
    begun: list[int], in_flight: bool, expected: list[int]
) -> None:
    assert arrivals(begun, 9_000, 5_000, is_in_flight=in_flight) == expected


def test_of_two_workers_one_sends(rig: Rig) -> None:
    other = Sender()
    holding, lane = rig.worker("two", other)
    assert not holding.keep()
    for state in ("starting", "warming", "active"):
        rig.write(COINBASE, state)
        rig.look()
        assert lane.step() is None
        rig.step()
    assert (len(rig.sender.sent), other.sent) == (3, [])
    rig.holding.release()
    assert holding.keep()
    rig.write(COINBASE, "stopping")
    rig.lane = lane
    rig.step()
    assert other.titles == ["Coinbase is stopping"]


def test_who_has_lost_the_lease_while_sending_writes_nothing(rig: Rig) -> None:
    other = Sender()
    holding, lane = rig.worker("two", other)

    def taken_over() -> None:
        rig.client.delete(LEASE)
        assert holding.keep()

    rig.sender.answers = [taken_over]
    rig.write(COINBASE, "active")
    rig.look()
    assert rig.lane.step() is None
    assert rig.history("attempt") == []
    rig.lane = lane
    rig.step()
    assert other.titles == ["Coinbase is active"]
    assert other.repeats == [True]
    assert [entry["worker"] for entry in rig.history("attempt")] == ["two"]


def test_nothing_is_sent_without_the_lease(rig: Rig) -> None:
    rig.write(COINBASE, "active")
    rig.client.delete(LEASE)
    rig.look()
    assert rig.lane.step() is None
    assert rig.sender.sent == []


def test_a_result_that_could_not_be_written_is_written_when_the_lease_is_had_again(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store was away for longer than the lease, and nobody else took it."""
    rig.write(COINBASE, "active")
    rig.look()
    away(rig.lane, monkeypatch)
    assert rig.sender.repeats == [False]
    rig.client.delete(LEASE)
    rig.look()
    assert rig.lane.step() is None
    assert rig.holding.keep()
    rig.step()
    assert rig.sender.repeats == [False]
    assert len(rig.history("attempt")) == 1
    assert rig.client.hgetall(INFLIGHT) == {}


def test_a_result_is_written_once_however_often_its_reply_is_lost(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.write(COINBASE, "active")
    write = Holding.write

    def written_unheard(holding: Holding, commit: Commit) -> None:
        write(holding, commit)
        raise StoreUnavailable("store", "the reply was lost")

    with monkeypatch.context() as patch:
        patch.setattr(Holding, "write", written_unheard)
        for _ in range(3):
            rig.look()
            with pytest.raises(StoreUnavailable):
                rig.lane.step()
    rig.step()
    assert len(rig.sender.sent) == len(rig.history("attempt")) == len(rig.history("decision")) == 1
    assert len(rig.heard.deliveries) == 1


def test_a_lane_goes_on_after_the_store_was_emptied_under_it(rig: Rig) -> None:
    rig.write(COINBASE, "active")
    rig.step()
    rig.client.flushall()
    assert rig.lane.step() is None or rig.holding.token is None
    assert rig.holding.keep()
    rig.seqs.clear()
    rig.write(COINBASE, "stopping")
    rig.step()
    assert rig.sender.titles[0] == "Coinbase is active"
    assert rig.sender.titles[-1] == "Coinbase is stopping"
    assert rig.cursor[" since"]


def test_a_new_destination_begins_with_what_happens_from_now_on(client: Client, clock: ManualClock) -> None:
    first = Rig(client, clock)
    first.write(COINBASE, "active")
    client.delete(*(keys.destination(NAME, part) for part in ("lease", "cursor", "state", "memory")))
    rig = Rig(client, clock)
    rig.seqs = first.seqs
    rig.clock.advance(1)
    assert rig.sender.sent == []
    rig.write(COINBASE, "stopping")
    rig.write(EXCHANGES[2], "active")
    rig.step()
    assert rig.sender.titles == ["Coinbase is stopping", "Kraken is active"]


def away(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store goes away right after the message went out."""
    with monkeypatch.context() as patch:

        def write(*_: object) -> None:
            raise StoreUnavailable("store", "it is away")

        patch.setattr(Holding, "write", write)
        with pytest.raises(StoreUnavailable):
            lane.step()


def test_a_commit_without_the_lease_is_refused(rig: Rig) -> None:
    holding, _ = rig.worker("nobody")
    with pytest.raises(NotHeld):
        holding.begin("m", (), 1, ())
