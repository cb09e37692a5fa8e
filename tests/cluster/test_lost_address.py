"""A node that was reset: the others give its slots to a node whose address they do not know."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from perseus import db, keys
from perseus.db import diagnosis
from perseus.doctor.examination import examine
from perseus.doctor.site import Site
from perseus.errors import StoreUnavailable
from perseus.network.exchange import Exchange
from perseus.network.view.directory import Directory
from perseus.sealing import Sealer
from perseus.store import answers, connect
from tests.conftest import short
from tests.instances import eventually
from tests.redis_cluster import RedisCluster

NOADDR = "a node that the Cluster does not know the address of (noaddr)"


@pytest.fixture
def doomed(tmp_path: Path) -> Iterator[RedisCluster]:
    cluster = RedisCluster(tmp_path / "doomed", "--cluster-require-full-coverage", "no")
    try:
        yield cluster.start()
    finally:
        cluster.kill()


def test_it_is_told_as_that_and_by_no_port_0(doomed: RedisCluster, tmp_path: Path, exchange: Exchange) -> None:
    lost = doomed.node(keys.status(exchange.id))
    sound = [node for node in doomed.nodes if node is not lost]
    with lost.client() as admin:
        admin.flushall()
        admin.execute_command("CLUSTER RESET HARD")
    url = f"redis+cluster://127.0.0.1:{sound[0].port},127.0.0.1:{sound[1].port}"

    def told() -> str:
        with connect(url, timeout=1, name="t") as client:
            with pytest.raises(StoreUnavailable) as caught, answers(client):
                client.get(keys.status(exchange.id))
            view = Directory(client, lambda: (exchange,)).view()
        return f"{caught.value} {view.store.reason}"

    assert eventually(lambda: NOADDR in (said := told()) and ":0" not in said, 20)
    settings, home = short(tmp_path), tmp_path / "home"
    database = db.default_url(home)
    db.initialise(database)
    report = examine(settings, url, Site(lambda: diagnosis.facts(database, Sealer.of(settings)), tuple))
    said = " ".join(f"{one.name} {one.seen} {one.where}" for one in report.findings)
    assert "slots" in {one.name for one in report.findings}
    assert "has no address of (noaddr)" in said
    assert ":0'" not in said
    assert ":0:" not in said
