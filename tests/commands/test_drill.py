"""`perseus drill`: on which exchange, what it asks first, what it prints and what it files."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import psutil
import pytest
from pydantic import SecretStr

from perseus import db, keys
from perseus.access.audit import AuditLog
from perseus.access.auditentry import AuditEntry
from perseus.commands import drill
from perseus.drill import failover
from perseus.drill.failover import CannotFailOver
from perseus.drill.practice import PRACTICE_ID, practice
from perseus.drill.runner import DrillFailed
from perseus.errors import ExchangeOff, LeaseRefused, StoreUnavailable, UnknownExchange
from perseus.network.exchange import Exchange
from perseus.settings import Settings
from perseus.store import Client, connect
from tests.conftest import short
from tests.instances import Party, eventually, moves, party, walk
from tests.redis_process import free_port

__all__ = ["party"]

ALONE = "the store is one server to us, with neither sentinels nor a Cluster that could be asked."


@pytest.fixture
def site(tmp_path: Path, real_store: str) -> Settings:
    """A site whose own times are short."""
    db.initialise(db.default_url(tmp_path))
    return short(tmp_path, redis_url=real_store)


@pytest.fixture
def coinbase(site: Settings) -> Exchange:
    return next(one for one in db.exchanges(db.default_url(site.home)) if one.name == "coinbase")


def play(site: Settings, name: str | None = None, *only: str, **options: Any) -> int:
    given = {"how": "auto", "is_real": False, "own_times": True, "as_json": False, "is_sure": False}
    return drill.run(site, name, only, **{**given, **options})


def filed(site: Settings) -> AuditEntry:
    assert site.redis_url is not None
    with connect(site.redis_url.get_secret_value(), timeout=2, name="test") as client:
        (entry,) = AuditLog(client).read(10).entries
    return entry


def test_it_prints_a_table_and_files_the_result(
    site: Settings, client_of_real: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    assert play(site, None, "kill", "failover") == 1
    opening, head, kill, failed_over, *closing = capsys.readouterr().out.splitlines()
    assert opening == "Two instances of a drill contend for drill:practice, in one server."
    assert head.split()[0] == "FAULT"
    assert kill.split()[0] == "kill"
    assert kill.split()[5:7] == ["0", "ms"]
    assert failed_over.startswith(f"failover  NOT DONE: {ALONE}")
    assert closing[-1].startswith("NOT ALL WAS DONE that was asked for.")
    entry = filed(site)
    assert (entry.what, entry.target, entry.result) == ("run a drill", "drill:practice", "failed")
    assert entry.detail["kill"].endswith("overlap 0 ms")
    assert moves(client_of_real, practice())[:2] == ["idle>starting", "starting>warming"]
    assert client_of_real.pttl(keys.last_record(PRACTICE_ID)) > 0


@pytest.mark.parametrize(("is_owed", "code"), [(False, 0), (True, 1)])
def test_a_failover_that_was_not_named_fails_the_drill_only_where_the_store_should_have_done_it(
    site: Settings, monkeypatch: pytest.MonkeyPatch, is_owed: bool, code: int
) -> None:
    monkeypatch.setattr(drill.rounds, "lost", lambda *_: SOUND)
    skipped = drill.Outcome("failover", skipped="a replica may not", owed=is_owed)
    monkeypatch.setattr(drill.rounds, "failed_over", lambda *_: skipped)
    monkeypatch.setattr(failover, "of", lambda *_: Willing())
    assert play(site, is_sure=True) == code


def test_a_failover_that_one_server_cannot_make_fails_no_drill_of_all_faults(
    site: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drill.rounds, "lost", lambda *_: SOUND)
    assert play(site) == 0
    assert filed(site).result == "done"


@pytest.fixture
def client_of_real(site: Settings, party: Party) -> Client:
    assert site.redis_url is not None
    return party.client(site.redis_url.get_secret_value())


def test_on_a_cluster_the_node_that_is_drilled_is_named(
    site: Settings, cluster_store: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(drill.rounds, "lost", lambda *_: SOUND)
    on_cluster = site.model_copy(update={"redis_url": SecretStr(cluster_store)})
    assert play(on_cluster, None, "kill") == 0
    opening, scope, *_ = capsys.readouterr().out.splitlines()
    assert opening.endswith("in a Redis Cluster.")
    assert "it is that node alone which is drilled" in scope


def test_who_fails_over_by_hand_is_told_for_how_long_it_waits(
    site: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert play(site, None, "failover", how="by-hand", wait=0.2) == 1
    said = capsys.readouterr()
    assert "Waiting 0.2 s for that; Ctrl-C ends the drill." in said.err
    assert "nobody made one within 0.2 s" in said.out


def test_programs_get_one_document_and_nothing_else(
    site: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(drill.rounds, "lost", lambda *_: SOUND)
    assert play(site, "fire", "kill", as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["exchange"], told["passed"]) == ("drill:fire", True)
    assert [(each["fault"], each["overlapMs"]) for each in told["faults"]] == [("kill", 0)]


def test_an_exchange_of_the_site_is_drilled_only_when_that_is_said(
    site: Settings, coinbase: Exchange, client_of_real: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(click.UsageError, match="coinbase is one of this site's exchanges: give --real"):
        play(site, "Coinbase")
    assert play(site, "coinbase", "kill", is_real=True, is_sure=True) == 0
    assert "contend for coinbase" in capsys.readouterr().out
    assert "active>offline" in moves(client_of_real, coinbase)
    assert client_of_real.pttl(keys.last_record(coinbase.id)) == -1
    assert not client_of_real.exists(keys.last_record(PRACTICE_ID))


def test_an_exchange_that_somebody_serves_is_left_alone(site: Settings, coinbase: Exchange, party: Party) -> None:
    assert site.redis_url is not None
    instance = walk(party.join(site.redis_url.get_secret_value(), site, exchange=coinbase))
    with pytest.raises(LeaseRefused, match="coinbase is held by host-a"):
        play(site, "coinbase", is_real=True, is_sure=True)
    assert instance.valid()


@pytest.mark.parametrize(
    ("name", "is_real", "error", "said"),
    [
        (None, True, click.UsageError, "name the exchange"),
        ("coinbas", True, UnknownExchange, "Did you mean coinbase"),
        ("Ca fé", False, click.UsageError, "no name"),
        ("Kraken", False, click.UsageError, "kraken is one of this site's exchanges, which is switched off"),
        ("drill:kraken", False, click.UsageError, "which is switched off"),
        ("kraken", True, ExchangeOff, "kraken is switched off"),
    ],
)
def test_a_wrong_name_is_refused(site: Settings, name: str | None, is_real: bool, error: type, said: str) -> None:
    with pytest.raises(error, match=said):
        play(site, name, is_real=is_real)


def test_a_real_exchange_is_asked_for_twice(
    site: Settings, client_of_real: Client, coinbase: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("no\n"))
    with pytest.raises(click.Abort):
        play(site, "coinbase", is_real=True)
    assert not client_of_real.exists(keys.last_record(coinbase.id))


class Willing:
    """A store that would fail over."""

    def strike(self) -> float:
        raise CannotFailOver("it was asked to")

    def is_done(self) -> bool:
        return False


def test_a_store_is_not_made_to_fail_over_unless_somebody_agrees(
    site: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(failover, "of", lambda *_: Willing())
    assert play(site, None, "failover") == 1
    assert "NOT DONE: nobody has agreed to it: answer yes, or give --yes" in capsys.readouterr().out
    assert play(site, None, "failover", how="no", is_sure=True) == 1
    assert "NOT DONE: --failover no" in capsys.readouterr().out
    assert play(site, None, "failover", is_sure=True) == 1
    assert "NOT DONE: it was asked to" in capsys.readouterr().out


def test_a_drill_that_cannot_go_on_is_filed_too(site: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise DrillFailed("its first instance was not active within 9 s", "Try again.")

    monkeypatch.setattr(drill.rounds, "lost", broken)
    with pytest.raises(DrillFailed, match=r"The drill cannot go on: its first .* Try again\."):
        play(site, None, "kill")
    entry = filed(site)
    assert entry.result == "failed"
    assert entry.detail["why"] == "its first instance was not active within 9 s"


def ended_by(number: signal.Signals, site: Settings, client: Client) -> tuple[int, list[psutil.Process], list[Path]]:
    """A drill that gets this signal while its first instance holds the exchange: exit code, contenders, its folders."""
    assert site.redis_url is not None
    places = {"PERSEUS_HOME": str(site.home), "TMPDIR": str(site.home)}
    environ = {**os.environ, **places, "PERSEUS_REDIS_URL": site.redis_url.get_secret_value()}
    command = [sys.executable, "-m", "perseus", "drill", "--only", "kill"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        eventually(lambda: client.exists(keys.status(PRACTICE_ID)), 20)
        children = psutil.Process(process.pid).children()
        process.send_signal(number)
        code = process.wait(15)
    return code, children, list(site.home.glob("perseus-drill-*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_drill_ends_its_contenders_and_is_filed(
    site: Settings, client_of_real: Client, number: signal.Signals
) -> None:
    code, children, folders = ended_by(number, site, client_of_real)
    assert (code, folders) == (128 + number, [])
    assert children
    eventually(lambda: not any(child.is_running() for child in children), 5)
    entry = filed(site)
    assert (entry.result, entry.detail["why"]) == ("failed", "it was interrupted")
    assert not client_of_real.exists(keys.status(PRACTICE_ID))


def test_a_killed_drill_leaves_nothing_in_the_store_for_ever(site: Settings, client_of_real: Client) -> None:
    code, children, folders = ended_by(signal.SIGKILL, site, client_of_real)
    assert (code, len(folders)) == (-signal.SIGKILL, 1)
    eventually(lambda: not any(child.is_running() for child in children), 5)
    name = practice().name
    left = keys.status(PRACTICE_ID), keys.last_record(PRACTICE_ID), keys.activity(name), keys.activity_meta(name)
    assert all(client_of_real.pttl(key) != -1 for key in left)
    assert client_of_real.pttl(keys.last_record(PRACTICE_ID)) > 0


def test_a_silent_store_ends_it_with_the_exit_code_that_its_help_names(site: Settings) -> None:
    url = f"redis://127.0.0.1:{free_port()}"
    with pytest.raises(StoreUnavailable) as caught:
        play(site.model_copy(update={"redis_url": SecretStr(url), "store_wait_seconds": 0.1}))
    assert caught.value.exit_code == 69
    assert StoreUnavailable.exit_code == 1


def test_a_drill_that_did_not_look_closely_enough_fails_and_is_filed_so(
    site: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drill.rounds, "lost", lambda *_: drill.Outcome("kill", 3.0, 3.1, 0.0, 0.4, 2.5))
    assert play(site, None, "kill", as_json=True) == 1
    entry = filed(site)
    assert entry.result == "failed"
    assert entry.detail["kill"].startswith("NOT MEASURED CLOSELY ENOUGH: a lease was not asked for 2500 ms")


def test_the_lease_is_short_unless_the_times_of_the_site_are_asked_for(
    site: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[float] = []
    monkeypatch.setattr(drill.rounds, "lost", lambda stage, name: seen.append(stage.settings.ttl_seconds) or SOUND)
    usual = site.model_copy(update={"ttl_seconds": 45.0, "settle_seconds": 3.0})
    for own_times in (False, True):
        play(usual, None, "kill", own_times=own_times)
    assert seen == [4.0, 45.0]


SOUND = drill.Outcome("kill", 1.0, 1.0, 0.0, 1.0, 0.01)
