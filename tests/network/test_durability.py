"""WAIT behind a claim and each heartbeat: what it tells, what it costs, and that it never costs the lease."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

import pytest

from perseus import keys
from perseus.network.leasing.claims import Granted, Held, RedisClaims, Renewed, Taken
from perseus.network.leasing.durability import Durability
from perseus.network.payload import InstanceStatus
from perseus.settings import Settings
from perseus.store import Client, connect
from tests.conftest import KRAKEN, short
from tests.instances import Party, eventually, party, payload_of, walk
from tests.replicated import Pair

__all__ = ["party"]

BODY = '{"instanceId":"host-1"}'
WAIT = 0.3


@pytest.fixture(scope="module")
def pair_of_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    made = Pair(tmp_path_factory.mktemp("pair"))
    try:
        yield made.start()
    finally:
        made.kill()


@pytest.fixture
def pair(pair_of_module: Pair) -> Iterator[Pair]:
    """A primary and a replica that has everything; emptied, initialised."""
    with pair_of_module.primary.client() as client:
        client.flushall()
        client.set(keys.INITIALISED, "kept")
    assert pair_of_module.in_step() == 1
    yield pair_of_module
    pair_of_module.replica.thaw()
    eventually(lambda: pair_of_module.in_step() == 1, 20)


@pytest.fixture
def primary(pair: Pair) -> Iterator[Client]:
    with connect(pair.url, timeout=2, name="test") as client:
        yield client


def claims_of(client: Client, replicas: int = 1) -> RedisClaims:
    return RedisClaims(client, KRAKEN.id, 45, 0, replicas, WAIT)


def granted(claims: RedisClaims) -> Granted:
    answer = claims.acquire("n" * 32, "host-1", None, BODY)
    assert isinstance(answer, Granted)
    return answer


def asking(party: Party) -> Settings:
    return short(party.home, durable_replicas=1)


def test_a_claim_that_a_replica_has_is_durable(primary: Client) -> None:
    assert granted(claims_of(primary)).durability == Durability(asked=1, acknowledged=1)


def test_more_replicas_than_there_are_make_it_degraded_and_the_lease_stands(primary: Client) -> None:
    answer = granted(claims_of(primary, 2))
    assert answer.durability == Durability(asked=2, acknowledged=1)
    assert answer.durability.is_degraded
    assert primary.exists(keys.status(KRAKEN.id)) == 1


def test_a_replica_that_does_not_answer_costs_the_claim_its_wait_and_nothing_more(pair: Pair, primary: Client) -> None:
    claims = claims_of(primary)
    assert granted(claims).durability == Durability(asked=1, acknowledged=1)
    eventually(lambda: pair.behind() == 0)  # so that WAIT on another connection would find nothing missing
    pair.replica.freeze()
    began = time.monotonic()
    answer = granted(claims)
    assert WAIT <= time.monotonic() - began < WAIT + 1
    assert answer.durability == Durability(asked=1, acknowledged=0)


def test_each_heartbeat_tells_anew_and_says_how_long_it_was_held_back(pair: Pair, primary: Client) -> None:
    claims = claims_of(primary)
    token = granted(claims).token
    quick = claims.renew("n" * 32, "host-1", token, body_of(token), None)
    pair.replica.freeze()
    slow = claims.renew("n" * 32, "host-1", token, body_of(token), None)
    pair.replica.thaw()
    again = claims.renew("n" * 32, "host-1", token, body_of(token), None)
    assert [answer.durability.acknowledged for answer in (quick, slow, again) if isinstance(answer, Renewed)] == [
        1,
        0,
        1,
    ]
    assert quick.waited_ms < WAIT * 1000 <= slow.waited_ms + 5


def test_nobody_is_asked_unless_the_setting_says_so(primary: Client) -> None:
    primary.config_resetstat()
    answer = granted(claims_of(primary, 0))
    assert answer.durability is None
    assert "cmdstat_wait" not in primary.info("commandstats")


def test_a_refusal_is_told_as_ever(primary: Client) -> None:
    token = granted(claims_of(primary)).token
    other = claims_of(primary)
    assert isinstance(other.acquire("o" * 32, "host-2", None, '{"instanceId":"host-2"}'), Held)
    assert isinstance(other.renew("o" * 32, "host-2", token, BODY, None), Taken)


def test_a_script_that_the_store_has_forgotten_is_loaded_again(primary: Client) -> None:
    claims = claims_of(primary)
    token = granted(claims).token
    primary.script_flush()
    answer = claims.renew("n" * 32, "host-1", token, body_of(token), None)
    assert isinstance(answer, Renewed)
    assert answer.durability == Durability(asked=1, acknowledged=1)


def test_a_store_that_does_not_know_wait_or_not_allow_it_grants_the_lease_all_the_same(
    pair: Pair, primary: Client, fake_server: str
) -> None:
    primary.acl_setuser(
        "ingest", enabled=True, passwords=["+secret"], keys=["*"], channels=["*"], commands=["+@all", "-wait"]
    )
    forbidden = f"redis://ingest:secret@127.0.0.1:{pair.primary.port}/0"
    for url in (forbidden, fake_server):
        with connect(url, timeout=2, name="test") as client:
            client.delete(keys.status(KRAKEN.id), keys.last_record(KRAKEN.id))
            answer = granted(claims_of(client))
            assert answer.durability == Durability(asked=1, acknowledged=None)
            assert answer.durability.is_degraded


def test_an_instance_says_once_that_it_is_degraded_and_once_that_it_is_not_any_more(
    pair: Pair, primary: Client, party: Party, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    instance = walk(party.join(pair.url, asking(party)))
    assert said(primary) == Durability(asked=1, acknowledged=1)
    pair.replica.freeze()
    eventually(lambda: said(primary) == Durability(asked=1, acknowledged=0))
    for _ in range(3):
        beat = seen(primary).last_heartbeat
        eventually(lambda before=beat: seen(primary).last_heartbeat != before)
    assert instance.valid()
    pair.replica.thaw()
    eventually(lambda: said(primary) == Durability(asked=1, acknowledged=1))
    told = [record.message for record in caplog.records if "durab" in record.message]
    short_of, over = "0 of 1 replica acknowledged it", "1 of 1 replica acknowledged it"
    assert told == [
        f"kraken: durability degraded: the lease stands, but {short_of}. A failover now may lose it.",
        f"kraken: the lease is durable again: {over}.",
    ]


def test_a_wait_is_taken_neither_for_a_slow_network_nor_for_a_wrong_clock(
    pair: Pair, primary: Client, party: Party
) -> None:
    pair.replica.freeze()
    walk(party.join(pair.url, short(party.home, durable_replicas=1, store_timeout_seconds=0.45)))
    eventually(lambda: said(primary) == Durability(asked=1, acknowledged=0) and seen(primary).store_rtt_ms is not None)
    status = seen(primary)
    assert status.store_rtt_ms is not None
    assert status.store_rtt_ms < 80
    assert abs(status.clock_skew_ms or 0) < 40


def body_of(token: str) -> str:
    return f'{{"fencingToken":"{token}","instanceId":"host-1"}}'


def seen(client: Client) -> InstanceStatus:
    status = payload_of(client)
    assert status is not None
    return status


def said(client: Client) -> Durability | None:
    return seen(client).durability
