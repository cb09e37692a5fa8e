"""The commands to check by hand, typed as they stand beside each kind of store: TLS, users, a Cluster, a Sentinel."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from perseus import keys
from perseus.local.byhand import ByHand
from perseus.network.exchange import Exchange
from perseus.settings import Settings
from perseus.store import connect
from perseus.web.card import evidence
from tests.redis_process import RedisProcess, free_port
from tests.redis_sentinel import RedisSentinel
from tests.redis_tls import NAMES, Files, TLSCluster, TLSProcess
from tests.web.test_evidence import typed

EXCHANGES = [Exchange(number, f"x{number}", f"X{number}") for number in range(1, 7)]
LOGIN = "ann:p%40ss%2Fword"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return Files(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def guarded(files: Files, tmp_path: Path) -> Iterator[str]:
    """One server with TLS that wants a certificate, a user and a password."""
    server = TLSProcess(tmp_path / "server", *files.certified(*NAMES, clients="yes"))
    certificate, key = files.pair("client", "ann")
    server.shown = str(certificate), str(key)
    try:
        server.start()
        let_in(server)
        more = f"&ssl_certfile={certificate}&ssl_keyfile={key}"
        yield server.url.replace("rediss://", f"rediss://{LOGIN}@").replace("/0?", "/1?") + more
    finally:
        server.kill()


@pytest.fixture
def tls_cluster(files: Files, tmp_path: Path) -> Iterator[str]:
    """A Cluster whose nodes speak TLS and want a user. The first node of its address is none."""
    cluster = TLSCluster(tmp_path / "cluster", *files.certified(*NAMES))
    try:
        cluster.start()
        for node in cluster.nodes:
            let_in(node)
        yield cluster.url.replace("://", f"://{LOGIN}@127.0.0.1:{free_port()},")
    finally:
        cluster.kill()


def let_in(server: RedisProcess) -> None:
    with server.client() as client:
        client.execute_command("ACL", "SETUSER", "ann", "on", ">p@ss/word", "~*", "&*", "+@all")


def fill(url: str) -> None:
    with connect(url, timeout=2, name="test") as client:
        for exchange in EXCHANGES:
            client.set(keys.status(exchange.id), f"payload of {exchange.name}", px=60_000)
            client.hset(keys.last_record(exchange.id), "token", str(exchange.id))
            client.xadd(keys.activity(exchange.name), {"toState": f"state of {exchange.name}"})


def check(url: str) -> None:
    """Each command of one exchange, and the first of all, with nothing but the address in the environment."""
    settings = Settings(redis_url=SecretStr(url), database_url=SecretStr("postgresql://database"))
    environ = {"PERSEUS_REDIS_URL": url}
    for exchange in EXCHANGES:
        checks = evidence.checks(exchange, ByHand.of(settings))
        assert typed(checks, environ, 1) == f"payload of {exchange.name}"
        if exchange is not EXCHANGES[0]:
            continue
        assert 0 < int(typed(checks, environ, 2)) <= 60_000
        assert typed(checks, environ, 3) == f"token\n{exchange.id}"
        assert f"state of {exchange.name}" in typed(checks, environ, 4)


def test_a_server_with_tls_a_certificate_and_a_user_tells(guarded: str) -> None:
    fill(guarded)
    check(guarded)


def test_a_cluster_tells_wherever_the_key_is(cluster_store: str) -> None:
    fill(cluster_store)
    check(cluster_store)


@pytest.mark.long
def test_a_cluster_with_tls_and_a_user_tells_although_its_first_node_is_dead(tls_cluster: str) -> None:
    fill(tls_cluster)
    check(tls_cluster)


def test_behind_sentinels_the_primary_tells(sentinel_store: str, redis_sentinel: RedisSentinel) -> None:
    fill(sentinel_store)
    check(sentinel_store)
    said = run("redis-cli", "INFO", "server", url=sentinel_store)
    assert f"tcp_port:{redis_sentinel.primary.port}" in said.stdout


def test_the_line_is_shown_without_the_password(guarded: str) -> None:
    said = run("redis-cli", "--show", "GET", "a b", url=guarded)
    assert "word" not in said.stdout
    assert said.stdout.startswith("redis-cli -h 127.0.0.1 -p ")
    assert said.stdout.endswith(" --user ann GET 'a b'\n")
    for part in (" -n 1 ", " --tls ", " --cacert ", " --cert ", " --key "):
        assert part in said.stdout
    assert "REDISCLI_AUTH" in said.stderr


def test_the_line_can_be_typed_where_the_password_is_in_the_environment(guarded: str) -> None:
    fill(guarded)
    line = run("redis-cli", "--show", "GET", keys.status(1), url=guarded).stdout
    environ = {"PATH": "/usr/bin:/bin", "REDISCLI_AUTH": "p@ss/word"}
    said = subprocess.run(["sh", "-c", line], env=environ, capture_output=True, text=True, timeout=30)
    assert (said.stdout, said.stderr) == ("payload of x1\n", "")


def test_a_store_that_does_not_answer_is_told() -> None:
    said = run("redis-cli", "GET", "a", url=f"redis+cluster://127.0.0.1:{free_port()}")
    assert said.returncode == 1
    assert "does not answer" in said.stderr


def test_a_program_without_tls_is_passed_over(guarded: str, tmp_path: Path) -> None:
    poor = tmp_path / "redis-cli"
    poor.write_text("#!/bin/sh\nexit 1\n")
    poor.chmod(0o755)
    said = run("redis-cli", "PING", url=guarded, path=f"{tmp_path}:/usr/bin")
    assert said.stdout == "PONG\n"
    without = run("redis-cli", "PING", url=guarded, path=str(tmp_path))
    assert without.returncode == 78
    assert "speaks no TLS: apt-get install redis-tools" in without.stderr


def run(*words: str, url: str, path: str = os.environ["PATH"]) -> subprocess.CompletedProcess[str]:
    """`perseus` with these words."""
    environ = {"PATH": path, "PERSEUS_REDIS_URL": url}
    program = Path(sys.executable).with_name("perseus")
    return subprocess.run([program, *words], env=environ, capture_output=True, text=True, timeout=30)
