"""Joining through the plugins: what is waited for, and what is refused."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from perseus import keys
from perseus.errors import SettingError, StopRequested, StoreUnavailable, UnknownExchange
from perseus.ingest.membership import Membership, find_exchange
from perseus.network.claims import Granted, RedisClaims
from perseus.network.exchange import Exchange
from perseus.pluginhost.manager import load
from perseus.settings import Settings
from perseus.store import connect
from tests.conftest import short
from tests.plugins.shelf import REGISTRY
from tests.redis_process import free_port


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


def test_without_a_store_to_go_to_the_setting_is_named(site: Settings, exchange: Exchange) -> None:
    nowhere = Membership(short(site.home), load(entry_points=[REGISTRY]))
    with pytest.raises(SettingError, match="PERSEUS_REDIS_URL"):
        nowhere.claim(exchange, time.sleep)
    nowhere.close(1)
