"""Joining through the plugins: what is waited for, and what is refused."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint

import pytest
import redis
from pydantic import SecretStr

from perseus import db, keys
from perseus.errors import SettingError, StopRequested, StoreRefusesWrites, StoreUnavailable, UnknownExchange
from perseus.ingest import process
from perseus.ingest.membership import JoinFailed, Membership, find_exchange
from perseus.network.exchange import Exchange
from perseus.network.instance import Instance
from perseus.network.leasing.claims import Granted, RedisClaims
from perseus.pluginhost.manager import load
from perseus.settings import Settings
from perseus.store import connect
from tests.conftest import short
from tests.databases import execute
from tests.ingest.scripted import Running
from tests.plugins.shelf import REGISTRY, Shelf
from tests.plugins.test_hooks import eventually
from tests.redis_process import RedisProcess, free_port


@pytest.fixture
def membership(site: Settings) -> Iterator[Membership]:
    membership = Membership(site, load(entry_points=[REGISTRY]))
    yield membership
    membership.close(1)


def test_an_exchange_is_found_by_its_name_in_the_database(site: Settings) -> None:
    found = find_exchange("coinbase", site)
    assert (found.id, found.name) == (1, "coinbase")


@pytest.mark.parametrize("name", ["Coinbase", "nope", "", "coinbase "])
def test_any_other_name_is_refused_and_the_known_ones_are_listed(site: Settings, name: str) -> None:
    with pytest.raises(UnknownExchange, match="coinbase") as caught:
        find_exchange(name, site)
    assert caught.value.exit_code == 78
    assert "coinbase" in caught.value.known


def test_a_database_that_does_not_fit_is_refused_with_what_differs(site: Settings) -> None:
    url = db.default_url(site.home)
    execute(url, "DROP TABLE silences")
    with pytest.raises(db.DatabaseMismatch, match="it has no table 'silences'"):
        find_exchange("coinbase", site)


def test_one_that_waits_for_a_start_looks_at_its_database_first(site: Settings) -> None:
    execute(db.default_url(site.home), "DROP TABLE silences")
    with pytest.raises(db.DatabaseMismatch, match="it has no table 'silences'"):
        process.run(None, site, idle=True)


def abandoned(site: Settings, exchange: Exchange) -> None:
    """A lease whose key has vanished before its time."""
    assert site.redis_url is not None
    with connect(site.redis_url.get_secret_value(), timeout=2, name="abandoned") as client:
        claims = RedisClaims(client, exchange.id, site.ttl_seconds, 0)
        assert isinstance(claims.acquire("nonce", "gone-1-a", None, '{"hostname":"gone"}'), Granted)
        client.delete(keys.status(exchange.id))


def test_an_exchange_that_was_not_released_is_waited_for(
    membership: Membership, site: Settings, exchange: Exchange, caplog: pytest.LogCaptureFixture
) -> None:
    abandoned(site, exchange)
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        time.sleep(seconds)

    instance = membership.claim(exchange, pause)
    assert instance.valid()
    assert 0 < sum(pauses) <= site.ttl_seconds + 0.1
    assert "kraken was not released by its last holder" in caplog.text
    instance.stop()


def test_a_stop_ends_the_wait(membership: Membership, site: Settings, exchange: Exchange) -> None:
    def pause(seconds: float) -> None:
        raise StopRequested("kraken", "SIGTERM")

    abandoned(site, exchange)
    with pytest.raises(StopRequested):
        membership.claim(exchange, pause)


def test_a_store_that_is_down_is_waited_for_as_long_as_the_settings_say(site: Settings, exchange: Exchange) -> None:
    url = SecretStr(f"redis://127.0.0.1:{free_port()}/0")
    down = Membership(short(site.home, redis_url=url, store_wait_seconds=0.2), load(entry_points=[REGISTRY]))
    pauses: list[float] = []
    with pytest.raises(StoreUnavailable):
        down.claim(exchange, lambda seconds: (pauses.append(seconds), time.sleep(seconds)))
    assert pauses
    assert sum(pauses) <= 0.3
    down.close(1)


@contextmanager
def refusing_writes(server: RedisProcess) -> Iterator[redis.Redis]:
    with server.client() as admin:
        admin.config_set("min-replicas-to-write", 1)
        yield admin
        admin.config_set("min-replicas-to-write", 0)


def test_a_store_that_refuses_writes_is_waited_for_as_long_and_told_as_the_reason(
    site: Settings, exchange: Exchange, own_server: RedisProcess, caplog: pytest.LogCaptureFixture
) -> None:
    url = SecretStr(own_server.url)
    waiting = Membership(short(site.home, redis_url=url, store_wait_seconds=0.5), load(entry_points=[REGISTRY]))
    pauses: list[float] = []
    with refusing_writes(own_server), pytest.raises(StoreRefusesWrites, match="refuses writes: NOREPLICAS"):
        waiting.claim(exchange, lambda seconds: (pauses.append(seconds), time.sleep(seconds)))
    assert 0.4 <= sum(pauses) <= 0.6
    assert "refuses writes: NOREPLICAS" in caplog.text
    assert "Trying again for" in caplog.text
    assert "Plugin" not in caplog.text
    waiting.close(1)


def test_a_start_goes_on_when_writes_are_taken_and_no_plugin_is_blamed_for_the_wait(
    site: Settings,
    exchange: Exchange,
    own_server: RedisProcess,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("perseus.pluginhost.calling.calls.SLOW_SECONDS", 0.2)
    changes = {"redis_url": SecretStr(own_server.url), "public_ip_services": (), "store_wait_seconds": 20.0}
    waiting = Membership(short(site.home, **changes), load(entry_points=[REGISTRY]))
    with refusing_writes(own_server) as admin:
        admin.config_set("min-replicas-to-write", 0)
        admin.set(keys.INITIALISED, "kept")
        admin.config_set("min-replicas-to-write", 1)

        def pause(_: float) -> None:
            time.sleep(0.5)
            admin.config_set("min-replicas-to-write", 0)

        instance = waiting.claim(exchange, pause)
    assert instance.valid()
    assert "Plugin registry has not come back" not in caplog.text
    instance.stop()
    waiting.close(1)


def test_without_a_store_to_go_to_the_setting_is_named(site: Settings, exchange: Exchange) -> None:
    nowhere = Membership(short(site.home), load(entry_points=[REGISTRY]))
    with pytest.raises(SettingError, match="PERSEUS_REDIS_URL"):
        nowhere.claim(exchange, time.sleep)
    nowhere.close(1)


def joined_by(shelf: Shelf, site: Settings, exchange: Exchange, *more: EntryPoint) -> Instance:
    """Claims with the plugins on the shelf; a claim that fails closes what it opened."""
    membership = Membership(site, shelf.load(*more))
    try:
        return membership.claim(exchange, time.sleep)
    finally:
        membership.close(1)


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("raise OSError(28, 'No space left on device', '/home/ada/proof')", "OSError: [Errno 28] No space left"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("import asyncio; raise asyncio.CancelledError", "CancelledError"),
        ("return 42", "TypeError: it returned 42, which is no Instance"),
    ],
)
def test_a_join_that_failed_is_told_with_its_plugin_and_its_cause(
    shelf: Shelf, site: Settings, exchange: Exchange, body: str, cause: str
) -> None:
    shelf.add("bad", f"@hookimpl\ndef perseus_join(): {body}")
    with pytest.raises(JoinFailed) as caught:
        joined_by(shelf, site, exchange)
    assert f"kraken is not on the network: plugin bad failed in perseus_join: {cause}" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 1


def test_the_registry_joins_after_a_plugin_that_gave_no_instance(
    shelf: Shelf, site: Settings, exchange: Exchange
) -> None:
    shelf.add("bad", "@hookimpl\ndef perseus_join(): return 42")
    with joined_by(shelf, site, exchange, REGISTRY) as instance:
        assert instance.valid()


def test_the_ctrl_c_of_a_person_ends_a_join(shelf: Shelf, site: Settings, exchange: Exchange) -> None:
    shelf.add("slow", "@hookimpl\ndef perseus_join():\n    import signal\n    signal.raise_signal(signal.SIGINT)")
    with pytest.raises(KeyboardInterrupt):
        joined_by(shelf, site, exchange, REGISTRY)


def test_a_plugin_that_is_slow_to_join_is_named_while_it_is(
    shelf: Shelf, site: Settings, exchange: Exchange, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("perseus.pluginhost.calling.calls.SLOW_SECONDS", 0.05)
    source = "import threading\nrelease = threading.Event()\n@hookimpl\ndef perseus_join(): release.wait(10)"
    shelf.add("slow", source)
    membership = Membership(site, shelf.load(REGISTRY))

    def release_once_named() -> None:
        eventually(lambda: "Plugin slow has not come back from perseus_join" in caplog.text, 5)
        shelf.module("slow").release.set()

    waiting = Running(release_once_named)
    membership.claim(exchange, time.sleep).stop()
    membership.close(1)
    assert waiting.ended() is None


def test_the_pause_of_a_claim_is_the_one_that_a_stop_ends(
    site: Settings, exchange: Exchange, membership: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pause(seconds: float) -> None:
        raise StopRequested("kraken", "SIGTERM")

    def no_answer(*_: object) -> None:
        raise StoreUnavailable("here", "it is loading")

    monkeypatch.setattr(RedisClaims, "acquire", no_answer)
    with pytest.raises(StopRequested):
        membership.claim(exchange, pause)


def test_a_claim_says_at_once_to_whom_commands_go(site: Settings, exchange: Exchange) -> None:
    membership = Membership(site, load(entry_points=[REGISTRY]), "host-1-0a1b2c3d")
    assert site.redis_url is not None
    with connect(site.redis_url.get_secret_value(), timeout=2, name="look") as client:
        try:
            instance = membership.claim(exchange, time.sleep)
            text = client.get(keys.status(exchange.id))
            instance.stop()
        finally:
            membership.close(1)
    assert json.loads(str(text))["fields"] == {"target": "host-1-0a1b2c3d"}


def test_that_nobody_says_the_address_is_known_and_asked_once(
    site: Settings, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr("perseus.ingest.membership.public_ip", asked.append)
    membership = Membership(site, load(entry_points=[REGISTRY]))
    try:
        assert membership.public_ip() is None
        with membership.claim(exchange, time.sleep) as instance:
            assert instance.ip_sought.wait(5)
            assert instance.status().ip_address is None
    finally:
        membership.close(1)
    assert len(asked) == 1
