"""Many exchanges at once: one message instead of many."""

from __future__ import annotations

from perseus.notify.notification import Kind
from perseus.notify.planning.memory import Memory
from perseus.notify.planning.settling import primed
from tests.notify.plan_table import (
    ALL,
    BITGET,
    BYBIT,
    KRAKEN,
    OKX,
    QUIET,
    Table,
    at,
    back,
    event,
    failed,
    lost,
    moves,
)  # fmt: skip

GROUPS = QUIET.model_copy(update={"group_seconds": 10})


def test_the_first_is_told_at_once_and_those_that_follow_together() -> None:
    table = Table(GROUPS).online(*ALL).live([lost(KRAKEN, 10), lost(BYBIT, 12), lost(OKX, 14)], 16)
    assert table.titles == ["Kraken is offline"]
    assert table.rest.until_ms == at(20)
    assert all("told together at" in why for why in table.rest.held.values())
    table.run(60)
    assert table.titles[1:] == ["Network degraded: 3 of 5 exchanges offline"]
    assert [event.exchange for event in table.told[1].events] == [BYBIT, OKX]
    assert "Kraken: offline, told before" in table.told[1].text
    assert table.whys == ["send rule", "send grouped", "merge grouped"]


def test_those_that_are_pending_at_the_same_moment_are_one_message() -> None:
    table = Table(GROUPS, now=at(20)).online(*ALL).tell(lost(KRAKEN, 10), lost(BYBIT, 10.1)).run()
    assert table.titles == ["2 exchanges are offline: Kraken, Bybit"]
    assert table.told[0].kind is Kind.GROUP
    assert {table.memories[name].incident.id for name in ("kraken", "bybit")} == {lost(KRAKEN, 10).name}  # type: ignore[union-attr]


def test_the_network_is_degraded_when_three_and_more_than_half_are_gone() -> None:
    three = [lost(exchange, 10 + place / 10) for place, exchange in enumerate((KRAKEN, BYBIT, OKX))]
    assert Table(GROUPS, now=at(20)).online(*ALL).tell(*three).run().titles == [
        "Network degraded: 3 of 5 exchanges offline"
    ]
    more = Table(GROUPS, now=at(20)).online(*ALL)
    more.memories["another"] = more.memories["kraken"]
    assert more.tell(*three).run().titles == ["3 exchanges are offline: Kraken, Bybit, OKX"]
    two = Table(GROUPS, now=at(20)).online(KRAKEN, BYBIT).tell(*three[:2]).run()
    assert two.titles == ["2 exchanges are offline: Kraken, Bybit"]


def test_exchanges_that_stopped_in_order_or_were_lost_long_ago_do_not_count() -> None:
    table = Table(GROUPS).online(*ALL).live([lost(OKX, 1), moves(BITGET, 2, "stopped", "stopping")], 900)
    table.live([lost(KRAKEN, 1_000), lost(BYBIT, 1_002)], 1_100)
    assert table.titles == ["OKX is offline", "Bitget is stopped", "Kraken is offline", "Bybit is offline"]


def test_no_grouping_when_it_is_switched_off() -> None:
    table = Table(QUIET, now=at(20)).online(*ALL).tell(*(lost(exchange, 10) for exchange in ALL)).run()
    assert len(table.messages) == 5


def test_one_that_came_back_while_it_was_held_is_told_both_in_order() -> None:
    table = Table(GROUPS).online(*ALL).live([lost(KRAKEN, 10), lost(BYBIT, 12), back(BYBIT, 15, 3)], 60)
    assert table.titles == ["Kraken is offline", "Bybit is offline", "Bybit is back online after 3 s"]
    assert table.sent_at == [10, 20, 20]


def test_what_is_not_offline_does_not_wait_for_the_group() -> None:
    table = Table(GROUPS).online(*ALL).live([lost(KRAKEN, 10), failed(BYBIT, 12), back(KRAKEN, 13, 3)], 15)
    assert table.titles == ["Kraken is offline", "Bybit: error", "Kraken is back online after 3 s"]


def test_a_new_destination_knows_from_the_newest_events_before_it_how_many_were_online() -> None:
    active = moves(KRAKEN, -500, "active", seq="7")
    assert primed(active) == Memory(state="active", state_ms=at(-500), seq=7)
    assert primed(failed(KRAKEN, -500)) == Memory(state="active", state_ms=at(-500))
    away = primed(lost(OKX, -500))
    assert (away.state, away.state_ms, away.incident) == ("offline", at(-500), None)
    assert primed(event(KRAKEN, -500, "odd")) == Memory()

    table = Table(GROUPS, now=at(20))
    table.memories = {exchange.name: primed(moves(exchange, -500, "active")) for exchange in ALL} | {"okx": away}
    table.tell(*(lost(exchange, 10) for exchange in (KRAKEN, BYBIT, BITGET))).run()
    assert table.titles == ["Network degraded: 3 of 4 exchanges offline"]
    assert table.tell(back(OKX, 15, 515)).run().titles[1:] == ["OKX is back online after 8 min 35 s"]


def test_a_later_outage_begins_anew() -> None:
    table = Table(GROUPS).online(*ALL).live([lost(KRAKEN, 10), lost(BYBIT, 21)], 60)
    assert table.sent_at == [10, 21]


def test_recoveries_of_a_group_that_are_pending_together_are_one_message() -> None:
    table = Table(GROUPS, now=at(20)).online(*ALL).tell(lost(KRAKEN, 10), lost(BYBIT, 10.1), lost(OKX, 10.2)).run()
    table.now = at(100)
    table.tell(back(KRAKEN, 90, 80), back(BYBIT, 91, 80.9)).run()
    assert table.titles[1:] == ["2 exchanges are back online: Kraken, Bybit"]
    assert "Kraken is back online after 1 min 20 s." in table.told[1].text
    assert table.whys[-2:] == ["send incident", "merge grouped"]
    table.tell(back(OKX, 95, 84.8)).run()
    assert table.titles[2:] == ["OKX is back online after 1 min 24 s"]


def test_reminders_of_a_group_are_one_message() -> None:
    policy = GROUPS.model_copy(update={"reminders": (60.0,)})
    table = Table(policy, now=at(20)).online(*ALL).tell(lost(KRAKEN, 10), lost(BYBIT, 10.1)).run(80)
    assert table.titles[1:] == ["2 exchanges still offline for 1 min 0 s, reminder 1"]
    table.tell(back(BYBIT, 90, 80)).run(140)
    assert table.titles[2:] == [
        "Bybit is back online after 1 min 20 s",
        "Kraken: still offline for 2 min 0 s, reminder 2",
    ]


def test_the_living_message_of_a_group_lists_how_each_is() -> None:
    table = Table(GROUPS, can_update=True, now=at(20)).online(*ALL).tell(lost(KRAKEN, 10), lost(BYBIT, 10.1)).run()
    table.now = at(100)
    table.tell(back(KRAKEN, 90, 80)).run()
    assert table.edits[-1].ref == "ref-1"
    assert table.edits[-1].notification.title == "1 of 2 exchanges are back online"
    assert table.edits[-1].notification.text == "Kraken: starting\nBybit: offline"
    table.tell(back(BYBIT, 95, 85)).run()
    assert table.edits[-1].notification.title == "All 2 exchanges are back online"
