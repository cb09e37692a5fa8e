"""A holder that dies without a word, and one that sleeps through the end of its lease."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from perseus.clock import SystemClock
from perseus.network.view.directory import Condition, Directory
from perseus.network.view.watcher import Watcher
from perseus.settings import Settings
from perseus.store import connect
from tests.conftest import KRAKEN, short
from tests.faults.child import child, effects
from tests.instances import Party, beaten, events, eventually, last_record_of, moves, payload_of, walk
from tests.network.looks import looked


@pytest.fixture
def holder_settings(settings: Settings, tmp_path: Path) -> Settings:
    return settings.model_copy(update={"home": tmp_path / "holder"})


def test_a_killed_holder_is_written_down_once_within_a_second_and_its_card_keeps_what_it_said(
    real_store: str, settings: Settings, holder_settings: Settings
) -> None:
    """SIGKILL. Two watchers look on; the lease lives out its time, then the log says `offline`, once."""
    with (
        connect(real_store, timeout=2, name="test") as client,
        connect(real_store, timeout=2, name="watcher-1") as first,
        connect(real_store, timeout=2, name="watcher-2") as second,
        child("holder", holder_settings, real_store) as holder,
    ):
        watchers = [Watcher(each, lambda: [KRAKEN], settings) for each in (first, second)]
        for watcher in watchers:
            watcher.start()
        try:
            token = holder.line("active").split()[1]
            beaten(client)
            holder.kill()
            assert holder.exit_code() == -9
            eventually(lambda: moves(client)[-1] == "active>offline", settings.ttl_seconds + 2)
            death_at, death = client.xrevrange("logs:network:kraken", count=1)[0]
            looked(*watchers)
        finally:
            for watcher in watchers:
                watcher.stop()
        ended_ms = int(last_record_of(client)["until_ms"])
        assert 0 <= int(death_at.split("-")[0]) - ended_ms <= 1000
        assert moves(client).count("active>offline") == 1
        assert (death["reason"], death["fencingToken"]) == ("lease_expired", token)

        card = Directory(client, lambda: [KRAKEN]).exchange(KRAKEN.id)
        assert card.condition is Condition.OFFLINE
        assert card.since_ms == ended_ms
        assert card.status is not None
        assert (card.status.hostname, card.status.symbol_count) == ("host-of-the-holder", 12)


@pytest.mark.parametrize("options", [(), ("--defiant",)], ids=["as it is", "beats and logs first"])
def test_a_holder_that_slept_beyond_its_lease_stops_and_leaves_its_successor_alone(
    real_store: str, settings: Settings, holder_settings: Settings, party: Party, options: tuple[str, ...]
) -> None:
    """SIGSTOP beyond the TTL. The successor has claimed and logged before the sleeper wakes.

    As it is, a sleeper is ended before it can do harm; so the second one does all it can, and must be refused.
    """
    with (
        connect(real_store, timeout=2, name="test") as client,
        child("holder", holder_settings, real_store, *options) as sleeper,
    ):
        old_token = sleeper.line("active").split()[1]
        between_two_heartbeats = settings.heartbeat_seconds / 2
        beaten(client)
        time.sleep(between_two_heartbeats)
        sleeper.pause()
        # Quiet from here on: it must not mend by its own heartbeats what the sleeper may do.
        quiet = short(party.home, heartbeat_seconds=10.0, ttl_seconds=32.0, margin_seconds=2.0)
        successor = walk(party.join_when_free(real_store, quiet))
        claimed_at = SystemClock().elapsed()
        sleeper.wake()

        assert sleeper.exit_code() == 75
        held = payload_of(client)
        assert held is not None
        assert (held.fencing_token, held.connection_state) == (successor.token, "active")
        assert successor.valid()
        logged = [event["fencingToken"] for event in events(client)]
        assert old_token not in logged[logged.index(successor.token) :]
        assert max(at for at, _ in effects(holder_settings.home)) < claimed_at


def test_a_sleeper_that_wakes_before_anybody_claimed_neither_takes_its_ended_lease_back_nor_logs_after_its_death(
    real_store: str, settings: Settings, holder_settings: Settings
) -> None:
    with (
        connect(real_store, timeout=2, name="test") as client,
        connect(real_store, timeout=2, name="watcher") as watching,
        child("holder", holder_settings, real_store, "--defiant") as sleeper,
    ):
        watcher = Watcher(watching, lambda: [KRAKEN], settings)
        watcher.start()
        try:
            sleeper.line("active")
            sleeper.pause()
            eventually(lambda: moves(client)[-1] == "active>offline", settings.ttl_seconds + 2)
        finally:
            watcher.stop()
        sleeper.wake()
        assert sleeper.exit_code() == 75
        assert payload_of(client) is None
        assert last_record_of(client)["closed"] == "0"
        assert moves(client)[-1] == "active>offline"
