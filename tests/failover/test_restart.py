"""One server that is restarted: with all that it confirmed, or, as after a power failure, without the last of it."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from perseus import keys
from perseus.errors import StoreUnavailable
from perseus.network.log.activity import ActivityLog, Written, error
from perseus.store import connect
from tests.conftest import KRAKEN, short
from tests.failover.overlap import Overlap
from tests.instances import Party, events, walk
from tests.network.samples import sample
from tests.redis_process import RedisProcess
from tests.tcp_proxy import Link


@pytest.fixture
def kept(own_server: RedisProcess) -> RedisProcess:
    with own_server.client() as client:
        client.set(keys.INITIALISED, "kept")
    return own_server


@pytest.fixture
def cable(kept: RedisProcess) -> Iterator[Link]:
    with Link(kept.port) as link:
        yield link


def test_a_server_killed_while_it_writes_has_every_event_that_it_confirmed(kept: RedisProcess) -> None:
    """`appendfsync always`."""
    confirmed: list[Written] = []

    def write() -> None:
        with connect(kept.url, timeout=2, name="test") as client:
            log = ActivityLog(client, KRAKEN, 10_000)
            try:
                while True:
                    confirmed.append(log.write(error(sample(), 1, "text", 1)))
            except StoreUnavailable:
                return

    writer = threading.Thread(target=write)
    writer.start()
    while len(confirmed) < 300:
        assert writer.is_alive()
    kept.kill()
    writer.join(10)
    kept.start()
    with connect(kept.url, timeout=2, name="test") as client:
        there = {event["eventId"]: int(event["seq"]) for event in events(client)}
    assert [there.get(each.event_id) for each in confirmed] == [each.seq for each in confirmed]


def test_where_a_settle_time_is_set_a_restart_without_the_last_claim_makes_no_second_holder(
    kept: RedisProcess, cable: Link, party: Party, tmp_path: Path
) -> None:
    """`appendfsync everysec` and a power failure: the file is what it was before the claim."""
    settings, settling = short(tmp_path), short(tmp_path, settle_seconds=0.1)
    party.join(kept.url, settings, home="earlier").stop("done")
    shutil.copy(kept.folder / "appendonly.aof", tmp_path / "before")
    holder = walk(party.join(cable.url, settings, home="a"))
    cable.cut()
    kept.kill()
    shutil.copy(tmp_path / "before", kept.folder / "appendonly.aof")
    kept.start()
    claimant = party.join(kept.url, settling, home="b")
    with Overlap(holder, claimant) as seen:
        assert claimant.wait_valid(2 * settings.ttl_seconds)
    assert seen.both == 0
    assert seen.last_valid[0] < seen.first_valid[1]


def test_without_a_settle_time_a_restart_is_not_doubted(kept: RedisProcess, party: Party, tmp_path: Path) -> None:
    """As `perseus up` has it: whoever starts after the store need not wait."""
    kept.kill()
    kept.start()
    assert party.join(kept.url, short(tmp_path)).valid()
