"""What `perseus redis-cli` would run: which program, with which words, and where the password is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click import UsageError
from pydantic import SecretStr

from perseus.commands import rediscli as command
from perseus.settings import Settings
from perseus.store import rediscli
from perseus.store.url import StoreURL
from tests.redis_process import RedisProcess

PLACE = ("10.0.0.1", 7000)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("redis://:p@h/0", ()),
        ("redis://ann:p@h/3", ("-n", "3", "--user", "ann")),
        ("redis+cluster://ann:p@h", ("-c", "--user", "ann")),
        ("rediss://h", ("--tls",)),
        ("rediss+cluster://h?ssl_cert_reqs=none", ("-c", "--tls", "--insecure")),
        ("redis+sentinel://ann:p@h/main/2?sentinel_password=q", ("-n", "2", "--user", "ann")),
    ],
)
def test_the_words_follow_from_the_address(url: str, words: tuple[str, ...]) -> None:
    assert rediscli.client(StoreURL.parse(url), PLACE) == ("redis-cli", "-h", "10.0.0.1", "-p", "7000", *words)


def test_sentinels_have_their_own_user_and_tls() -> None:
    address = StoreURL.parse("rediss+sentinel://ann:p@h/main?sentinel_username=eve&sentinel_tls=no")
    assert rediscli.to_sentinels(address) == ("--user", "eve")
    assert rediscli.to_servers(address) == ("--tls", "--user", "ann")


def test_one_file_that_holds_certificate_and_key_is_named_for_both() -> None:
    address = StoreURL(is_cluster=False, places=(PLACE,), tls={"ssl_certfile": "/both.pem"})
    assert rediscli.to_servers(address) == ("--tls", "--cert", "/both.pem", "--key", "/both.pem")


def test_the_first_program_that_speaks_tls_is_run_and_the_password_is_in_its_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, code in (("poor", 1), ("able", 0)):
        program = tmp_path / name / "redis-cli"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\ntest "$1" != --tls || exit {code}\n')
        program.chmod(0o755)
    ran: list[tuple[Path, list[str], dict[str, str]]] = []
    monkeypatch.setattr(os, "execve", lambda *words: ran.append(words))
    monkeypatch.setenv("PATH", f"{tmp_path / 'poor'}:{tmp_path / 'able'}")
    monkeypatch.setenv("REDISCLI_AUTH", "of another")
    for scheme, folder in (("rediss", "able"), ("redis", "poor")):
        url = SecretStr(f"{scheme}://ann:p%40ss@store.example.org")
        command.run(Settings(redis_url=url, home=tmp_path), False, ("PING",))
        path, words, environ = ran[-1]
        assert (path, words[1], words[-1]) == (tmp_path / folder / "redis-cli", "-e", "PING")
        assert not any("p@ss" in word for word in words)
        assert environ["REDISCLI_AUTH"] == "p@ss"
        command.run(Settings(redis_url=url, home=tmp_path), True, ("PING",))
        shown = capsys.readouterr().out.split()[0]
        assert shown == (str(path) if folder == "able" else "redis-cli")
    command.run(Settings(redis_url=SecretStr("redis://store.example.org"), home=tmp_path), False, ("PING",))
    assert "REDISCLI_AUTH" not in ran[-1][2]


@pytest.mark.parametrize(
    ("url", "node", "words"),
    [
        ("redis+cluster://ann:p@h", "10.0.0.1:7000", "redis-cli -h 10.0.0.1 -p 7000 --user ann GET a"),
        ("redis://ann:p@h/3", "[::1]:7000", "redis-cli -h ::1 -p 7000 -n 3 --user ann GET a"),
        ("redis+sentinel://ann:p@h:9/main?sentinel_username=eve", "h:9", "redis-cli -h h -p 9 --user eve GET a"),
    ],
)
def test_one_server_is_asked_and_no_other(
    url: str, node: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command.run(Settings(redis_url=SecretStr(url), home=tmp_path), True, ("GET", "a"), node)
    assert capsys.readouterr().out == f"{words}\n"


@pytest.mark.parametrize("node", ["7000", ":7000", "h:", "h:0", "h:65536", "h:x"])
def test_what_names_no_server_is_a_wrong_command_line(node: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="write HOST:PORT"):
        command.run(Settings(redis_url=SecretStr("redis://h"), home=tmp_path), True, ("PING",), node)


def test_a_refused_command_ends_with_another_code_than_0(own_server: RedisProcess, tmp_path: Path) -> None:
    with own_server.client() as admin:
        admin.execute_command("ACL SETUSER", "ann", "on", ">pw", "~*", "+@all", "-get")
    own = own_server.url.replace("://", "://ann:pw@")
    assert [asked(own, tmp_path, *words) for words in (("PING",), ("GET", "a"))] == [0, 1]


def asked(url: str, home: Path, *words: str) -> int:
    """The exit code of the command itself."""
    run = subprocess.run(
        [sys.executable, "-m", "perseus", "redis-cli", "--node", url.rpartition("@")[2].partition("/")[0], *words],
        env={**os.environ, "PERSEUS_HOME": str(home), "PERSEUS_REDIS_URL": url},
        capture_output=True,
        timeout=60,
        check=False,
    )
    return run.returncode


def test_a_sentinel_that_is_named_otherwise_is_asked_as_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = "redis+sentinel://ann:p@127.0.0.1:26379/main?sentinel_username=eve"
    settings = Settings(home=tmp_path, redis_url=SecretStr(url))
    for node in ("127.0.0.1:26379", "localhost:26379"):
        assert command.run(settings, True, ("PING",), node) == 0
        assert capsys.readouterr().out.strip() == "redis-cli -h 127.0.0.1 -p 26379 --user eve PING"
    assert command.run(settings, True, ("PING",), "localhost:6379") == 0
    assert capsys.readouterr().out.strip() == "redis-cli -h localhost -p 6379 --user ann PING"
