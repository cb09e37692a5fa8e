"""TLS with real servers of all three kinds, and what is said of certificates and ports that are wrong."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest

from perseus.errors import StoreUnavailable, StoreUntrusted
from perseus.network.leasing.claims import Granted, RedisClaims, Renewed
from perseus.store import connect, wait_until_up
from tests.network.samples import claim_body
from tests.redis_process import RedisProcess
from tests.redis_tls import NAMES, Files, TLSCluster, TLSProcess, TLSSentinel
from tests.stores.refusals import refused

EXPIRED = -datetime.timedelta(hours=1)
KINDS = ("server", "cluster", "sentinel")
Rig = TLSProcess | TLSCluster | TLSSentinel


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return Files(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def rigs(files: Files, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Rig]]:
    """One of each kind, with a certificate for this host's names."""
    options = files.certified(*NAMES)
    made: dict[str, Rig] = {
        "server": TLSProcess(tmp_path_factory.mktemp("server"), *options),
        "cluster": TLSCluster(tmp_path_factory.mktemp("cluster"), *options),
        "sentinel": TLSSentinel(tmp_path_factory.mktemp("sentinel"), *options),
    }
    try:
        for rig in made.values():
            rig.start()
        yield made
    finally:
        for rig in made.values():
            rig.kill()


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, rigs: dict[str, Rig]) -> str:
    """The address of a store, of each kind in turn."""
    return rigs[request.param].url


def server(tmp_path: Path, *options: str) -> TLSProcess:
    return TLSProcess(tmp_path / "server", *options)


def test_all_that_a_lease_needs_works_over_tls(url: str) -> None:
    with connect(url, timeout=2, name="over-tls") as client:
        claims = RedisClaims(client, 4, 45, 0)
        grant = claims.acquire("n", "i", None, claim_body("i"))
        assert isinstance(grant, Granted)
        assert isinstance(claims.renew("n", "i", grant.token, claim_body("i", token=grant.token), None), Renewed)
        assert client.client_getname() == "over-tls"


def test_what_is_published_is_heard_over_tls(url: str) -> None:
    with connect(url, timeout=2, name="t") as client:
        ear = client.pubsub(ignore_subscribe_messages=True)
        ear.subscribe("channel:network")
        assert ear.get_message(timeout=2) is None
        client.publish("channel:network", "kraken")
        assert ear.get_message(timeout=2)["data"] == "kraken"
        ear.close()


def test_an_authority_that_nobody_trusts_is_told_with_what_to_name(url: str, files: Files) -> None:
    refused(
        url.replace(str(files.ca), str(files.other_ca)),
        StoreUntrusted,
        "nobody whom this host trusts has signed.*ssl_ca_certs",
    )


def test_an_authority_is_not_needed_where_the_operator_says_so(url: str) -> None:
    with connect(f"{url.partition('?')[0]}?ssl_cert_reqs=none", timeout=2, name="t") as client:
        assert client.get("a") is None


def test_a_port_that_speaks_tls_alone_is_told_to_who_comes_without(url: str) -> None:
    plain = url.partition("?")[0].replace("rediss", "redis", 1)
    refused(plain, StoreUnavailable, "speaks TLS alone.*write rediss")


def test_waiting_does_not_wait_for_a_certificate_to_mend_itself(url: str, files: Files) -> None:
    other = url.replace(str(files.ca), str(files.other_ca))
    with connect(other, timeout=2, name="t") as client, pytest.raises(StoreUntrusted):
        wait_until_up(client, 60, pytest.fail, pytest.fail)


def test_sentinels_may_be_without_tls_where_the_servers_have_it(
    rigs: dict[str, Rig],
) -> None:
    rig = rigs["sentinel"]
    assert isinstance(rig, TLSSentinel)
    with connect(rig.url_by("port", "&sentinel_tls=no"), timeout=2, name="t") as client:
        assert client.ping()
    refused(rig.url_by("port"), StoreUnavailable, "a port without TLS", timeout=0.6)


@pytest.mark.parametrize("kind", ["server", "cluster"])
def test_a_certificate_for_another_name_is_told_with_that_name(tmp_path: Path, files: Files, kind: str) -> None:
    options = files.certified("store.example.org")
    rig = TLSCluster(tmp_path, *options) if kind == "cluster" else server(tmp_path, *options)
    try:
        rig.start()
        refused(rig.url, StoreUntrusted, "not valid for '127.0.0.1': use a name")
        with connect(f"{rig.url}&ssl_check_hostname=false", timeout=2, name="t") as client:
            assert client.get("a") is None
    finally:
        rig.kill()


def test_a_certificate_that_has_expired_is_told(tmp_path: Path, files: Files) -> None:
    rig = server(tmp_path, *files.certified(*NAMES, life=EXPIRED)).start()
    try:
        refused(rig.url, StoreUntrusted, "certificate has expired: have it renewed")
    finally:
        rig.kill()


def test_a_certificate_of_ours_is_shown_where_one_is_wanted_and_else_told_to_be_missing(
    tmp_path: Path, files: Files
) -> None:
    certificate, key = files.pair("ours", "perseus")
    rig = server(tmp_path, *files.certified(*NAMES, clients="yes"))
    rig.shown = (str(certificate), str(key))
    try:
        rig.start()
        with connect(f"{rig.url}&ssl_certfile={certificate}&ssl_keyfile={key}", timeout=2, name="t") as client:
            assert client.get("a") is None
        refused(rig.url, StoreUnavailable, "wants a certificate of ours")
    finally:
        rig.kill()


def test_tls_at_a_port_without_it_ends_in_time_and_says_what_it_may_be(redis_server: RedisProcess) -> None:
    refused(
        f"rediss://127.0.0.1:{redis_server.port}",
        StoreUnavailable,
        "a port without TLS.*write redis in place",
        timeout=0.3,
    )
