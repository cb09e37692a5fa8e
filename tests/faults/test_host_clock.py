"""A host whose clock is a year off."""

from __future__ import annotations

import pytest

from perseus.clock import SystemClock, parse_iso
from perseus.network.view.directory import Condition, Directory
from perseus.settings import Settings
from perseus.store import Client
from tests.conftest import KRAKEN
from tests.instances import Party, eventually, moves, walk

YEAR_MS = 365 * 24 * 3600 * 1000
NEAR_MS = 10_000


class WrongClock(SystemClock):
    """Elapses like any other; only its date is wrong."""

    def __init__(self, off_ms: int) -> None:
        self.off_ms = off_ms

    def wall_ms(self) -> int:
        return super().wall_ms() + self.off_ms


@pytest.mark.parametrize("off_ms", [YEAR_MS, -YEAR_MS], ids=["ahead", "behind"])
def test_a_host_clock_a_year_off_spoils_no_time_and_is_told(
    party: Party, store: str, client: Client, settings: Settings, off_ms: int
) -> None:
    """Payload, events and ages are right, for a reader whose own clock is a year off the other way, too."""
    instance = walk(party.join(store, settings, clock=WrongClock(off_ms)))
    instance.heard()
    instance.report_error("something")
    eventually(lambda: moves(client)[-1] == "error")
    seconds, micros = client.time()
    now_ms = seconds * 1000 + micros // 1000

    card = Directory(client, lambda: [KRAKEN], WrongClock(-off_ms)).exchange(KRAKEN.id)
    assert card.condition is Condition.ACTIVE
    assert card.heartbeat_age_ms is not None
    assert 0 <= card.heartbeat_age_ms <= settings.ttl_seconds * 1000
    status = card.status
    assert status is not None
    times = [
        status.registered_at,
        status.connected_at,
        status.last_heartbeat,
        status.last_state_change,
        status.last_message_at,
        status.last_error_at,
    ]
    assert all(abs(parse_iso(time) - now_ms) < NEAR_MS for time in times)
    assert status.clock_skew_ms is not None
    assert abs(status.clock_skew_ms - off_ms) < NEAR_MS

    logged = client.xrange("logs:network:kraken")
    assert len(logged) == 4
    for stream_id, event in logged:
        assert abs(parse_iso(event["timestamp"]) - int(stream_id.split("-")[0])) < NEAR_MS


def test_a_host_clock_that_is_set_while_an_instance_runs_moves_none_of_its_times(
    party: Party, real_store: str, settings: Settings
) -> None:
    clock = WrongClock(0)
    instance = walk(party.join(real_store, settings, clock=clock))
    before = parse_iso(instance.status().last_heartbeat)
    clock.off_ms = YEAR_MS
    assert 0 <= parse_iso(instance.status().last_heartbeat) - before < NEAR_MS
    assert instance.valid()
