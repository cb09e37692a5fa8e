"""What a lane says of itself, what it merges, how it is paused, and what it edits."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from perseus.notify.configuration import Match, Policy, Silence
from perseus.notify.lanes.commit import HISTORY_MAX
from perseus.notify.notification import Notification
from perseus.notify.notifier import Limit
from perseus.notify.outcomes import Delivered, Poison, Retry, Wait
from perseus.notify.told.standing import standing
from perseus.pluginhost.context import NotifyContext
from perseus.store import Client, connect
from tests.conftest import ManualClock
from tests.notify.rig import BINANCE, COINBASE, KRAKEN, Rig, Sender


@dataclass
class Editing(Sender):
    """Can change what it sent."""

    edits: list[tuple[str, str]] = field(default_factory=list)
    refusals: list[BaseException] = field(default_factory=list)

    def send(self, notifications: Sequence[Notification], context: NotifyContext) -> Delivered | None:
        super().send(notifications, context)
        return Delivered(ref=f"m{len(self.sent)}")

    def update(self, ref: str, notification: Notification, context: NotifyContext) -> Delivered | None:
        if self.refusals:
            raise self.refusals.pop(0)
        self.edits.append((ref, notification.title))
        return None


@pytest.fixture
def rig(client: Client, clock: ManualClock) -> Rig:
    return Rig(client, clock)


def test_messages_are_merged_only_when_they_queued_behind_a_limit(client: Client, clock: ManualClock) -> None:
    rig = Rig(client, clock, limits=(Limit(2, 10.0),), max_batch=10)
    for state in ("starting", "warming", "active", "stopping", "stopped"):
        rig.write(COINBASE, state)
    rig.step()
    assert [len(message) for message in rig.sender.sent] == [1, 1]
    assert "limit" in rig.state["held"]
    rig.wait(11)
    assert [len(message) for message in rig.sender.sent] == [1, 1, 3]
    assert [entry["why"] for entry in rig.history("decision")][-2:] == ["batched", "batched"]


def test_what_queued_behind_a_failure_is_not_merged(client: Client, clock: ManualClock) -> None:
    rig = Rig(client, clock, max_batch=10)
    rig.sender.answers = [Retry("503")]
    for state in ("starting", "warming", "active"):
        rig.write(COINBASE, state)
    rig.step()
    rig.wait(10)
    assert [len(message) for message in rig.sender.sent] == [1, 1, 1]


def test_a_batch_that_is_refused_is_sent_one_by_one_so_that_one_letter_is_dead(
    client: Client, clock: ManualClock
) -> None:
    rig = Rig(client, clock, max_batch=10)
    rig.sender.answers = [Wait(1), Poison("400", status=400), None, Poison("400", status=400)]
    for state in ("starting", "warming", "active"):
        rig.write(COINBASE, state)
    rig.step()
    rig.wait(2)
    assert rig.sender.titles == ["Coinbase is starting", "Coinbase is active"]
    assert [letter["title"] for letter in rig.dead()] == ["Coinbase is warming"]


def test_a_day_of_failures_loses_nothing(real_store: str, clock: ManualClock) -> None:
    rig = Rig(connect(real_store, timeout=2, name="test"), clock, max_batch=10, limits=(Limit(5, 2.0),))
    rig.sender.answers = [Retry("no connection", may_have_arrived=False) for _ in range(290)]
    for number in range(600):
        rig.write((COINBASE, BINANCE, KRAKEN)[number % 3], "active")
    rig.step()
    for _ in range(288):
        rig.wait(300)
    assert rig.sender.sent == []
    assert rig.state["queued"] == "600"
    for _ in range(200):
        rig.wait(5)
        rig.wait(300 if rig.sender.answers else 5)
    assert sum(len(message) for message in rig.sender.sent) == 600
    assert not any(rig.sender.repeats)
    assert rig.state["queued"] == "0"
    rig.client.close()


def test_a_paused_destination_keeps_its_place(rig: Rig) -> None:
    rig.pause(True)
    event = rig.write(COINBASE, "active")
    assert rig.step() is None
    assert rig.sender.sent == []
    assert json.loads(rig.state["held"]) == {event: "the destination is paused"}
    assert (rig.state["paused"], rig.state["queued"]) == ("1", "1")
    rig.pause(False)
    rig.step()
    assert rig.sender.titles == ["Coinbase is active"]
    assert (rig.state["paused"], rig.state["queued"], rig.state["held"]) == ("", "0", "")


def test_the_state_reads_as_what_it_is(rig: Rig) -> None:
    rig.sender.answers = [Retry("503", status=503)]
    rig.write(COINBASE, "active")
    rig.write(COINBASE, "stopping")
    rig.step()
    found = standing(dict(rig.state), 0, "one 1", "0")
    assert (found.queued, found.failures, found.last_reason) == (2, 1, "503")
    assert found.oldest_ms is not None
    assert found.retry_ms is not None
    assert set(found.held.values()) == {"the last attempt failed"}


def test_what_is_left_out_moves_the_cursor_even_while_nothing_can_be_sent(rig: Rig) -> None:
    rig.sender.answers = [Retry("503") for _ in range(5)]
    rig.write(BINANCE, "active")
    rig.step()
    now = rig.clock.wall
    hush = Silence(
        id="s",
        match=Match(exchanges=("coinbase", "binance")),
        starts_ms=now,
        ends_ms=now + 3_600_000,
        author="ada",
        reason="work",
    )
    rig.configuration = replace(rig.configuration, silences=(hush,))
    event = rig.write(COINBASE, "active")
    rig.step()
    assert [(entry["event"], entry["why"]) for entry in rig.history("decision")][-1] == (event, "silence")
    assert rig.cursor["coinbase"].startswith(event.partition(":")[2])


def test_rules_that_change_are_followed_at_the_next_step(rig: Rig) -> None:
    rig.configuration = replace(rig.configuration, rules=())
    rig.write(COINBASE, "active")
    rig.step()
    assert rig.sender.sent == []
    assert rig.history("decision")[0]["verdict"] == "drop"


def test_the_history_is_kept_within_bounds(rig: Rig) -> None:
    assert HISTORY_MAX == 10_000
    rig.configuration = replace(rig.configuration, rules=())
    for _ in range(50):
        rig.write(COINBASE, "active")
    rig.step()
    assert len(rig.history("decision")) == 50


def test_the_message_of_an_outage_is_changed_when_it_is_over(client: Client, clock: ManualClock) -> None:
    sender = Editing()
    rig = Rig(client, clock, sender)
    rig.write(COINBASE, "offline")
    rig.step()
    rig.another("two")
    rig.write(COINBASE, "active")
    rig.step()
    assert sender.edits[0][0] == "m1"
    assert len(sender.sent) == 2


def test_an_edit_that_fails_holds_the_message_back_for_a_while_only(client: Client, clock: ManualClock) -> None:
    sender = Editing()
    rig = Rig(client, clock, sender)
    rig.write(COINBASE, "offline")
    rig.step()
    sender.refusals = [Retry("503") for _ in range(9)]
    rig.write(COINBASE, "active")
    rig.step()
    assert len(sender.sent) == 1
    for _ in range(4):
        rig.wait(60)
    assert len(sender.sent) == 2
    assert sender.edits == []
    assert len(sender.refusals) == 6


def test_an_edit_of_a_message_that_is_gone_stops_nothing(client: Client, clock: ManualClock) -> None:
    sender = Editing(refusals=[])
    rig = Rig(client, clock, sender, policy=Policy(group_seconds=0, flap_changes=0, tell_recovery=False))
    rig.write(COINBASE, "offline")
    rig.step()
    sender.refusals = [Poison("the message is gone")]
    rig.write(COINBASE, "active")
    rig.step()
    assert (len(sender.sent), sender.edits) == (1, [])
    assert rig.state["breaker"] == "closed"
    assert rig.state["queued"] == "0"
    assert rig.dead() == []
