"""Who appends to a log says so on a channel: a hint for who waits, which costs the log nothing when it is forbidden."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from perseus import keys
from perseus.errors import StoreRefused
from perseus.network.exchange import Exchange
from perseus.network.log.activity import ActivityLog, transition
from perseus.store import Client, answers, connect
from tests.network.samples import sample
from tests.redis_process import RedisProcess

pytestmark = pytest.mark.everywhere
EXCHANGES = [Exchange(number, f"x{number}", "X") for number in range(1, 13)]
RIGHTS = (
    "+client +select +hello +script|load +evalsha +cluster|slots +time +hmget +hset +hincrby +xadd +xtrim +xlen "
    "+xrange +xrevrange +publish"
)


def append(client: Client, exchange: Exchange) -> str:
    entry = transition(sample(), 0, "idle", "starting", "test")
    return ActivityLog(client, exchange, 1_000).append(entry)


@pytest.fixture
def ear(client: Client) -> Iterator[redis.client.PubSub]:
    with client.pubsub(ignore_subscribe_messages=True) as ear:
        ear.subscribe(keys.NETWORK_CHANNEL)
        ear.get_message(timeout=2)
        yield ear


def test_each_append_is_told_with_the_name_of_its_log_wherever_it_lives(
    client: Client, ear: redis.client.PubSub
) -> None:
    for exchange in EXCHANGES:
        append(client, exchange)
    heard = [ear.get_message(timeout=2) for _ in EXCHANGES]
    assert {message and message["data"] for message in heard} == {keys.activity(each.name) for each in EXCHANGES}


def test_what_a_client_publishes_is_heard(client: Client, ear: redis.client.PubSub) -> None:
    client.publish(keys.NETWORK_CHANNEL, "orders")
    message = ear.get_message(timeout=2)
    assert message is not None
    assert (message["channel"], message["data"]) == (keys.NETWORK_CHANNEL, "orders")


@pytest.fixture
def mute(servers: list[RedisProcess], real_store: str) -> Iterator[Client]:
    """A user without any right to a channel."""
    rights = RIGHTS.split()
    for server in servers:
        with server.client() as admin:
            admin.execute_command("ACL SETUSER", "mute", "reset", "on", ">pw", "~*logs:*", "resetchannels", *rights)
    with connect(real_store.replace("://", "://mute:pw@"), timeout=2, name="t") as client:
        yield client
    for server in servers:
        with server.client() as admin:
            admin.acl_deluser("mute")


def test_a_user_who_may_not_publish_can_still_append(mute: Client) -> None:
    for exchange in EXCHANGES:
        append(mute, exchange)
    assert [mute.xlen(keys.activity(exchange.name)) for exchange in EXCHANGES] == [1] * len(EXCHANGES)
    with pytest.raises(StoreRefused), answers(mute):
        mute.publish(keys.NETWORK_CHANNEL, "orders")
