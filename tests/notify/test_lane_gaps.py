"""Logs that are not what they were: what is lost is told with its size, what is there is delivered."""

from __future__ import annotations

import pytest

from perseus import keys
from perseus.notify.configuration import Match, Rule
from perseus.store import Client
from tests.conftest import ManualClock
from tests.notify.rig import BINANCE, COINBASE, NAME, Rig

LOG = keys.activity("coinbase")


@pytest.fixture
def rig(client: Client, clock: ManualClock) -> Rig:
    made = Rig(client, clock)
    made.write(COINBASE, "starting")
    made.step()
    made.sender.sent.clear()
    return made


def test_a_log_that_was_trimmed_while_paused_tells_how_much_is_lost(rig: Rig) -> None:
    rig.pause(True)
    for _ in range(12):
        rig.write(COINBASE, "active")
    rig.step()
    rig.client.xtrim(LOG, maxlen=2, approximate=False)
    rig.another("two")
    rig.pause(False)
    rig.step()
    assert rig.sender.titles == [
        "Coinbase: 10 events lost before delivery",
        "Coinbase is active",
        "Coinbase is active",
    ]


def test_a_log_that_was_emptied_is_told_and_read_from_its_beginning(rig: Rig) -> None:
    rig.write(COINBASE, "warming")
    rig.step()
    rig.client.delete(LOG)
    rig.seqs.clear()
    rig.write(COINBASE, "active")
    rig.step()
    assert rig.sender.titles[1:] == ["Coinbase: the log does not continue", "Coinbase is active"]
    assert ("gap", NAME) in rig.told()
    rig.write(COINBASE, "stopping")
    rig.step()
    assert rig.sender.titles[3:] == ["Coinbase is stopping"]


def test_a_clock_that_was_set_back_loses_nothing_that_was_written_since(rig: Rig) -> None:
    rig.client.delete(LOG)
    rig.seqs.clear()
    past_ms = rig.clock.wall - 3_600_000
    rig.write(COINBASE, "warming", at_ms=past_ms)
    rig.write(COINBASE, "active", at_ms=past_ms + 1)
    rig.step()
    assert rig.sender.titles == [
        "Coinbase: the log does not continue",
        "Coinbase is warming",
        "Coinbase is active",
    ]
    assert rig.cursor["coinbase"].startswith(f"{past_ms + 1}-0")


def test_a_log_that_lost_its_newest_events_is_not_delivered_again(rig: Rig) -> None:
    """As after a failover to a replica that had not got them."""
    events = [rig.write(COINBASE, state) for state in ("warming", "active", "stopping")]
    rig.step()
    rig.client.xdel(LOG, *[event.partition(":")[2] for event in events[1:]])
    rig.step()
    assert len(rig.sender.sent) == 3 + 1
    assert rig.sender.titles[-1] == "Coinbase: the log does not continue"
    assert rig.cursor["coinbase"].startswith(events[0].partition(":")[2])


def test_what_was_read_since_the_last_look_is_no_gap(rig: Rig) -> None:
    old = rig.outlook
    rig.write(COINBASE, "active")
    rig.lane.heard(["coinbase"])
    for _ in range(4):
        rig.lane.step()
    assert rig.sender.titles == ["Coinbase is active"]
    rig.outlook = type(old)(old.now_ms, old.newest, old.maintenance, old.ordered)
    for _ in range(4):
        rig.lane.step()
    assert rig.told() == []
    assert len(rig.sender.sent) == 1


def test_nobody_hears_of_a_gap_in_a_log_that_is_not_for_them(rig: Rig) -> None:
    only = Rule(name="binance", match=Match(exchanges=("binance",)), destinations=("*",))
    rig.configuration = type(rig.configuration)(rig.configuration.destinations, (only,))
    rig.client.delete(LOG)
    rig.seqs.clear()
    rig.write(COINBASE, "active")
    rig.write(BINANCE, "active")
    rig.step()
    assert rig.sender.titles == ["Binance is active"]


def test_a_log_of_another_type_costs_that_exchange_only(rig: Rig) -> None:
    rig.client.delete(LOG)
    rig.client.set(LOG, "junk")
    rig.write(BINANCE, "active")
    rig.step()
    assert rig.sender.titles == ["Binance is active"]
