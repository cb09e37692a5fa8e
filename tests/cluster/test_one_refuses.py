"""One node of a Cluster dies or refuses writes: said of whom it concerns, and never at the cost of the others."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from perseus import keys
from perseus.errors import StoreRefusesWrites
from perseus.ingest.membership import Membership
from perseus.network.exchange import Exchange
from perseus.network.view.directory import Directory
from perseus.pluginhost.manager import load
from perseus.store import Client, connect
from perseus.web.network.notices import notices
from tests.conftest import KRAKEN, short
from tests.datastores import acquaint
from tests.instances import Party, eventually, walk
from tests.plugins.shelf import REGISTRY
from tests.redis_cluster import RedisCluster
from tests.redis_process import RedisProcess
from tests.stores.test_refusing import refusing


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    """A Cluster of this module's own, whose nodes go on without each other."""
    cluster = RedisCluster(tmp_path_factory.mktemp("one"), "--cluster-require-full-coverage", "no")
    try:
        yield cluster.start()
    finally:
        cluster.kill()


@pytest.fixture
def client(own: RedisCluster) -> Iterator[Client]:
    own.flush()
    with connect(own.url, timeout=1, name="t") as client:
        client.set(keys.INITIALISED, "kept")
        acquaint(client, KRAKEN)
        yield client


def only_log(own: RedisCluster) -> tuple[Exchange, RedisProcess]:
    """An exchange whose log is at a node that has neither its lease nor the mark of the site, and that node."""
    for number in range(1, 1_000):
        exchange = Exchange(number, f"x{number}", "X")
        node = own.node(keys.activity(exchange.name))
        if node not in (own.node(keys.status(number)), own.node(keys.INITIALISED)):
            return exchange, node
    raise AssertionError


def refusals(node: RedisProcess) -> int:
    """How many scripts have failed there so far."""
    with node.client() as admin:
        return int(admin.info("commandstats")["cmdstat_evalsha"]["failed_calls"])


def away_from(own: RedisCluster, *nodes: RedisProcess) -> Exchange:
    """An exchange that has nothing at these."""
    every = (Exchange(number, f"y{number}", "Y") for number in range(2_000, 3_000))
    return next(
        each
        for each in every
        if not {own.node(keys.status(each.id)).port, own.node(keys.activity(each.name)).port}
        & {node.port for node in nodes}
    )


def test_a_node_that_has_only_logs_counts_for_whether_the_site_is_ready(own: RedisCluster, client: Client) -> None:
    exchange, node = only_log(own)
    directory = Directory(client, lambda: (exchange,))
    assert directory.store_state().refused is None
    with refusing(node, "NOREPLICAS"):
        state = directory.store_state()
        assert (state.answers, state.refused) == (True, "NOREPLICAS")
    node.kill()
    try:
        assert not directory.store_state().answers
    finally:
        node.start()
        own.wait_until_whole()


def test_each_server_that_refuses_is_told_with_what_it_costs_and_each_end(
    own: RedisCluster, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    exchange, has_log = only_log(own)
    has_lease = own.node(keys.status(exchange.id))
    sound = away_from(own, has_lease, has_log)
    directory = Directory(client, lambda: (exchange, sound))
    with refusing(has_lease, "NOREPLICAS"):
        with refusing(has_log, "OOM"):
            for _ in range(3):
                view = directory.view()
                directory.exchange(sound.id)  # of which other nodes have all, and say nothing of these
            assert {one.code for one in view.store.refusing} == {"NOREPLICAS", "OOM"}
            for node, code in ((has_lease, "NOREPLICAS"), (has_log, "OOM")):
                assert caplog.text.count(f"127.0.0.1:{node.port} refuses writes: {code}") == 1
            assert f"No lease of {exchange.name} can be claimed or renewed: " in caplog.text
            assert f"No event of {exchange.name} can be recorded, nor can it start: " in caplog.text
        directory.view()
        assert f"127.0.0.1:{has_log.port} takes writes again" in caplog.text
        assert f"127.0.0.1:{has_lease.port} takes writes again" not in caplog.text
    assert directory.view().store.refusing == ()
    assert caplog.text.count("takes writes again") == 2


def test_the_banner_says_whom_one_refusing_node_concerns_and_not_that_nobody_can_start(
    own: RedisCluster, client: Client
) -> None:
    exchange, node = only_log(own)
    other = away_from(own, node)
    with refusing(node, "NOREPLICAS"):
        told = notices(Directory(client, lambda: (exchange, other)).view(), None)[0]
    assert "One server of it can be read" in told.text
    assert f"No event of {exchange.name} can be recorded, nor can it start." in told.text
    assert other.name not in told.text
    assert "No lease can" not in told.text
    assert str(node.port) not in told.text


def test_a_start_waits_for_the_node_of_its_log_and_claims_nothing(
    own: RedisCluster, client: Client, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    exchange, node = only_log(own)
    settings = short(tmp_path, redis_url=SecretStr(own.url), store_wait_seconds=0.3, public_ip_services=())
    membership = Membership(settings, load(entry_points=[REGISTRY]))
    try:
        with refusing(node, "NOREPLICAS"), pytest.raises(StoreRefusesWrites) as caught:
            membership.claim(exchange, time.sleep)
    finally:
        membership.close(1)
    assert caught.value.where == f"127.0.0.1:{node.port}"
    assert f"127.0.0.1:{node.port} refuses writes: NOREPLICAS" in caplog.text
    assert not client.exists(keys.status(exchange.id))
    assert not client.exists(keys.last_record(exchange.id))


def lines(caplog: pytest.LogCaptureFixture, text: str) -> Callable[[], list[str]]:
    return lambda: [record.getMessage() for record in caplog.records if text in record.getMessage()]


def test_a_stop_while_the_log_refuses_writes_releases_the_lease_and_tells_no_false_reason(
    own: RedisCluster, client: Client, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    exchange, node = only_log(own)
    acquaint(client, exchange)
    caplog.set_level(logging.INFO)
    party = Party(tmp_path)
    try:
        instance = walk(party.join(own.url, short(tmp_path), exchange=exchange))
        with refusing(node, "NOREPLICAS"):
            instance.stop("done")
            assert not client.exists(keys.status(exchange.id))
            record = client.hmget(keys.last_record(exchange.id), "closed", "reason")
        assert record == ["1", "done"]
    finally:
        party.end()
    assert "could not be released" not in caplog.text
    assert lines(caplog, "could not be written")() == ["2 events could not be written to the activity log."]
    (waiting,) = lines(caplog, "Events wait")()
    assert f"127.0.0.1:{node.port} refuses writes: NOREPLICAS" in waiting


def test_events_that_wait_are_told_once_and_so_is_their_end(
    own: RedisCluster, client: Client, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    exchange, node = only_log(own)
    acquaint(client, exchange)
    party = Party(tmp_path)
    try:
        instance = walk(party.join(own.url, short(tmp_path), exchange=exchange))
        with refusing(node, "NOREPLICAS"):
            instance.report_error("one")
            instance.report_error("two")
            eventually(lines(caplog, "Events wait"))
            refused = refusals(node)
            eventually(lambda: refusals(node) > refused + 1)
        eventually(lines(caplog, "takes events again"))
        assert instance.valid()
    finally:
        party.end()
    assert len(lines(caplog, "Events wait")()) == len(lines(caplog, "takes events again")()) == 1
