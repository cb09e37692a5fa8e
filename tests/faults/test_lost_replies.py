"""Requests that the store carries out although nobody hears its answer, and requests that it gets far too late."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from perseus.network.states import State
from perseus.settings import Settings
from perseus.store import Client, connect
from tests.faults.proxy import Proxy, script_text
from tests.instances import Party, Recorder, beaten, events, eventually, last_record_of, moves, payload_of, walk
from tests.redis_process import RedisProcess

SCRIPTS = ("acquire", "renew", "release", "append")


@pytest.fixture
def proxy(redis_server: RedisProcess, real_store: str) -> Iterator[Proxy]:
    """A way to the store, and scripts that it knows already: each call is then one request."""
    with connect(real_store, timeout=2, name="test") as client, Proxy(redis_server.port) as proxy:
        for name in SCRIPTS:
            client.script_load(script_text(name))
        yield proxy


@pytest.fixture
def client(real_store: str) -> Iterator[Client]:
    with connect(real_store, timeout=2, name="test") as client:
        yield client


def test_a_claim_whose_reply_is_lost_is_asked_for_again_and_not_taken_for_another_holder(
    proxy: Proxy, party: Party, client: Client
) -> None:
    fault = proxy.lose_reply("acquire")
    instance = party.join(proxy.url)
    assert fault.struck.is_set()
    assert instance.valid()
    status = payload_of(client)
    assert status is not None
    assert (status.instance_id, status.fencing_token) == (instance.instance_id, instance.token)
    walk(instance)
    assert moves(client)[0] == "idle>starting"


def test_a_heartbeat_whose_reply_is_lost_is_sent_again_and_changes_nothing(
    proxy: Proxy, party: Party, client: Client, settings: Settings
) -> None:
    observer = Recorder()
    instance = walk(party.join(proxy.url, settings, observer=observer))
    fault = proxy.lose_reply("renew")
    assert fault.struck.wait(5)
    beaten(client, 2)
    assert instance.valid()
    status = payload_of(client)
    assert status is not None
    assert status.fencing_token == instance.token
    assert moves(client) == ["idle>starting", "starting>warming", "warming>active"]
    assert observer.of("lease_lost") == []


def test_a_release_whose_reply_is_lost_is_sent_again_and_told_as_a_release(
    proxy: Proxy, party: Party, client: Client, settings: Settings
) -> None:
    observer = Recorder()
    instance = walk(party.join(proxy.url, settings, observer=observer))
    fault = proxy.lose_reply("release")
    began = time.monotonic()
    instance.stop("done")
    assert fault.struck.is_set()
    assert time.monotonic() - began < settings.stop_seconds + settings.store_timeout_seconds
    assert payload_of(client) is None
    record = last_record_of(client)
    assert (record["closed"], record["reason"]) == ("1", "done")
    assert observer.of("deregistered") == ["done"]
    walk(party.join(proxy.url, settings, home="b"))
    assert "offline" not in str(events(client))


def test_a_heartbeat_that_arrives_after_the_release_does_not_bring_the_lease_back(
    proxy: Proxy, party: Party, client: Client, settings: Settings
) -> None:
    instance = walk(party.join(proxy.url, settings))
    late = proxy.hold("renew")
    instance.report_error("one more heartbeat, please")
    assert late.struck.wait(5)
    instance.stop("done")
    assert payload_of(client) is None
    late.deliver()
    assert payload_of(client) is None
    assert last_record_of(client)["closed"] == "1"
    walk(party.join(proxy.url, settings, home="b"))


def test_a_heartbeat_that_arrives_after_a_successor_has_claimed_does_not_touch_it(
    proxy: Proxy, party: Party, client: Client, settings: Settings
) -> None:
    first = walk(party.join(proxy.url, settings))
    late = proxy.hold("renew")
    first.report_error("one more heartbeat, please")
    assert late.struck.wait(5)
    first.stop("done")
    second = walk(party.join(proxy.url, settings, home="b"))
    late.deliver()
    status = payload_of(client)
    assert status is not None
    assert (status.fencing_token, status.connection_state) == (second.token, State.ACTIVE)
    assert last_record_of(client)["token"] == second.token


def test_an_event_whose_reply_is_lost_stands_in_the_log_once(
    proxy: Proxy, party: Party, client: Client, settings: Settings
) -> None:
    instance = party.join(proxy.url, settings)
    fault = proxy.lose_reply("append")
    walk(instance)
    assert fault.struck.is_set()
    assert moves(client) == ["idle>starting", "starting>warming", "warming>active"]
    assert [event["seq"] for event in events(client)] == ["1", "2", "3"]


def test_an_event_that_arrives_late_behind_newer_ones_is_not_written_again(
    proxy: Proxy, party: Party, client: Client, settings: Settings
) -> None:
    instance = party.join(proxy.url, settings)
    late = proxy.hold("append")
    walk(instance)
    assert late.struck.is_set()
    late.deliver()
    assert moves(client) == ["idle>starting", "starting>warming", "warming>active"]
    instance.report_error("the next event")
    eventually(lambda: moves(client)[-1] == "error")
    assert [event["seq"] for event in events(client)] == ["1", "2", "3", "4"]
