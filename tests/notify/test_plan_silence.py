"""Silences and the owner's maintenance: recorded, not sent, and told in the end when it matters."""

from __future__ import annotations

from typing import Any

import pytest

from perseus.notify.configuration import Maintenance
from perseus.notify.notification import Kind
from tests.notify.plan_table import BYBIT, COINBASE, KRAKEN, QUIET, Table, at, back, failed, lost, moves, silence

BACK = [back(KRAKEN, 60, 50), moves(KRAKEN, 61, "warming"), moves(KRAKEN, 62, "active")]


def _kept(seconds: float = 100) -> dict[str, Maintenance]:
    return {"kraken": Maintenance(until_ms=at(seconds), reason="upgrade", author="bob")}


def test_a_silenced_event_names_the_silence_its_author_and_its_end() -> None:
    table = Table(silences=(silence(3_000),)).tell(failed(KRAKEN, 1)).run(5)
    assert table.whys == ["suppress silence"]
    assert table.detail("silence").startswith("silence 'deploy' by ann until ")
    assert table.detail("silence").endswith(" UTC")
    assert table.titles == []


COVERS = [
    ({}, True),
    ({"exchanges": ("kra*",)}, True),
    ({"exchanges": ("bybit",)}, False),
    ({"events": ("state_transition",)}, False),
]


@pytest.mark.parametrize(("match", "silent"), COVERS)
def test_a_silence_covers_what_it_matches(match: dict[str, Any], silent: bool) -> None:
    table = Table(silences=(silence(3_000, **match),)).tell(failed(KRAKEN, 1)).run(5)
    assert (table.titles == []) is silent


def test_a_silence_may_be_for_other_destinations_only() -> None:
    one = silence(3_000).model_copy(update={"destinations": ("pager",)})
    assert len(Table(silences=(one,)).tell(failed(KRAKEN, 1)).run(5).titles) == 1
    assert Table(silences=(one,), destination="pager").tell(failed(KRAKEN, 1)).run(5).titles == []


def test_a_silence_counts_when_it_was_in_force_as_the_event_happened_or_is_now() -> None:
    assert Table(now=at(50), silences=(silence(20),)).tell(failed(KRAKEN, 10)).run().titles == []
    assert Table(now=at(50), silences=(silence(90, begins=40),)).tell(failed(KRAKEN, 10)).run().titles == []
    assert len(Table(now=at(50), silences=(silence(30, begins=20),)).tell(failed(KRAKEN, 10)).run().titles) == 1


def test_an_outage_within_a_silence_is_never_told() -> None:
    table = Table(silences=(silence(100),)).live([lost(KRAKEN, 10), *BACK], 500)
    assert table.titles == []
    assert len(table.decisions) == 4


def test_an_outage_that_outlasts_its_silence_is_told_when_that_ends() -> None:
    table = Table(silences=(silence(100),)).live([lost(KRAKEN, 10)], 50)
    assert table.rest.until_ms == at(100)
    table.run(500)
    assert table.titles == ["Kraken is still offline, silence ended"]
    assert table.sent_at == [100]
    table.live([back(KRAKEN, 600, 590)], 700)
    assert table.titles[1:] == ["Kraken is back online after 9 min 50 s"]


def test_it_is_told_at_once_when_the_silence_is_taken_away() -> None:
    table = Table(silences=(silence(5_000),)).live([lost(KRAKEN, 10)], 50)
    table.silences = ()
    assert table.run(51).titles == ["Kraken is still offline, silence ended"]


def test_outages_that_outlast_a_silence_together_are_one_message() -> None:
    policy = QUIET.model_copy(update={"group_seconds": 10})
    events = [lost(KRAKEN, 10), lost(BYBIT, 20), lost(COINBASE, 30)]
    table = Table(policy, silences=(silence(100),)).online(KRAKEN, BYBIT, COINBASE).live(events, 200)
    assert table.titles == ["Network degraded: 3 of 3 exchanges offline"]
    table.live([back(BYBIT, 210, 190)], 220)
    assert table.titles[1:] == ["Bybit is back online after 3 min 10 s"]


def test_a_return_within_a_silence_is_told_when_that_ends_if_the_outage_was_told() -> None:
    table = Table(silences=(silence(100, begins=30),)).live([lost(KRAKEN, 10), *BACK], 90)
    assert table.titles == ["Kraken is offline"]
    table.run(200)
    assert table.titles[1:] == ["Kraken is back online after 50 s"]
    assert table.sent_at[1] == 100


def test_offline_again_within_a_silence_is_as_it_was_told() -> None:
    events = [lost(KRAKEN, 10), *BACK, lost(KRAKEN, 70)]
    table = Table(silences=(silence(100, begins=30),)).live(events, 200)
    assert table.titles == ["Kraken is offline"]


def test_the_return_after_a_silence_from_an_outage_that_was_never_told_says_so() -> None:
    table = Table(now=at(5), silences=(silence(30, to_states=("offline",)),)).tell(lost(KRAKEN, 10)).run(20)
    table.tell(back(KRAKEN, 25, 15)).run(40)
    assert table.titles == []
    assert table.whys == ["suppress silence", "suppress untold"]


def test_maintenance_hides_going_offline_and_coming_back_and_nothing_else() -> None:
    events = [moves(KRAKEN, 5, "stopping", "active"), lost(KRAKEN, 10), failed(KRAKEN, 11), *BACK]
    table = Table(maintenance=_kept()).live(events, 90)
    assert table.titles == ["Kraken is stopping", "Kraken: error"]
    assert table.detail("maintenance").startswith("maintenance 'upgrade' by bob until ")


def test_maintenance_is_for_its_own_exchange() -> None:
    assert Table(maintenance=_kept()).tell(lost(BYBIT, 1)).run(5).titles == ["Bybit is offline"]


def test_an_outage_that_outlasts_its_maintenance_is_told_when_that_ends_and_reminded_of() -> None:
    policy = QUIET.model_copy(update={"reminders": (300.0,)})
    table = Table(policy, maintenance=_kept()).live([lost(KRAKEN, 10)], 400)
    assert table.titles == [
        "Kraken is still offline, maintenance ended",
        "Kraken: still offline for 5 min 0 s, reminder 1",
    ]
    assert table.sent_at == [100, 310]


def test_reminders_wait_for_the_end_of_a_silence() -> None:
    policy = QUIET.model_copy(update={"reminders": (60.0,)})
    table = Table(policy, silences=(silence(500, begins=30),)).live([lost(KRAKEN, 10)], 540)
    assert [one.kind for one in table.told] == [Kind.EVENT, Kind.REMINDER]
    assert table.sent_at == [10, 500]


def test_calm_waits_for_the_end_of_a_silence() -> None:
    policy = QUIET.model_copy(update={"flap_changes": 2, "calm_seconds": 60})
    table = Table(policy, silences=(silence(900, begins=50),)).live([lost(KRAKEN, 10), back(KRAKEN, 20, 10)], 1_000)
    assert [one.kind for one in table.told] == [Kind.EVENT, Kind.FLAPPING, Kind.CALM]
    assert table.sent_at[-1] == 900
