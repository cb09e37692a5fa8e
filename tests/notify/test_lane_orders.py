"""What people order of a destination: what is done, what is answered, what is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from perseus import keys
from perseus.notify import orders
from perseus.notify.notification import Notification
from perseus.notify.notifier import Limit
from perseus.notify.outcomes import Delivered, Permanent, Poison, Retry, Wait
from perseus.notify.told.records import Ordered
from perseus.store import Client
from tests.conftest import ManualClock
from tests.notify.rig import BINANCE, COINBASE, NAME, ProbingSender, Rig, Sender


class Previewing(Sender):
    """Shows what it would send."""

    def payload(self, notifications: Sequence[Notification]) -> Any:
        return {"lines": [one.title for one in notifications]}


@pytest.fixture
def rig(client: Client, clock: ManualClock) -> Rig:
    return Rig(client, clock)


def letters(rig: Rig, count: int) -> list[str]:
    """So many dead letters; their ids."""
    rig.sender.answers = [Poison("no") for _ in range(count)]
    for _ in range(count):
        rig.write(COINBASE, "active")
    rig.step()
    found: Any = rig.client.xrange(keys.destination(NAME, "dead"))
    return [letter for letter, _ in found]


def test_a_probe_tells_what_was_found_and_sends_nothing(client: Client, clock: ManualClock) -> None:
    rig = Rig(client, clock, ProbingSender())
    found = rig.order("probe")
    assert found is not None
    assert (found.ok, found.text) == (True, "channel #alerts")
    assert rig.sender.tried == 0
    (entry,) = [one for one in rig.records() if isinstance(one, Ordered)]
    assert (entry.kind, entry.by, entry.is_ok) == ("probe", "ada@example.org", True)


def test_a_probe_that_fails_says_why_and_opens_nothing(client: Client, clock: ManualClock) -> None:
    rig = Rig(client, clock, ProbingSender(probes=[Permanent("it answered 404", status=404)]))
    found = rig.order("probe")
    assert found is not None
    assert not found.ok
    assert "404" in found.text
    assert rig.state["breaker"] == "closed"


def test_what_cannot_be_probed_says_so(rig: Rig) -> None:
    found = rig.order("probe")
    assert found is not None
    assert not found.ok


def test_a_test_goes_the_ordinary_way_marked_as_a_drill(rig: Rig) -> None:
    rig.sender.answers = [Delivered(ref="m1", url="https://example.org/m1")]
    found = rig.order("test")
    assert found is not None
    assert found.ok
    assert found.detail == {"ref": "m1", "url": "https://example.org/m1"}
    ((drill,),) = rig.sender.sent
    assert drill.is_drill
    assert rig.history("attempt")[0]["drill"] == "1"
    assert rig.cursor.keys() == {" since"}


def test_a_test_is_tried_once_and_its_failure_is_the_answer(rig: Rig) -> None:
    rig.sender.answers = [Retry("503", status=503)]
    found = rig.order("test")
    assert found is not None
    assert not found.ok
    assert "503" in found.text
    rig.wait(600)
    assert rig.sender.tried == 1


def test_a_test_reaches_a_parked_destination_and_its_success_resumes_it(rig: Rig) -> None:
    rig.sender.answers = [Permanent("it answered 404")]
    rig.write(COINBASE, "active")
    rig.step()
    found = rig.order("test")
    assert found is not None
    assert found.ok
    assert rig.state["breaker"] == "closed"
    assert rig.sender.titles[-1] == "Coinbase is active"


def test_a_test_waits_for_a_limit_for_a_while_and_not_for_long(client: Client, clock: ManualClock) -> None:
    rig = Rig(client, clock, limits=(Limit(1, 10.0),))
    rig.write(COINBASE, "active")
    rig.step()
    assert rig.order("test") is None
    rig.wait(11)
    assert rig.sender.sent[-1][0].is_drill
    rig.sender.answers = [Wait(3_000, status=429)]
    rig.write(COINBASE, "stopping")
    rig.wait(11)
    found = rig.order("test")
    assert found is not None
    assert not found.ok
    assert "limit" in found.text


def test_a_dry_run_shows_the_payload_and_sends_nothing(client: Client, clock: ManualClock) -> None:
    rig = Rig(client, clock, Previewing())
    event = rig.write(COINBASE, "active")
    rig.step()
    found, other = rig.order("dry_run", event=event), rig.order("dry_run", event=None)
    assert found is not None
    assert other is not None
    assert found.detail == {"lines": ["Coinbase is active"]}
    assert other.detail["lines"][0].startswith("DRILL")
    assert rig.sender.tried == 1


def test_a_dry_run_of_a_notifier_without_preview_shows_title_and_text(rig: Rig) -> None:
    found = rig.order("dry_run", event=None)
    assert found is not None
    assert found.detail.keys() == {"title", "text"}


def test_a_dry_run_of_an_event_that_is_not_there_says_so(rig: Rig) -> None:
    found = rig.order("dry_run", event="coinbase:1-1")
    assert found is not None
    assert not found.ok


def test_a_replay_sends_the_past_again_in_order_and_marked_and_moves_no_cursor(rig: Rig) -> None:
    for state in ("starting", "warming", "active"):
        rig.write(COINBASE, state)
        rig.write(BINANCE, state)
    since_ms = rig.clock.wall - 2
    rig.step()
    before = dict(rig.cursor)
    found = rig.order("replay", fromMs=since_ms)
    assert found is not None
    assert found.ok
    again = rig.sender.sent[6:]
    assert [one.title for (one,) in again] == [
        "Binance is warming",
        "Coinbase is active",
        "Binance is active",
    ]
    assert all(one.is_replay for (one,) in again)
    assert rig.cursor == before
    assert (rig.state["replay"], rig.state["replayFrom"]) == ("", "")


def test_a_replay_goes_on_where_its_process_ended_and_lets_what_is_new_go_first(rig: Rig) -> None:
    for state in ("starting", "warming", "active"):
        rig.write(COINBASE, state)
    rig.step()
    rig.sender.answers = [None, Retry("no connection", may_have_arrived=False)]
    rig.order("replay", fromMs=0)
    assert rig.sender.titles[3:] == ["Coinbase is starting"]
    assert rig.state["replayFrom"]
    rig.another("two")
    rig.write(BINANCE, "active")
    rig.wait(10)
    assert rig.sender.titles[4:] == ["Binance is active", "Coinbase is warming", "Coinbase is active"]


@pytest.mark.parametrize("since", [None, "yesterday", True, -1, 10**15])
def test_a_replay_from_nowhen_is_refused(rig: Rig, since: object) -> None:
    found = rig.order("replay", fromMs=since)
    assert found is not None
    assert not found.ok


def test_dead_letters_are_sent_again_and_gone_when_that_goes_well(rig: Rig) -> None:
    first, _, third = letters(rig, 3)
    rig.sender.answers = [None, Poison("still no")]
    found = rig.order("redrive", ids=[first, third])
    assert found is not None
    assert found.text.startswith("2 dead letters")
    assert len(rig.sender.sent) == 1
    left: Any = rig.client.xrange(keys.destination(NAME, "dead"))
    assert len(left) == 2
    assert {letter for letter, _ in left}.isdisjoint({first, third})
    assert [fields["reason"] for _, fields in left] == ["no", "still no"]


def test_dead_letters_are_thrown_away_on_order(rig: Rig) -> None:
    first, *_ = letters(rig, 3)
    found = rig.order("discard", ids=[first])
    assert found is not None
    assert found.ok
    assert len(rig.dead()) == 2
    rig.order("discard", ids=None)
    assert rig.dead() == []
    assert rig.sender.sent == []
    nothing = rig.order("discard", ids=None)
    assert nothing is not None
    assert not nothing.ok


def test_an_order_nobody_knows_is_answered(rig: Rig) -> None:
    found = rig.order("dance")
    assert found is not None
    assert not found.ok


def test_junk_among_the_orders_costs_nothing(rig: Rig) -> None:
    rig.client.rpush(keys.destination(NAME, "orders"), "{", "[]", '"x"', '{"id": 1}')
    found = rig.order("resume")
    assert found is not None
    assert found.ok
    rig.write(COINBASE, "active")
    rig.step()
    assert rig.sender.titles == ["Coinbase is active"]


def test_an_order_that_nobody_waits_for_any_more_is_not_carried_out(rig: Rig) -> None:
    key = keys.destination(NAME, "orders")
    orders.place(rig.client, key, "test", "ada")
    rig.client.persist(key)
    rig.wait(601)
    assert rig.sender.sent == []
    assert rig.client.llen(key) == 0
