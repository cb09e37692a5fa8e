"""Debounce and flap control: short outages and many of them."""

from __future__ import annotations

import pytest

from perseus.notify.configuration import Policy
from perseus.notify.notification import Kind, Severity
from tests.notify.plan_table import BYBIT, KRAKEN, QUIET, Table, at, back, failed, lost, moves

SLOW = QUIET.model_copy(update={"debounce_seconds": 10})
FLAPS = QUIET.model_copy(update={"flap_changes": 4, "flap_seconds": 600, "calm_seconds": 300})


def _returns(second: float, down: float) -> list:  # type: ignore[type-arg]
    return [
        back(KRAKEN, second, down),
        moves(KRAKEN, second + 0.1, "warming", "starting"),
        moves(KRAKEN, second + 0.2, "active", "warming"),
    ]


def test_an_outage_shorter_than_the_debounce_is_not_told_nor_is_the_return() -> None:
    table = Table(SLOW).live([lost(KRAKEN, 20), *_returns(23, 3)], 60)
    assert table.titles == []
    assert set(table.whys) == {"suppress debounced"}
    assert table.detail("debounced") == "offline for 3 s only, debounce is 10 s"
    assert len(table.decisions) == 4


def test_while_it_is_held_the_plan_says_until_when_and_holds_what_is_behind() -> None:
    table = Table(SLOW).live([lost(KRAKEN, 20), failed(KRAKEN, 21)], 22)
    assert table.rest.until_ms == at(30)
    assert list(table.rest.held.values()) == [
        "debounce is 10 s: told at 14:13:50 UTC unless it is back before",
        "it waits for the events before it",
    ]


def test_an_outage_that_lasts_is_told_when_the_debounce_is_over() -> None:
    table = Table(SLOW).live([lost(KRAKEN, 20), *_returns(50, 30)], 60)
    assert table.titles == [
        "Kraken is offline",
        "Kraken is back online after 30 s",
        "Kraken is warming",
        "Kraken is active",
    ]
    assert table.sent_at[0] == 30


@pytest.mark.parametrize(("down", "told"), [(9.999, 0), (10, 4)])
def test_what_was_read_late_is_judged_by_when_it_happened(down: float, told: int) -> None:
    table = Table(SLOW, now=at(5_000)).tell(lost(KRAKEN, 20), *_returns(20 + down, down)).run()
    assert len(table.told) == told


def test_other_exchanges_do_not_wait_for_one_that_is_held() -> None:
    table = Table(SLOW).live([lost(KRAKEN, 20), failed(BYBIT, 21)], 25)
    assert table.titles == ["Bybit: error"]


def test_an_event_from_the_future_is_not_held_for_ever() -> None:
    table = Table(SLOW).tell(lost(KRAKEN, 900)).run(1)
    assert table.titles == ["Kraken is offline"]


def _cycles(count: int, every: float = 20, begins: float = 10) -> list:  # type: ignore[type-arg]
    events = []
    for place in range(count):
        second = begins + place * every
        events += [lost(KRAKEN, second), *_returns(second + every / 2, every / 2)]
    return events


def test_the_fourth_change_tells_that_it_flaps_and_the_rest_is_kept_back_until_it_is_calm() -> None:
    table = Table(FLAPS).live(_cycles(5), 2_000)
    assert [one.kind for one in table.told if one.kind is not Kind.EVENT] == [
        Kind.RECOVERY,
        Kind.FLAPPING,
        Kind.CALM,
    ]
    assert "Kraken is flapping: 4 changes in 30 s" in table.titles
    assert table.titles[-1] == "Kraken no longer flaps: it is active"
    assert table.told[-1].severity is Severity.INFO
    last_change = 10 + 4 * 20 + 10
    assert table.sent_at[-1] == last_change + 300
    assert table.whys.count("suppress flapping") == 3 * 4 + 2
    assert len(table.decisions) == 20


def test_calm_tells_an_outage_that_goes_on_and_reminds_of_it() -> None:
    policy = FLAPS.model_copy(update={"reminders": (900.0,)})
    table = Table(policy).live([*_cycles(3), lost(KRAKEN, 100)], 1_100)
    assert table.titles[-2:] == [
        "Kraken no longer flaps: it is offline",
        "Kraken: still offline for 15 min 0 s, reminder 1",
    ]
    assert table.told[-2].severity is Severity.CRITICAL
    assert table.sent_at[-2:] == [400, 1_000]


def test_errors_are_told_while_it_flaps() -> None:
    table = Table(FLAPS).live([*_cycles(3), failed(KRAKEN, 75)], 80)
    assert table.titles[-1] == "Kraken: error"


def test_changes_that_are_far_apart_are_no_flapping() -> None:
    table = Table(FLAPS).live(_cycles(6, every=700), 6_000)
    assert {one.kind for one in table.told} == {Kind.EVENT, Kind.RECOVERY}


def test_debounced_changes_count_so_that_a_fast_flapper_is_heard_of() -> None:
    policy = FLAPS.model_copy(update={"debounce_seconds": 60})
    table = Table(policy).live(_cycles(2), 40)
    assert table.titles == ["Kraken is flapping: 4 changes in 30 s"]
    assert table.whys[:2] == ["suppress debounced"] * 2
    assert "send flapping_began" in table.whys


def test_flapping_that_ended_while_nobody_looked_is_told_before_what_came_later() -> None:
    later = [lost(KRAKEN, 3_000)]
    table = Table(FLAPS).live(_cycles(3), 100)
    table.now = at(3_000)
    table.tell(*later).run()
    assert table.titles[-2:] == ["Kraken no longer flaps: it is active", "Kraken is offline"]


def test_no_flap_control_when_it_is_switched_off() -> None:
    table = Table(Policy(flap_changes=0, group_seconds=0)).live(_cycles(5), 500)
    assert {one.kind for one in table.told} == {Kind.EVENT, Kind.RECOVERY}
