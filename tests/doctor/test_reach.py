"""The lines for redis-cli, typed into a shell as they stand: they reach the server, with its TLS and as who may."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from perseus.doctor.finding import Report, Severity
from tests.doctor.conftest import Practice
from tests.doctor.test_rights import RULE
from tests.redis_cluster import RedisCluster
from tests.redis_process import RedisProcess
from tests.redis_sentinel import RedisSentinel
from tests.redis_tls import NAMES, Files, TLSProcess, TLSSentinel

ADMIN = ("ACL", "SETUSER", "ann", "on", ">secret", "~*", "&*", "+@all")


def typed(line: str, **environ: str) -> str:
    """What the line answers, with nothing but these in the environment."""
    environ = {"PATH": "/usr/bin:/bin", **environ}
    ran = subprocess.run(["sh", "-c", line], env=environ, capture_output=True, text=True, timeout=30)
    assert ran.stderr == ""
    return ran.stdout.strip()


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.fixture
def guarded(files: Files, tmp_path: Path) -> Iterator[TLSProcess]:
    """A server with TLS that wants a certificate."""
    server = TLSProcess(tmp_path / "server", *files.certified(*NAMES, clients="yes"))
    certificate, key = files.pair("client", "ann")
    server.shown = str(certificate), str(key)
    try:
        server.start()
        yield server
    finally:
        server.kill()


def practised(server: TLSProcess, login: str, home: Path) -> Practice:
    certificate, key = server.shown
    url = server.url.replace("://", f"://{login}@") + f"&ssl_certfile={certificate}&ssl_keyfile={key}"
    return Practice(url, home)


def test_over_tls_the_line_has_the_certificates_and_the_user_who_may(guarded: TLSProcess, tmp_path: Path) -> None:
    with guarded.client() as client:
        client.execute_command(*ADMIN)
        client.config_set("maxmemory-policy", "allkeys-lru")
    practice = practised(guarded, "ann:secret", tmp_path / "home")
    found = practice.finds("eviction-policy", Severity.WARNING)
    (line,) = found.addressed()
    assert " --user ann " in line
    assert "secret" not in line
    assert typed(line, REDISCLI_AUTH="secret") == "OK"
    assert "eviction-policy" in practice.examine().fine


def test_where_our_user_may_not_the_line_is_for_the_default_user(guarded: TLSProcess, tmp_path: Path) -> None:
    with guarded.client() as client:
        client.execute_command(*RULE.split())
        client.config_set("maxmemory-policy", "allkeys-lru")
    practice = practised(guarded, "perseus:secret", tmp_path / "home")
    (line,) = practice.finds("eviction-policy", Severity.WARNING).addressed()
    assert "--user" not in line
    assert typed(line) == "OK"


def test_who_may_not_know_places_is_told_no_file_and_no_user(guarded: TLSProcess, tmp_path: Path) -> None:
    with guarded.client() as client:
        client.execute_command(*ADMIN)
        client.config_set("maxmemory-policy", "allkeys-lru")
    found = practised(guarded, "ann:secret", tmp_path / "home").finds("eviction-policy", Severity.WARNING)
    assert found.hidden().commands == ("redis-cli CONFIG SET maxmemory-policy noeviction",)
    assert "--" not in str(found.as_json(with_places=False)["commands"])
    report = Report(1_795_269_802_000, "web-1", (found,))
    assert Report.loaded(report.dumped()) == report


def test_a_line_for_sentinels_has_their_tls_and_not_that_of_the_servers(files: Files, tmp_path: Path) -> None:
    rig = TLSSentinel(tmp_path / "rig", *files.certified(*NAMES))
    try:
        rig.start()
        with rig.sentinels[0].client() as client:
            client.execute_command("SENTINEL", "SET", "perseus", "quorum", 1)
        for url, has_tls in ((rig.url, True), (rig.url_by("port", "&sentinel_tls=no"), False)):
            found = Practice(url, tmp_path / f"home-{has_tls}").finds("sentinel-quorum", Severity.WARNING)
            lines = list(found.addressed())
            assert len(lines) == 3
            assert all((" --tls --cacert " in line) is has_tls for line in lines)
            assert [typed(line) for line in lines] == ["OK"] * 3
            with rig.sentinels[0].client() as client:
                client.execute_command("SENTINEL", "SET", "perseus", "quorum", 1)
    finally:
        rig.kill()


@pytest.fixture
def known(redis_sentinel: RedisSentinel) -> Iterator[RedisSentinel]:
    """A service whose primary alone knows ann."""
    with redis_sentinel.primary.client() as client:
        client.execute_command(*ADMIN)
    yield redis_sentinel
    for server in redis_sentinel.servers:
        with server.client() as client:
            client.execute_command("ACL", "DELUSER", "ann")


def test_a_replica_that_lacks_the_user_is_told_as_that_and_the_line_gives_it(
    sentinel_store: str, known: RedisSentinel, tmp_path: Path
) -> None:
    practice = Practice(sentinel_store.replace("://", "://ann:secret@"), tmp_path / "home")
    report = practice.examine()
    (found,) = [one for one in report.findings if one.name == "user-unknown"]
    assert (found.severity, found.where) == (Severity.WARNING, (f"127.0.0.1:{known.replica.port}",))
    assert found.seen == "It does not know the user of PERSEUS_REDIS_URL, or not with that password."
    assert "node-silent" not in {one.name for one in report.findings}
    assert "ann" not in str(found.as_json(with_places=False))
    line = next(iter(found.addressed()))
    assert typed(line.replace("PASSWORD", "secret")) == "OK"
    assert "user-unknown" in practice.examine().fine


@pytest.mark.parametrize("is_first", [True, False])
def test_a_node_of_a_cluster_that_lacks_the_user_is_told_as_that(
    redis_cluster: RedisCluster, tmp_path: Path, is_first: bool
) -> None:
    know = redis_cluster.nodes[1:] if is_first else redis_cluster.nodes[:-1]
    (lacks,) = [node for node in redis_cluster.nodes if node not in know]
    practice = Practice(redis_cluster.url, tmp_path / "home")
    try:
        give(know)
        practice.url = redis_cluster.url.replace("://", "://ann:secret@")
        report = practice.examine()
    finally:
        for node in know:
            with node.client() as client:
                client.execute_command("ACL", "DELUSER", "ann")
    (found,) = [one for one in report.findings if one.name == "user-unknown"]
    assert (found.severity, found.where) == (Severity.GRAVE, (f"127.0.0.1:{lacks.port}",))
    assert ("No server" in found.seen) is is_first, "it is the only one of the URL"
    assert "store-silent" not in {one.name for one in report.findings}
    assert report.exit_code == (2 if is_first else 1), "who knows the user was examined"


def test_a_server_that_does_not_take_the_password_is_told_as_that(practice: Practice, own_server: RedisProcess) -> None:
    practice.url = own_server.url.replace("://", "://:secret@")
    with own_server.client() as client:
        client.config_set("requirepass", "other")
    found = practice.finds("user-unknown")
    assert found.seen.startswith("It does not take the password of PERSEUS_REDIS_URL. No server that was asked does: ")
    assert found.commands[0] == "redis-cli CONFIG SET requirepass PASSWORD"
    assert "secret" not in str(found.as_json())


def give(nodes: list[RedisProcess]) -> None:
    for node in nodes:
        with node.client() as client:
            client.execute_command(*ADMIN)


@pytest.mark.everywhere
def test_a_password_that_no_server_takes_is_first_looked_for_in_the_setting(real_store: str, tmp_path: Path) -> None:
    practice = Practice(real_store, tmp_path / "home")
    practice.url = real_store.replace("://", "://ann:wrong@")
    found = practice.finds("user-unknown")
    assert found.seen.endswith("No server that was asked does: first check user and password in PERSEUS_REDIS_URL.")
    assert "store-silent" not in {one.name for one in practice.examine().findings}


def test_what_is_not_known_is_looked_at_by_an_administrator_with_our_tls_and_not_as_our_user(
    guarded: TLSProcess, tmp_path: Path
) -> None:
    with guarded.client() as client:
        client.execute_command(*RULE.split())
        client.config_set("appendonly", "yes")
    practice = practised(guarded, "perseus:secret", tmp_path / "home")
    (line,) = practice.finds("append-fsync", Severity.UNKNOWN).looking()
    assert "--tls" in line
    assert "--user" not in line
    assert "appendfsync" in typed(line)
