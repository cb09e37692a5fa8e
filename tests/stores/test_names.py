"""Names of hosts: those that no name can be are refused where they are read, and silent where they are told."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis

from perseus.db.urls import parse
from perseus.errors import SettingError, StoreUnavailable
from perseus.store import answers, connect
from perseus.store.client import _pooled
from perseus.store.finder import Finder
from perseus.store.inquiry import Inquiry
from perseus.store.layout import Place
from perseus.store.url import StoreURL
from tests.redis_process import RedisProcess

NEVER = ("a..b", "x" * 64, f"store.{'x' * 64}.example.org", "h\u00f6st..example")


@pytest.mark.parametrize("host", NEVER)
@pytest.mark.parametrize("url", ["redis://{}/0", "redis+cluster://one,{}:7000", "rediss+sentinel://one,{}:1/perseus"])
def test_a_host_that_no_name_can_be_is_refused_in_the_address_of_the_store(url: str, host: str) -> None:
    with pytest.raises(SettingError, match="PERSEUS_REDIS_URL: names a host that no name can be"):
        StoreURL.parse(url.format(host))


@pytest.mark.parametrize("host", NEVER)
@pytest.mark.parametrize("url", ["postgresql://u:p@{}/x", "postgresql://u:p@/x?host=one:1,{}:2"])
def test_and_in_that_of_the_database(url: str, host: str) -> None:
    with pytest.raises(SettingError, match="PERSEUS_DATABASE_URL: names a host that no name can be"):
        parse(url.format(host))


@pytest.mark.parametrize("host", ["a.b.", "x" * 63, "h\u00f6st.example", "under_score"])
def test_names_that_may_exist_are_taken(host: str) -> None:
    assert StoreURL.parse(f"redis://{host}/0").places == ((host, 6379),)
    assert parse(f"postgresql://u:p@{host}/x").host == host


@pytest.mark.parametrize("tls", [None, {}], ids=["plain", "tls"])
def test_a_name_that_a_server_told_and_that_none_can_be_is_silence(tls: dict[str, object] | None) -> None:
    client = _pooled(("a..b", 1), {"socket_connect_timeout": 1.0}, tls)
    with client, pytest.raises(StoreUnavailable, match=r"a\.\.b is no name of a host"), answers(client):
        client.ping()


def test_beside_such_a_name_a_cluster_and_sentinels_are_found(own_server: RedisProcess, tmp_path: Path) -> None:
    def make(place: Place, seconds: float) -> redis.Redis:
        return _pooled(place, {"socket_connect_timeout": seconds, "decode_responses": True}, None)

    sound = ("127.0.0.1", own_server.port)
    inquiry = Inquiry([("a..b", 1), sound], make, 1.0)
    with pytest.raises(Exception, match="it is one server and no Redis Cluster"):
        inquiry.layout(None)
    finder = Finder([("a..b", 1), sound], "perseus", make, 1.0)
    with pytest.raises(Exception, match=f"sentinel 127.0.0.1:{own_server.port} is no sentinel"):
        finder.primary()
    with connect(f"redis://127.0.0.1:{own_server.port}", timeout=1.0, name="t") as client:
        assert client.ping()
