"""A store that is frozen, full or gone while an instance works."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from perseus.clock import SystemClock
from perseus.errors import LeaseLost, StoreRefused, StoreUnavailable
from perseus.network.states import State
from perseus.settings import Settings
from perseus.store import connect
from tests.conftest import short
from tests.faults.child import child, effects
from tests.instances import Party, Recorder, events, eventually, moves, payload_of, walk
from tests.redis_process import RedisProcess, free_port

# Room between the end of a stubborn process and the end of its key, for a slow machine.
ROOMY = {"ttl_seconds": 3.6, "margin_seconds": 2.0}
PASSWORD = "a pass/word@with:signs"


@pytest.fixture
def roomy(tmp_path: Path) -> Settings:
    return short(tmp_path / "holder", **ROOMY)


def test_work_stops_by_the_deadline_and_goes_on_by_itself_while_still_the_holder(
    kept_server: RedisProcess, roomy: Settings
) -> None:
    """Frozen for longer than TTL - margin and shorter than the TTL."""
    with child("holder", roomy, kept_server.url) as holder:
        token = holder.line("active").split()[1]
        kept_server.freeze()
        frozen_at = SystemClock().elapsed()
        holder.line("halted")
        deadline = frozen_at + roomy.ttl_seconds - roomy.margin_seconds
        assert max(at for at, _ in effects(roomy.home)) < deadline + 0.05
        longer_than_the_deadline = roomy.stop_seconds / 2
        time.sleep(longer_than_the_deadline)
        kept_server.thaw()
        holder.line("resumed")
        thawed_at = SystemClock().elapsed()
        eventually(lambda: effects(roomy.home)[-1][0] > thawed_at)
        with connect(kept_server.url, timeout=2, name="test") as client:
            status = payload_of(client)
            assert status is not None
            assert (status.fencing_token, status.connection_state) == (token, State.ACTIVE)
            eventually(lambda: moves(client)[-1] == "error")
            assert "did not answer in time" in events(client)[-1]["error"]
        assert holder.process.poll() is None


def test_a_lease_that_ran_out_in_the_silence_is_lost_for_good(kept_server: RedisProcess, roomy: Settings) -> None:
    with child("holder", roomy, kept_server.url) as holder:
        holder.line("active")
        kept_server.freeze()
        frozen_at = SystemClock().elapsed()
        assert holder.exit_code() == 75
        assert "lost" in holder.line("ended")
        assert max(at for at, _ in effects(roomy.home)) < frozen_at + roomy.ttl_seconds - roomy.margin_seconds + 0.05
        kept_server.thaw()
        with connect(kept_server.url, timeout=2, name="test") as client:
            eventually(lambda: payload_of(client) is None)


def test_a_process_that_does_not_stop_is_ended_before_its_key_can_expire(
    kept_server: RedisProcess, roomy: Settings
) -> None:
    """Its work never asks; the warden gives it `stop_seconds` after the deadline."""
    with child("holder", roomy, kept_server.url, "--stubborn") as holder:
        holder.line("active")
        kept_server.freeze()
        frozen_at = SystemClock().elapsed()
        assert holder.exit_code() == 75
        last = max(at for at, _ in effects(roomy.home))
        assert last < frozen_at + roomy.ttl_seconds
        assert last > frozen_at + roomy.ttl_seconds - roomy.margin_seconds, "it did go on beyond the deadline"


@pytest.mark.parametrize(
    "setting", [("maxmemory", 1, 0), ("min-replicas-to-write", 1, 0)], ids=["out of memory", "too few replicas"]
)
def test_a_store_that_cannot_write_for_a_while_costs_the_holder_nothing(
    kept_server: RedisProcess, party: Party, roomy: Settings, setting: tuple[str, int, int]
) -> None:
    name, broken, sound = setting
    observer = Recorder()
    holder = walk(party.join(kept_server.url, roomy, observer=observer))
    with connect(kept_server.url, timeout=2, name="test") as client:
        client.config_set(name, broken)
        eventually(lambda: observer.of("heartbeat_late"))
        assert holder.valid()
        client.config_set(name, sound)
        holder.report_error("after the trouble")
        eventually(lambda: moves(client)[-1] == "error")
        eventually(lambda: (found := payload_of(client)) and found.last_error == "after the trouble")
    assert holder.valid()
    assert observer.of("lease_lost") == []


def test_a_store_that_is_gone_for_good_ends_the_work_by_its_deadline(
    kept_server: RedisProcess, party: Party, settings: Settings
) -> None:
    observer = Recorder()
    holder = walk(party.join(kept_server.url, settings, observer=observer))
    kept_server.kill()
    eventually(lambda: not holder.valid(), settings.ttl_seconds - settings.margin_seconds + 0.5)
    with pytest.raises(LeaseLost, match=r"no heartbeat was answered for \d+ s"):
        holder.wait_valid()
    assert len(observer.of("lease_lost")) == 1
    assert party.ended_hard == 0


def test_a_start_waits_for_a_store_that_is_not_up_yet(
    kept_server: RedisProcess, party: Party, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    kept_server.kill()
    starter = threading.Timer(0.5, kept_server.start)
    starter.start()
    try:
        assert party.join(kept_server.url, settings).state is State.IDLE
    finally:
        starter.join()
    assert "Trying again" in caplog.text


def test_a_start_gives_up_on_a_store_that_stays_down_at_the_stated_time(party: Party, settings: Settings) -> None:
    patience = settings.model_copy(update={"store_wait_seconds": 0.5})
    port = free_port()
    began = time.monotonic()
    with pytest.raises(StoreUnavailable, match=rf"127\.0\.0\.1:{port} does not answer"):
        party.join(f"redis://127.0.0.1:{port}/0", patience)
    assert 0.4 <= time.monotonic() - began < 1.5


def test_a_wrong_password_is_told_at_once_and_stays_secret(
    kept_server: RedisProcess, party: Party, settings: Settings
) -> None:
    with connect(kept_server.url, timeout=2, name="test") as client:
        client.config_set("requirepass", PASSWORD)
        began = time.monotonic()
        with pytest.raises(StoreRefused, match="PERSEUS_REDIS_URL") as refusal:
            party.join(f"redis://:wrong-secret@127.0.0.1:{kept_server.port}/0", settings)
        assert time.monotonic() - began < 1
        assert "wrong-secret" not in str(refusal.value)
        client.config_set("requirepass", "")
