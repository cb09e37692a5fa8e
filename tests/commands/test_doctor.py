"""`perseus doctor`: what it prints, and the exit code that a script can act on."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import click
import pytest
from pydantic import SecretStr

from perseus import db, keys
from perseus.commands import doctor, doctortable
from perseus.doctor.finding import Finding, Report, Severity
from perseus.errors import SettingError
from perseus.settings import Settings
from perseus.store import connect
from tests.conftest import short
from tests.redis_process import RedisProcess


@pytest.fixture
def settings(own_server: RedisProcess, tmp_path: Path) -> Settings:
    """A new site on a store that is set up well."""
    home = tmp_path / "home"
    db.initialise(db.default_url(home))
    with connect(own_server.url, timeout=2, name="test") as client:
        client.set(keys.INITIALISED, "kept")
    return short(home, redis_url=SecretStr(own_server.url))


def planted(server: RedisProcess) -> None:
    with server.client() as client:
        client.config_set("maxmemory", "100mb")
        client.config_set("maxmemory-policy", "volatile-lru")


def test_a_site_that_is_well_ends_with_0(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.run(settings, False) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("Looked for and not found: ")
    assert re.search(r"^0 grave, 0 warnings, \d+ not found, at 20\d\d-\S+ \S+ UTC\.$", printed, re.M)


def test_a_grave_finding_ends_with_1_and_is_told_with_the_command_that_mends_it(
    settings: Settings, own_server: RedisProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    planted(own_server)
    assert doctor.run(settings, False) == 1
    printed = capsys.readouterr().out
    assert printed.startswith(
        "GRAVE  eviction-policy  The data store may evict leases\n    seen    maxmemory-policy is"
    )
    assert f"$ redis-cli -h 127.0.0.1 -p {own_server.port} CONFIG SET maxmemory-policy noeviction\n" in printed
    assert "1 grave, 0 warnings" in printed


def test_a_silent_store_ends_with_2(
    settings: Settings, own_server: RedisProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    own_server.kill()
    assert doctor.run(settings, False) == 2
    assert capsys.readouterr().out.startswith("GRAVE  store-silent  The data store does not answer, or refuses us\n")


def test_the_json_is_that_of_the_report(
    settings: Settings, own_server: RedisProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    planted(own_server)
    assert doctor.run(settings, True) == 1
    told = json.loads(capsys.readouterr().out)
    assert told.keys() == {"at", "host", "unasked", "findings", "fine"}
    (found,) = told["findings"]
    shown = {"name", "severity", "title", "seen", "breaks", "mend", "commands", "administrator", "where"}
    assert found.keys() == shown
    assert (found["name"], found["severity"]) == ("eviction-policy", "grave")
    assert "rights" in told["fine"]


def test_a_plugin_of_this_machine_that_failed_is_named(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "pager.py").write_text("pages = 1\n")
    with_folder = settings.model_copy(update={"plugins_dir": tmp_path / "plugins", "strict_plugins": True})
    assert doctor.run(with_folder, True) == 1
    (found,) = json.loads(capsys.readouterr().out)["findings"]
    assert found["name"] == "plugin-failed"
    assert found["seen"].startswith("pager is invalid: it has no hooks")
    assert found["seen"].count("pager") == 1


def test_without_a_store_the_setting_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="PERSEUS_REDIS_URL"):
        doctor.run(short(tmp_path), False)


def test_the_command_itself_ends_so(settings: Settings, own_server: RedisProcess) -> None:
    planted(own_server)
    run = subprocess.run(
        [sys.executable, "-m", "perseus", "doctor"],
        env={"PERSEUS_HOME": str(settings.home), "PERSEUS_REDIS_URL": own_server.url, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (run.returncode, run.stderr) == (1, "")
    assert "GRAVE  eviction-policy" in run.stdout
    assert "\x1b[" not in run.stdout


REPORT = Report(
    1_795_269_802_000,
    "host",
    (
        Finding("append-fsync", Severity.UNKNOWN, "It may not be asked.", (), ("a:1", "b:2")),
        Finding("idle-timeout", Severity.WARNING, "timeout is 5 s.", ("redis-cli A",), ("a:1", "b:2"), ("--tls",)),
    ),
)


def test_what_is_not_known_says_how_to_look_and_where() -> None:
    lines = click.unstyle("\n".join(doctortable.lines(REPORT)))
    assert "NOT KNOWN  append-fsync  whether a power failure of the store's host loses confirmed writes\n" in lines
    assert lines.count("Look at the settings of") == 1
    assert "    check   `redis-cli CONFIG GET appendfsync` should say always." in lines
    assert "            $ redis-cli -h a -p 1 CONFIG GET appendfsync\n" in lines
    assert "For an administrator of the store, with --user NAME" in lines
    assert "$ redis-cli -h a -p 1 --tls A\n            $ redis-cli -h b -p 2 --tls A\n" in lines
    assert lines.count("REDISCLI_AUTH") == 1
    assert "REDISCLI_AUTH" in "\n".join(doctortable.lines(Report(0, "host", REPORT.findings[:1])))
    assert REPORT.findings[0].as_json()["administrator"] == ["redis-cli -h a -p 1 CONFIG GET appendfsync"]
    assert REPORT.findings[0].as_json(with_places=False)["administrator"] == []
    assert "At a:1, b:2." in lines
    assert lines.endswith("0 grave, 1 warning, 1 not known, 0 not found, at 2026-11-21 14:03:22 UTC.")


def test_a_line_over_tls_names_the_program_that_speaks_it() -> None:
    lines = "\n".join(doctortable.lines(REPORT, "/usr/bin/redis-cli"))
    assert "$ /usr/bin/redis-cli -h a -p 1 --tls A\n" in lines
    for one in REPORT.as_json(over_tls="/usr/bin/redis-cli")["findings"][1:]:
        assert one["commands"][0] == "/usr/bin/redis-cli -h a -p 1 --tls A"
    plain = replace(REPORT.findings[1], reach=())
    assert "$ redis-cli -h a" in "\n".join(doctortable.lines(Report(0, "host", (plain,)), "/usr/bin/redis-cli"))


def test_no_line_but_a_command_is_wider_than_a_page() -> None:
    report = Report(0, "host", tuple(Finding(name, Severity.GRAVE, "x " * 200) for name in ("rights", "slots")))
    assert max(map(len, doctortable.lines(report))) <= doctortable.WIDTH
