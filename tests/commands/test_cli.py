"""The command line: bad settings and dead stores end it with a clear text and the right exit code."""

from __future__ import annotations

import re
import shutil
import signal
import time
from pathlib import Path

import pytest
import redis

from perseus.commands import init
from perseus.errors import EXIT_CONFIG, EXIT_FAILED
from perseus.settings import Settings
from perseus.version import VERSION
from tests.commands.running import Site, eventually
from tests.conftest import short
from tests.redis_process import RedisProcess, free_port

NEEDS_A_STORE = [("web",), ("dispatch",), ("ingest", "coinbase", "--made-up")]


@pytest.fixture
def ready(site: Site, made_home: Path) -> Site:
    """A site whose database is made."""
    shutil.copytree(made_home, site.home)
    return site


def test_the_version_is_said(site: Site) -> None:
    assert site.run("--version").stdout == f"perseus {VERSION}\n"


def test_the_summaries_in_the_help_are_whole(site: Site) -> None:
    assert "..." not in site.run("--help").stdout.partition("Commands:")[2]


def test_help_names_every_command(site: Site) -> None:
    said = site.run("--help").stdout
    for command in ("up", "init", "web", "ingest", "dispatch"):
        assert f"\n  {command} " in said


@pytest.mark.parametrize("command", [(), ("up",), ("init",), ("web",), ("ingest",), ("dispatch",)])
def test_help_cuts_no_sentence_and_names_settings_that_exist(site: Site, command: tuple[str, ...]) -> None:
    said = site.run(*command, "--help").stdout
    assert "..." not in said.replace("[ARGS]...", "")
    assert set(re.findall(r"PERSEUS_[A-Z_]+", said)) <= {f"PERSEUS_{name.upper()}" for name in Settings.model_fields}


@pytest.mark.parametrize("command", [("up",), ("init",), *NEEDS_A_STORE])
def test_a_misspelt_setting_ends_every_command_with_the_right_spelling(site: Site, command: tuple[str, ...]) -> None:
    site.settings["PERSEUS_PROT"] = "8000"
    ended = site.run(*command)
    assert ended.returncode == EXIT_CONFIG
    assert ended.stderr == "perseus: PERSEUS_PROT: no such setting. Did you mean PERSEUS_PORT?\n"


@pytest.mark.parametrize("command", NEEDS_A_STORE)
def test_without_a_store_a_command_says_where_it_could_come_from(ready: Site, command: tuple[str, ...]) -> None:
    ended = ready.run(*command)
    assert ended.returncode == EXIT_CONFIG
    assert f"PERSEUS_REDIS_URL: is not set, and no `perseus up` runs in {ready.home}" in ended.stderr


@pytest.mark.parametrize("command", [*NEEDS_A_STORE, ("init",), ("up",)])
def test_a_store_that_is_down_is_waited_for_and_given_up_in_the_stated_time(
    ready: Site, command: tuple[str, ...]
) -> None:
    port = free_port()
    ready.settings |= {"PERSEUS_REDIS_URL": f"redis://:hunter2@127.0.0.1:{port}", "PERSEUS_STORE_WAIT_SECONDS": "1"}
    began = time.monotonic()
    ended = ready.run(*command)
    assert 1 <= time.monotonic() - began < 10
    assert ended.returncode == EXIT_FAILED
    assert "Trying again for 1 s more" in ended.stderr
    assert f"perseus: The data store at 127.0.0.1:{port} does not answer" in ended.stderr
    assert "hunter2" not in ended.stderr


def test_a_store_that_comes_up_while_it_is_waited_for_is_used(ready: Site, own_server: RedisProcess) -> None:
    own_server.kill()
    ready.settings["PERSEUS_REDIS_URL"] = own_server.url
    with ready.start("dispatch") as dispatch:
        eventually(lambda: "Trying again" in dispatch.said)
        own_server.start()
        eventually(lambda: "watching" in dispatch.said)
        assert dispatch.stop()[0] == 0


@pytest.mark.parametrize("command", [*NEEDS_A_STORE, ("init",), ("up",)])
def test_a_wrong_password_is_refused_at_once_and_not_repeated(
    ready: Site, own_server: RedisProcess, command: tuple[str, ...]
) -> None:
    with own_server.client() as client:
        client.config_set("requirepass", "right")
    ready.settings["PERSEUS_REDIS_URL"] = f"redis://:hunter2@127.0.0.1:{own_server.port}"
    ended = ready.run(*command)
    assert ended.returncode == EXIT_CONFIG
    assert "refuses us" in ended.stderr
    assert "PERSEUS_REDIS_URL" in ended.stderr
    assert "hunter2" not in ended.stderr


@pytest.mark.parametrize("url", ["localhost:6379", "http://localhost", "redis://host:notaport", "redis://"])
def test_a_bad_store_url_names_its_setting(site: Site, url: str) -> None:
    site.settings["PERSEUS_REDIS_URL"] = url
    ended = site.run("init")
    assert (ended.returncode, ended.stderr[:26]) == (EXIT_CONFIG, "perseus: PERSEUS_REDIS_URL")


@pytest.mark.parametrize("command", NEEDS_A_STORE)
def test_a_database_that_was_never_made_says_to_run_init(site: Site, real_store: str, command: tuple[str, ...]) -> None:
    site.settings["PERSEUS_REDIS_URL"] = real_store
    ended = site.run(*command)
    assert ended.returncode == EXIT_CONFIG
    assert "Run `perseus init`" in ended.stderr


def test_an_unknown_exchange_is_an_error_that_lists_the_known(ready: Site, real_store: str) -> None:
    ready.settings["PERSEUS_REDIS_URL"] = real_store
    ended = ready.run("ingest", "conibase")
    assert ended.returncode == EXIT_CONFIG
    assert (
        "'conibase' is not a known exchange. Did you mean coinbase? Known: coinbase, binance, binance_us."
        in ended.stderr
    )


def test_an_exchange_that_is_switched_off_says_so(ready: Site, real_store: str) -> None:
    ready.settings["PERSEUS_REDIS_URL"] = real_store
    ended = ready.run("ingest", "kraken")
    assert ended.returncode == EXIT_CONFIG
    assert ended.stderr.startswith("perseus: kraken is switched off. ")


def test_a_name_that_the_terminal_cannot_show_is_escaped(tmp_path: Path) -> None:
    ended = Site(tmp_path / "home-\u65e5", PYTHONIOENCODING="latin-1:strict").run("init")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "home-\\u65e5" in ended.stdout


@pytest.mark.parametrize("command", ["up", "init"])
def test_a_home_that_the_locale_cannot_read_is_named(tmp_path: Path, command: str) -> None:
    site = Site(tmp_path / "home-\u65e5", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    ended = site.run(command)
    assert ended.returncode == EXIT_CONFIG
    assert ended.stderr.startswith("perseus: PERSEUS_HOME: is not UTF-8 text.")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_dispatch_ends_in_order_on_a_signal(ready: Site, real_store: str, number: signal.Signals) -> None:
    ready.settings["PERSEUS_REDIS_URL"] = real_store
    with ready.start("dispatch") as dispatch:
        eventually(lambda: "watching" in dispatch.said)
        code, seconds = dispatch.stop(number)
        assert code == 0
        assert seconds < 3


def test_init_marks_a_new_store_once_and_says_so(site: Site, own_server: RedisProcess) -> None:
    site.settings["PERSEUS_REDIS_URL"] = own_server.url
    first, second = site.run("init"), site.run("init")
    assert (first.returncode, second.returncode) == (0, 0)
    assert "ready, 6 exchanges added. Active: coinbase, binance, binance_us." in first.stdout
    assert f"Data store 127.0.0.1:{own_server.port}: marked as new." in first.stdout
    assert "ready, 0 exchanges added" in second.stdout
    assert "was marked before, nothing changed" in second.stdout
    assert "perseus ingest NAME" in first.stdout
    with redis.Redis.from_url(own_server.url, decode_responses=True) as client:
        assert client.get("perseus:initialised") == "kept"


def test_init_of_a_store_that_lost_its_mark_waits_until_no_old_holder_can_be_left(
    tmp_path: Path, real_store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = short(tmp_path, redis_url=real_store, ttl_seconds=30.0)
    waited: list[float] = []

    def wait(seconds: float) -> None:
        assert not client.exists("perseus:initialised")
        waited.append(seconds)

    with redis.Redis.from_url(real_store) as client:
        init.run(settings, wait)
        client.flushall()
        init.run(settings, wait)
        assert client.get("perseus:initialised") == b"kept"
    assert waited == [30.0]
    assert "Waiting 30 s" in capsys.readouterr().out


def test_init_without_a_store_says_that_none_was_marked(site: Site) -> None:
    said = site.run("init")
    assert said.returncode == 0
    assert "none is named, so none was marked" in said.stdout


def test_init_makes_the_key_of_secrets_and_keeps_the_one_that_is_there(site: Site) -> None:
    said = site.run("init").stdout
    assert f"Secrets: sealed with the key of {site.home}/secret.key. Keep a copy" in said
    key = (site.home / "secret.key").read_bytes()
    assert site.run("init").returncode == 0
    assert (site.home / "secret.key").read_bytes() == key
    assert key.decode().strip() not in said


def test_init_needs_no_file_where_the_key_is_a_setting(site: Site) -> None:
    site.settings["PERSEUS_SECRET_KEY"] = "the-key-of-this-site-as-a-text-of-its-own"
    said = site.run("init").stdout
    assert "sealed with the key of PERSEUS_SECRET_KEY" in said
    assert "the-key-of-this-site" not in said
    assert not (site.home / "secret.key").exists()
