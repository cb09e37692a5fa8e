"""One outage from its first message to its end: living message, reminders, recovery."""

from __future__ import annotations

import pytest

from perseus.clock import iso
from perseus.notify.configuration import Match, Policy, Rule
from perseus.notify.notification import Kind
from perseus.notify.planning.incidents import next_reminder_ms
from perseus.notify.texts import eventfacts
from tests.notify.plan_table import KRAKEN, QUIET, Table, at, back, failed, lost, moves, silence

REMINDS = QUIET.model_copy(update={"reminders": (900.0, 3600.0, 14_400.0)})
UP = [back(KRAKEN, 262, 252), moves(KRAKEN, 270, "warming", "starting"), moves(KRAKEN, 300, "active", "warming")]


def test_the_recovery_tells_the_downtime_and_who_has_taken_over() -> None:
    new = back(KRAKEN, 262, 252, hostname="feed-2", adminEmail="bob@example.org")
    told = Table().live([lost(KRAKEN, 10), new], 400).told[-1]
    assert told.kind is Kind.RECOVERY
    assert told.title == "Kraken is back online after 4 min 12 s"
    assert "It is starting on feed-2." in told.text
    assert "The host changed: it was feed-1." in told.text
    assert "The admin is now bob@example.org; it was ann@example.org." in told.text
    same = Table().live([lost(KRAKEN, 10), UP[0]], 400).told[-1]
    assert same.text == "It is starting on feed-1."


def test_all_messages_of_an_outage_carry_the_same_incident() -> None:
    table = Table(REMINDS, can_update=True).live([lost(KRAKEN, 10), back(KRAKEN, 1_000, 990)], 1_100)
    assert [one.kind for one in table.told] == [Kind.EVENT, Kind.REMINDER, Kind.RECOVERY]
    assert {one.incident for one in [*table.told, *(edit.notification for edit in table.edits)]} == {
        lost(KRAKEN, 10).name
    }


def test_the_first_message_is_kept_up_to_date_until_the_exchange_is_active() -> None:
    table = Table(can_update=True).live([lost(KRAKEN, 10), *UP, moves(KRAKEN, 500, "stopping", "active")], 600)
    assert table.titles == ["Kraken is offline", "Kraken is back online after 4 min 12 s", "Kraken is stopping"]
    assert [(edit.ref, edit.notification.to_state) for edit in table.edits] == [
        ("ref-1", "starting"),
        ("ref-1", "warming"),
        ("ref-1", "active"),
    ]
    assert all("after 4 min 12 s" in edit.notification.title for edit in table.edits)
    assert table.whys == ["send rule", "send incident", "merge edited", "merge edited", "send rule"]


def test_what_cannot_be_edited_is_told_by_messages() -> None:
    table = Table(can_update=False).live([lost(KRAKEN, 10), *UP], 600)
    assert table.edits == []
    assert table.titles[2:] == ["Kraken is warming", "Kraken is active"]


def test_a_failed_start_after_the_return_is_told_by_a_message() -> None:
    events = [lost(KRAKEN, 10), UP[0], moves(KRAKEN, 280, "idle", "starting")]
    table = Table(can_update=True).live(events, 600)
    assert table.titles[-1] == "Kraken is idle"
    assert table.memories["kraken"].incident is None


def test_no_message_about_the_recovery_where_none_is_wanted() -> None:
    policy = QUIET.model_copy(update={"tell_recovery": False})
    edited = Table(policy, can_update=True).live([lost(KRAKEN, 10), UP[0]], 600)
    assert edited.titles == ["Kraken is offline"]
    assert (edited.whys[-1], len(edited.edits)) == ("merge edited", 1)
    assert Table(policy).live([lost(KRAKEN, 10), UP[0]], 600).whys[-1] == "suppress quiet_recovery"


def test_reminders_count_say_how_long_and_end_with_the_outage() -> None:
    table = Table(REMINDS).live([lost(KRAKEN, 10)], 30_000)
    assert table.titles[1:] == [
        "Kraken: still offline for 15 min 0 s, reminder 1",
        "Kraken: still offline for 1 h 0 min, reminder 2",
        "Kraken: still offline for 4 h 0 min, reminder 3",
        "Kraken: still offline for 8 h 0 min, reminder 4",
    ]
    assert table.sent_at[1:] == [910, 3_610, 14_410, 28_810]
    table.live([back(KRAKEN, 30_010, 30_000)], 100_000)
    assert [one.kind for one in table.told[5:]] == [Kind.RECOVERY]


def test_a_message_that_is_kept_up_to_date_is_so_through_a_silence() -> None:
    table = Table(can_update=True, silences=(silence(40, begins=15),)).live([lost(KRAKEN, 0), back(KRAKEN, 10, 10)], 14)
    table.live([moves(KRAKEN, 20, "warming", "starting"), moves(KRAKEN, 25, "active", "warming")], 100)
    assert "active" in table.edits[-1].notification.text
    assert table.whys[-2:] == ["suppress silence", "suppress silence"]


def test_reminders_that_were_missed_are_not_made_up_for() -> None:
    table = Table(REMINDS).live([lost(KRAKEN, 10)], 20)
    table.now = at(20_000)
    assert table.run(20_001).titles[1:] == ["Kraken: still offline for 5 h 33 min, reminder 1"]
    assert table.rest.until_ms == at(28_810)


def test_nobody_is_reminded_of_an_outage_whose_end_was_not_read_yet() -> None:
    table = Table(REMINDS).live([lost(KRAKEN, 10)], 20)
    table.now = at(5_000)
    assert table.tell(back(KRAKEN, 2_000, 1_990)).run().titles[1:] == ["Kraken is back online after 33 min 10 s"]


def test_a_death_that_is_routed_here_is_told_although_the_one_before_it_was_not() -> None:
    only = Rule(name="feed-2", match=Match(hosts=("feed-2",)), destinations=("ops",))
    table = Table(rules=(only,)).live([lost(KRAKEN, 10), lost(KRAKEN, 70, hostname="feed-2")], 100)
    assert table.titles == ["Kraken is offline"]
    assert table.whys == ["drop no_route", "send rule"]


BEGINS = [
    ({"offlineAt": iso(at(7))}, at(7)),
    ({"offlineAt": iso(at(50))}, at(10)),
    ({"offlineAt": iso(at(-90_000))}, at(10)),
    ({"offlineAt": "soon"}, at(10)),
    ({"offlineAt": ""}, at(10)),
]


@pytest.mark.parametrize(("fields", "began"), BEGINS)
def test_an_outage_began_when_the_lease_ended_if_that_can_be(fields: dict[str, str], began: int) -> None:
    assert eventfacts.since_ms(lost(KRAKEN, 10, **fields)) == began


def test_nobody_is_reminded_of_an_outage_that_no_rule_sends_here_any_more() -> None:
    table = Table(REMINDS).live([lost(KRAKEN, 10)], 20)
    table.rules = ()
    assert len(table.run(5_000).told) == 1


DUE = [
    ((60.0, 120.0), 0, 60),
    ((60.0, 120.0), 60, 120),
    ((60.0, 120.0), 119, 120),
    ((60.0, 120.0), 120, 240),
    ((60.0, 120.0), 500, 600),
    ((120.0, 60.0), 0, 60),
    ((0.0, -5.0, 30.0), 0, 30),
]


@pytest.mark.parametrize(("reminders", "passed", "due"), DUE)
def test_the_last_interval_repeats(reminders: tuple[float, ...], passed: int, due: int) -> None:
    policy = Policy.model_construct(reminders=reminders)
    assert next_reminder_ms(policy, at(0), at(passed)) == at(due)


def test_one_more_death_in_an_outage_is_no_further_message() -> None:
    table = Table().live([lost(KRAKEN, 10), lost(KRAKEN, 70, fromState="idle")], 100)
    assert table.titles == ["Kraken is offline"]
    assert table.whys[-1] == "merge same_outage"


def test_errors_during_an_outage_are_told() -> None:
    table = Table(can_update=True).live([lost(KRAKEN, 10), failed(KRAKEN, 20)], 100)
    assert table.titles == ["Kraken is offline", "Kraken: error"]


def test_a_return_whose_outage_this_destination_never_heard_of_goes_by_the_rules() -> None:
    table = Table().tell(UP[0]).run(300)
    assert table.titles == ["Kraken is back online after 4 min 12 s"]
    assert table.whys == ["send rule"]


def test_the_same_step_has_the_same_ids_when_it_is_planned_again() -> None:
    first = Table().tell(lost(KRAKEN, 10)).run(20).told[0]
    assert Table().tell(lost(KRAKEN, 10)).run(500).told[0].id == first.id
    assert Table(destination="other").tell(lost(KRAKEN, 10)).run(20).told[0].id != first.id
