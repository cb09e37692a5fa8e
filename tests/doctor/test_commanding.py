"""The key of commands: what announces another one is named, and so is what takes none."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from perseus import keys
from perseus.clock import iso
from perseus.control import hosts, key
from perseus.control.hosts import Report
from perseus.doctor.finding import Severity
from perseus.network.exchange import Exchange
from perseus.store import connect, now_ms
from tests.conftest import short
from tests.doctor.conftest import Practice
from tests.web.views import payload

NAME = "control-key"
OURS, THEIRS = "ours " * 8, "theirs " * 8
BINANCE = Exchange(2, "binance", "Binance")


def fingerprint(text: str) -> str:
    found = key.of(short(Path("nowhere"), control_key=SecretStr(text)))
    assert found is not None
    return key.fingerprint(found)


def announce(practice: Practice, text: str | None, **more: object) -> None:
    """A host that is idle, with that key."""
    usual = {"target": "ing1-7-0a1b2c3d", "hostname": "ing1", "pid": 7, "at": 0, "role": "idle"}
    told = Report.model_validate({**usual, **more})
    with connect(practice.url, timeout=2, name="test") as client:
        hosts.write(client, told.model_copy(update={"key": text and fingerprint(text)}))


def serve(practice: Practice, **fields: str | None) -> None:
    """An instance that lives and says so of itself."""
    with connect(practice.url, timeout=2, name="test") as client:
        now = now_ms(client, keys.status(2))
        told = payload(BINANCE, now, hostname="ing2", last_heartbeat=iso(now), fields=fields)
        client.set(keys.status(2), told.to_json(), px=40_000)


def test_a_fingerprint_tells_keys_apart_and_is_of_no_use_to_sign() -> None:
    assert fingerprint(OURS) == fingerprint(OURS) != fingerprint(THEIRS)
    assert len(fingerprint(OURS)) == 8


@pytest.mark.parametrize("announced", [OURS, None])
def test_hosts_with_the_same_key_or_of_an_older_version_are_well(lasting: Practice, announced: str | None) -> None:
    lasting.change(control_key=SecretStr(OURS))
    announce(lasting, announced)
    serve(lasting, feed="binance", target="ing2-7-0a1b2c3d")
    assert NAME in lasting.examine().fine


def test_a_host_with_another_key_is_named_with_what_mends_it(lasting: Practice) -> None:
    key.make(lasting.settings)
    announce(lasting, THEIRS)
    found = lasting.finds(NAME, Severity.WARNING)
    assert found.seen == "Another key than here have ing1 (idle)."
    assert found.commands == (f"scp -p {lasting.home.resolve()}/control.key ing1:",)
    assert "start, stop or takeover" in found.entry.breaks
    assert found.hidden().commands == ()


def test_an_ingest_process_without_a_key_is_named(lasting: Practice) -> None:
    lasting.change(control_key=SecretStr(OURS))
    serve(lasting, feed="binance")
    assert lasting.finds(NAME, Severity.WARNING).seen.startswith("No command is taken by binance on ing2: without a")


def test_a_standby_without_a_key_is_named_with_what_mends_it(lasting: Practice) -> None:
    key.make(lasting.settings)
    announce(lasting, None, role="standby", exchange_name="binance", takes_commands=False)
    found = lasting.finds(NAME, Severity.WARNING)
    assert found.seen == (
        "No command is taken by ing1 (binance), which stands by: without a key, or with one that cannot be used."
    )
    assert found.commands == (f"scp -p {lasting.home.resolve()}/control.key ing1:",)


def test_a_standby_without_a_key_is_well_where_there_is_none_at_all(lasting: Practice) -> None:
    announce(lasting, None, role="standby", exchange_name="binance", takes_commands=False)
    report = lasting.examine()
    assert NAME not in [one.name for one in report.findings]


def test_a_program_that_joined_by_itself_need_not_take_commands(lasting: Practice) -> None:
    lasting.change(control_key=SecretStr(OURS))
    serve(lasting, colour="red")
    assert NAME in lasting.examine().fine


def test_where_hosts_have_one_and_there_is_none_here_that_is_told(lasting: Practice) -> None:
    announce(lasting, THEIRS)
    found = lasting.finds(NAME, Severity.WARNING)
    assert found.seen.startswith("There is none here, and ing1 (idle) take commands.")
    assert found.commands == (f"install -m 600 control.key {lasting.home.resolve()}/control.key",)


def test_without_any_key_nobody_expects_commands_to_work(lasting: Practice) -> None:
    serve(lasting, feed="binance")
    report = lasting.examine()
    assert NAME not in report.fine
    assert NAME not in [one.name for one in report.findings]


def test_a_key_that_others_may_read_is_said_without_its_path(lasting: Practice) -> None:
    key.make(lasting.settings)
    (lasting.home / key.FILE).chmod(0o644)
    seen = lasting.finds(NAME, Severity.WARNING).seen
    assert "can be read by others (mode 644)" in seen
    assert str(lasting.home) not in seen
