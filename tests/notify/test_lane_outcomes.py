"""What may become of an attempt, each class: what is sent again, what is given up, what stops a destination."""

from __future__ import annotations

import threading

import pytest

from perseus.notify.notification import Notification
from perseus.notify.outcomes import Delivered, Permanent, Poison, Retry, Wait
from perseus.notify.told.records import Foreign
from perseus.store import Client
from tests.conftest import ManualClock
from tests.notify.rig import BINANCE, COINBASE, KRAKEN, NAME, ProbingSender, Rig, hang


@pytest.fixture
def rig(client: Client, clock: ManualClock) -> Rig:
    return Rig(client, clock)


def test_what_is_delivered_is_recorded_with_its_decision_and_the_cursor_moves(rig: Rig) -> None:
    rig.sender.answers = [Delivered(ref="m1", url="https://example.org/m1")]
    event = rig.write(COINBASE, "active")
    rig.step()
    assert rig.sender.titles == ["Coinbase is active"]
    (attempt,) = rig.history("attempt")
    assert (attempt["outcome"], attempt["ref"], attempt["attempt"]) == ("done", "m1", "1")
    (decision,) = rig.history("decision")
    assert (decision["event"], decision["verdict"]) == (event, "send")
    assert decision["notification"] == attempt["notification"]
    assert rig.cursor["coinbase"] == f"{event.partition(':')[2]} 1"
    assert (rig.state["lastOutcome"], rig.state["breaker"]) == ("done", "closed")
    assert not any(isinstance(record, Foreign) for record in rig.records())
    assert [delivery.ref for delivery in rig.heard.deliveries] == ["m1"]


def test_a_pause_that_the_service_asks_for_counts_no_attempt_and_outlives_the_process(rig: Rig) -> None:
    rig.sender.answers = [Wait(20, "too many", status=429)]
    rig.write(COINBASE, "active")
    until = rig.step()
    assert until == rig.clock.wall + 20_000
    rig.another("two")
    assert rig.wait(19) is not None
    assert rig.sender.sent == []
    rig.wait(1)
    assert rig.sender.titles == ["Coinbase is active"]
    assert rig.sender.repeats == [False]
    assert [entry["attempt"] for entry in rig.history("attempt")] == ["1", "1"]
    assert rig.state["failures"] == "0"


def test_a_failure_is_tried_again_later_and_only_in_doubt_marked_as_a_repeat(rig: Rig) -> None:
    rig.sender.answers = [Retry("no connection", may_have_arrived=False), Retry("broken off")]
    rig.write(COINBASE, "active")
    assert rig.step() == rig.clock.wall + 4_000
    assert rig.wait(4) == rig.clock.wall + 8_000
    rig.wait(8)
    assert rig.sender.repeats == [True]
    attempts = rig.history("attempt")
    assert [(entry["attempt"], entry["outcome"], entry["repeat"]) for entry in attempts] == [
        ("1", "retry", ""),
        ("2", "retry", ""),
        ("3", "done", "1"),
    ]
    assert rig.state["failures"] == "0"


@pytest.mark.parametrize("raised", [RuntimeError("oh"), SystemExit(3), TimeoutError(), KeyboardInterrupt(), False])
def test_whatever_else_a_notifier_does_counts_as_a_failure_and_the_lane_goes_on(rig: Rig, raised: object) -> None:
    rig.sender.answers = [raised]
    rig.write(COINBASE, "active")
    until = rig.step()
    assert until is not None
    assert rig.history("attempt")[0]["outcome"] == "retry"
    rig.wait(10)
    assert rig.sender.titles[-1] == "Coinbase is active"


def test_a_message_that_is_refused_becomes_a_dead_letter_and_the_next_goes_out(rig: Rig) -> None:
    rig.sender.answers = [Poison("it answered 400", status=400)]
    rig.write(COINBASE, "active")
    rig.write(COINBASE, "stopping")
    rig.step()
    assert rig.sender.titles == ["Coinbase is stopping"]
    (letter,) = rig.dead()
    assert (letter["reason"], letter["status"], letter["attempts"]) == ("it answered 400", "400", "1")
    assert Notification.from_json(letter["message"]).title == "Coinbase is active"
    assert [delivery.title for delivery in rig.heard.dead_ones] == ["Coinbase is active"]
    assert rig.told() == [("dead_letter", NAME)]


def test_a_permanent_refusal_parks_until_the_destination_is_changed(rig: Rig) -> None:
    rig.sender.answers = [Permanent("it answered 404", status=404)]
    rig.write(COINBASE, "active")
    assert rig.step() is None
    rig.wait(100_000)
    assert rig.sender.tried == 1
    assert (rig.state["breaker"], rig.state["breakerReason"]) == ("parked", "it answered 404")
    assert rig.heard.turns == [("parked", "it answered 404")]
    rig.lane.change(rig.destination, "2")
    rig.step()
    assert rig.sender.titles == ["Coinbase is active"]
    assert rig.told() == [("parked", NAME), ("breaker_closed", NAME)]


def test_five_failures_in_a_row_open_the_breaker_which_is_told_once_and_once_when_it_closes(rig: Rig) -> None:
    rig.sender.answers = [Retry("503", status=503) for _ in range(7)]
    rig.write(COINBASE, "active")
    rig.step()
    for _ in range(10):
        rig.wait(300)
    assert rig.sender.titles == ["Coinbase is active"]
    assert [state for state, _ in rig.heard.turns] == ["open", "closed"]
    assert rig.told() == [("breaker_opened", NAME), ("breaker_closed", NAME)]
    assert [entry["state"] for entry in rig.history("breaker")] == ["open", "closed"]


def test_waits_between_failures_double_up_to_five_minutes(rig: Rig) -> None:
    rig.sender.answers = [Retry("503") for _ in range(12)]
    rig.write(COINBASE, "active")
    waits = []
    for _ in range(12):
        until = rig.step()
        assert until is not None
        waits.append((until - rig.clock.wall) // 1000)
        rig.clock.advance(waits[-1])
    assert waits == [4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300, 300]


def test_an_open_breaker_is_tried_by_a_probe_where_there_is_one(client: Client, clock: ManualClock) -> None:
    sender = ProbingSender(probes=[Retry("still down")])
    rig = Rig(client, clock, sender)
    sender.answers = [Retry("503") for _ in range(5)]
    rig.write(COINBASE, "active")
    rig.step()
    while rig.state["breaker"] != "open":
        rig.wait(300)
    assert (sender.tried, sender.probed) == (5, 0)
    rig.wait(300)
    assert (sender.tried, sender.probed) == (5, 1)
    rig.wait(300)
    assert (sender.tried, sender.probed) == (6, 2)
    assert rig.state["breaker"] == "closed"


def test_a_breaker_with_nothing_to_send_is_closed_by_a_probe(client: Client, clock: ManualClock) -> None:
    sender = ProbingSender()
    rig = Rig(client, clock, sender)
    rig.lane.blame("it took all the memory")
    rig.another("two")
    rig.step()
    assert rig.state["breaker"] == "open"
    rig.wait(61)
    assert (sender.probed, sender.tried, rig.state["breaker"]) == (1, 0, "closed")


def test_who_is_blamed_stays_so_when_its_call_ends_after(client: Client, clock: ManualClock) -> None:
    rig = Rig(client, clock)

    def raises_late(*_: object) -> None:
        rig.lane.blame("it took all the memory")
        raise MemoryError

    rig.sender.answers = [raises_late]
    rig.write(COINBASE, "active")
    rig.step()
    assert (rig.state["breaker"], rig.state["breakerReason"]) == ("open", "it took all the memory")
    rig.another("two")
    rig.wait(30)
    assert (rig.state["breaker"], rig.sender.tried) == ("open", 1)


def test_a_call_that_hangs_opens_the_breaker_and_is_replaced_once(client: Client, clock: ManualClock) -> None:
    rig = Rig(client, clock, delivery_seconds=0.05)
    until = threading.Event()
    rig.sender.answers = [hang(until), hang(until)]
    rig.write(COINBASE, "active")
    rig.step()
    assert (rig.state["breaker"], rig.sender.tried) == ("open", 1)
    rig.wait(301)
    assert rig.sender.tried == 2
    for _ in range(5):
        rig.wait(301)
    assert rig.sender.tried == 2
    assert "hangs" in rig.state["held"]
    until.set()
    while rig.lane._sending.is_hanging():
        pass
    rig.wait(301)
    assert rig.sender.tried == 3
    assert rig.sender.repeats[-1] is True
    assert rig.state["breaker"] == "closed"


def test_the_order_of_each_exchange_survives_every_failure(rig: Rig) -> None:
    rig.sender.answers = [Retry("503"), Wait(1), None, Poison("no"), RuntimeError("oh"), None, Retry("again")]
    walk = ("starting", "warming", "active", "stopping", "stopped")
    for state in walk:
        for exchange in (COINBASE, BINANCE, KRAKEN):
            rig.write(exchange, state)
    rig.step()
    for _ in range(10):
        rig.wait(300)
    given_up = [letter["title"] for letter in rig.dead()]
    for exchange in (COINBASE, BINANCE, KRAKEN):
        expected = [f"{exchange.display_name} is {state}" for state in walk]
        came = [title for title in rig.sender.titles if title.startswith(exchange.display_name)]
        assert came == [title for title in expected if title not in given_up]
    assert len(given_up) == 1


def test_a_reason_is_scrubbed_before_it_is_recorded(client: Client, clock: ManualClock) -> None:
    rig = Rig(client, clock)
    rig.lane._sending._caller._scrub = lambda text: text.replace("hunter2", "[secret]")
    rig.sender.answers = [RuntimeError("the password hunter2 is wrong"), Poison("hunter2")]
    rig.write(COINBASE, "active")
    rig.step()
    rig.wait(10)
    assert "hunter2" not in str([rig.state, rig.dead(), rig.records()])
