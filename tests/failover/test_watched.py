"""A primary with a replica and three sentinels: it dies or hangs, is replaced, and its holder finds the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from perseus import keys
from perseus.errors import LeaseRefused
from perseus.settings import Settings
from perseus.store import Client, connect
from tests.conftest import KRAKEN, short
from tests.failover.patience import OLD, is_held_under, logged, patiently, shown
from tests.instances import Party, eventually, walk
from tests.redis_sentinel import RedisSentinel, role


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisSentinel]:
    rig = RedisSentinel(tmp_path_factory.mktemp("watched"))
    try:
        yield rig.start()
    finally:
        rig.kill()


@pytest.fixture
def client(rig: RedisSentinel) -> Iterator[Client]:
    """The set whole and marked, and empty but for a record of kraken that is older than any lease."""
    primary = rig.primary
    for server in rig.servers:
        if not server.is_up():
            server.start()
            with server.client() as admin:
                admin.replicaof("127.0.0.1", primary.port)
    rig.wait_until_whole()
    rig.flush()
    with connect(rig.url, timeout=2, name="test") as client:
        client.set(keys.INITIALISED, "kept")
        with rig.primary.client() as admin:
            history = admin.info("replication")["master_replid"]
        client.hset(keys.last_record(KRAKEN.id), mapping={**OLD, "payload": "", "history": history})
        yield client


@pytest.fixture
def patient(tmp_path: Path) -> Settings:
    """A lease that outlives a failover."""
    return short(tmp_path, ttl_seconds=30.0)


@pytest.mark.parametrize("fault", ["dies", pytest.param("hangs", marks=pytest.mark.long)])
def test_when_the_primary_is_lost_the_holder_goes_on_at_the_replica_under_its_token(
    rig: RedisSentinel, client: Client, party: Party, patient: Settings, fault: str
) -> None:
    holder = walk(party.join(rig.url, patient))
    old, new = rig.primary, rig.replica
    (old.kill if fault == "dies" else old.freeze)()
    try:
        eventually(lambda: rig.told()[1] == new.port and role(new) == "master", 40)
        holder.report_error("after the failover")
        patiently(lambda: logged("after the failover", client) and shown("after the failover", client))
        patiently(lambda: is_held_under(holder.token, client))
        assert holder.valid()
        with pytest.raises(LeaseRefused):
            party.join(rig.url, patient, home="b")
    finally:
        if fault == "hangs":
            old.thaw()
