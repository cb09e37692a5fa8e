"""`perseus control`: who is meant, what is printed, and what it ends with."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from typing import cast

import pytest
import redis
from click.testing import CliRunner, Result
from pydantic import SecretStr

from perseus import keys
from perseus.access.audit import AuditLog
from perseus.cli.main import commands
from perseus.commands import addressing, control, following
from perseus.control import channel, hosts, key
from perseus.control.command import Kind
from perseus.control.hosts import Report
from perseus.control.key import NoKey
from perseus.errors import ExchangeOff, SettingError, StoreUnavailable, UnknownExchange
from perseus.settings import Settings
from perseus.store import Client, connect
from tests.conftest import short
from tests.control.conftest import KEYED, TEXT, Commander, capture, commander, reader, site, site_environment, start
from tests.ingest.running import BINANCE_ID, SHORT, Start, wait_active
from tests.network.samples import sample

__all__ = ["capture", "commander", "reader", "site", "site_environment", "start"]

Type = Callable[..., Result]


@pytest.fixture
def who(site: Settings, site_environment: dict[str, str]) -> dict[str, str]:
    return {**site_environment, "PERSEUS_CONTROL_KEY": TEXT, "PERSEUS_ADMIN_EMAIL": "bob@example.net"}


@pytest.fixture
def typed(who: dict[str, str]) -> Type:
    def typed(*words: str) -> Result:
        return CliRunner().invoke(commands, ["control", *words], env=who)

    return typed


@pytest.fixture
def asking(site: Settings) -> Settings:
    return site.model_copy(update={"control_key": SecretStr(TEXT), "admin_email": "bob@example.net"})


@pytest.fixture
def client(real_store: str) -> Iterator[Client]:
    with connect(real_store, timeout=2, name="test") as client:
        yield client


def report(client: Client, target: str, **changes: object) -> None:
    known = {"target": target, "hostname": "a", "pid": 1, "at": 0, "role": "idle", **changes}
    hosts.write(client, Report.model_validate(known))


def test_a_whole_life_from_a_terminal(start: Start, commander: Commander, typed: Type) -> None:
    start("-m", "perseus", "ingest", "--idle", "--made-up", **KEYED)
    (host,) = commander.hosts(role="idle")
    begun = typed("start", "binance")
    assert begun.exit_code == 0, begun.output
    assert f"start of binance sent to {host.target}\n" in begun.output
    assert "  warming\n" in begun.output
    assert "done: binance is active on" in begun.output
    assert typed("pause", "Binance").exit_code == 0
    again = typed("pause", "binance")
    assert (again.exit_code, "refused: binance is paused already, by bob@example.net" in again.output) == (69, True)
    assert typed("resume", "binance").exit_code == 0
    shown = typed("hosts")
    assert shown.output.splitlines()[1].split()[-3:] == ["serving", "binance", "active"]
    assert json.loads(typed("hosts", "--json").output)[0]["exchangeName"] == "binance"
    assert "is stopped, its lease released" in typed("stop", "binance").output
    acts = [(one.what, one.who) for one in AuditLog(commander.client).read(50).entries]
    assert acts.count(("control: pause", "bob@example.net")) == 4, "two that were sent, and the end of each"
    assert acts.count(("control: stop", "bob@example.net")) == 2


def test_who_serves_without_a_key_is_told_as_that(start: Start, reader: redis.Redis, typed: Type) -> None:
    wait_active(reader, start("-m", "perseus", "ingest", "binance", "--made-up", **SHORT))
    here = socket.gethostname()
    asked = [(what, "binance") for what in ("stop", "pause", "resume", "reload", "warm-up", "cancel-warm-up")]
    on_it = [(what, "binance", "--on", here) for what in ("stop", "start", "takeover", "check")]
    for words in (*asked, *on_it):
        told = typed(*words)
        assert isinstance(told.exception, addressing.Deaf), words
        assert told.exception.exit_code == 69
        assert "which takes no commands: its host has no key, or is older. Stop it on its host" in str(told.exception)


def test_what_nobody_takes_is_told_as_expired(
    asking: Settings, client: Client, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    report(client, "dead")
    monkeypatch.setattr(channel, "LATE_MS", -40_000)
    assert control.run(asking, "send", Kind.START, "binance", None, {}) == 1
    assert "expired: No process took it in time" in capsys.readouterr().err


def test_a_command_that_the_store_has_forgotten_ends(
    asking: Settings, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    report(client, "dead")
    monkeypatch.setattr(following, "LOST_SECONDS", 0)
    monkeypatch.setattr(channel, "outcome", lambda *_: None)
    with pytest.raises(following.Lost, match="may have lost it"):
        control.run(asking, "send", Kind.START, "binance", None, {})


def test_who_asks_and_the_key_are_needed_before_anything_is_sent(site: Settings, client: Client) -> None:
    with pytest.raises(NoKey):
        control.run(site, "send", Kind.STOP, "binance", None, {})
    with pytest.raises(SettingError, match="PERSEUS_ADMIN_EMAIL: is not set"):
        control.run(site.model_copy(update={"control_key": SecretStr(TEXT)}), "send", Kind.STOP, "binance", None, {})


def test_an_unknown_exchange_is_named_with_its_like(asking: Settings) -> None:
    with pytest.raises(UnknownExchange, match="Did you mean binance"):
        control.run(asking, "send", Kind.STOP, "binanec", None, {})


def test_one_that_is_switched_off_is_told_as_that(asking: Settings) -> None:
    with pytest.raises(ExchangeOff, match="kraken is switched off. To switch it on, set is_active to true"):
        control.run(asking, "send", Kind.START, "Kraken", None, {})


def test_with_no_host_or_several_it_says_which_there_are(asking: Settings, client: Client) -> None:
    with pytest.raises(addressing.NoTarget, match="start `perseus ingest --idle`"):
        control.run(asking, "send", Kind.START, "binance", None, {})
    report(client, "one")
    report(client, "two", role="serving", exchange_name="coinbase")
    report(client, "three", hostname="b")
    with pytest.raises(addressing.NoTarget, match=r"name one by --on.*one \(idle\); two \(serving, coinbase\)"):
        control.run(asking, "send", Kind.START, "binance", None, {})
    with pytest.raises(addressing.NoTarget, match="nowhere is no process"):
        control.run(asking, "send", Kind.START, "binance", "nowhere", {})
    with pytest.raises(addressing.NoTarget, match="a is not one process"):
        control.run(asking, "send", Kind.START, "binance", "a", {})


def test_the_run_that_is_meant_is_named_in_the_command(
    asking: Settings, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    report(client, "one", role="serving", exchange_name="binance", exchange_id=BINANCE_ID, instance_id="run-1")
    monkeypatch.setattr(channel, "LATE_MS", -40_000)
    control.run(asking, "send", Kind.STOP, "binance", None, {})
    (letter,) = channel.receive(client, "one", channel.START, 0)
    assert json.loads(letter.body)["instanceId"] == "run-1"


def test_a_stop_on_a_process_is_of_the_one_that_is_named(
    asking: Settings, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    serves = {"exchange_name": "binance", "exchange_id": BINANCE_ID}
    report(client, "one", role="serving", instance_id="run-1", **serves)
    report(client, "two", role="standby", hostname="b", **serves)
    report(client, "three", role="standby", **serves)
    report(client, "four", hostname="c")
    monkeypatch.setattr(channel, "LATE_MS", -40_000)
    for on, asked, run, arguments in (("one", "one", "run-1", {}), ("b", "two", None, {"standby": True})):
        control.run(asking, "send", Kind.STOP, "binance", on, {})
        (letter,) = channel.receive(client, asked, channel.START, 0)
        body = json.loads(letter.body)
        assert (body["instanceId"], body["arguments"]) == (run, arguments)
    with pytest.raises(addressing.NoTarget, match="four neither serves nor stands by for binance"):
        control.run(asking, "send", Kind.STOP, "binance", "four", {})
    with pytest.raises(addressing.NoTarget, match="a is not one process that is at binance"):
        control.run(asking, "send", Kind.STOP, "binance", "a", {})


def test_a_standby_that_takes_no_commands_is_listed_and_chosen_for_nothing(
    asking: Settings, client: Client, typed: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf = {"exchange_name": "binance", "exchange_id": BINANCE_ID, "takes_commands": False}
    report(client, "one", role="standby", doing="stands by", **deaf)
    assert typed("hosts").output.splitlines()[1].split(maxsplit=5)[5] == "stands by; takes no commands"
    for kind in (Kind.START, Kind.TAKEOVER, Kind.CHECK):
        with pytest.raises(addressing.NoTarget, match=r"None takes commands: start `perseus ingest --idle`"):
            control.run(asking, "send", kind, "binance", None, {})
    for kind, on in ((Kind.STOP, "one"), (Kind.STOP, "a"), (Kind.TAKEOVER, "a"), (Kind.CHECK, "one")):
        with pytest.raises(addressing.TakesNone, match=r"a \(one\) takes no commands.*stop it on its host"):
            control.run(asking, "send", kind, "binance", on, {})
    report(client, "two", pid=2)
    with pytest.raises(addressing.TakesNone):
        control.run(asking, "send", Kind.STOP, "binance", "a", {})
    monkeypatch.setattr(channel, "LATE_MS", -40_000)
    control.run(asking, "send", Kind.CHECK, "binance", "a", {})
    assert len(channel.receive(client, "two", channel.START, 0)) == 1
    assert channel.receive(client, "one", channel.START, 0) == []


OTHERS = "f" * 8


def test_a_process_with_another_key_is_marked_and_refused_before_anything_is_sent(
    asking: Settings, client: Client, typed: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    report(client, "one", key=OTHERS, doing="waits for a start")
    report(client, "two", hostname="b", role="serving", exchange_name="coinbase", exchange_id=3, key=OTHERS)
    lines = typed("hosts").output.splitlines()
    assert lines[1].endswith("  waits for a start; has another key of commands"), lines
    assert lines[2].endswith("coinbase  serving; has another key of commands")
    for kind, name, on in (
        (Kind.START, "binance", "one"),
        (Kind.START, "binance", None),
        (Kind.CHECK, "binance", "a"),
        (Kind.RELOAD, "coinbase", None),
        (Kind.STOP, "coinbase", "b"),
    ):
        with pytest.raises(
            addressing.AnotherKey, match="has another key of commands than here.*Nothing was sent"
        ) as told:
            control.run(asking, "send", kind, name, on, {})
        assert told.value.exit_code == 69
    with pytest.raises(
        addressing.NoTarget,
        match=r"commands: one \(idle, has another key of commands\); two \(serving, coinbase, has another key of",
    ):
        control.run(asking, "send", Kind.RELOAD, "binance", None, {})
    assert all(channel.receive(client, target, channel.START, 0) == [] for target in ("one", "two"))
    report(client, "three", hostname="c", key=key.fingerprint(key.required(asking)))
    monkeypatch.setattr(channel, "LATE_MS", -40_000)
    control.run(asking, "send", Kind.START, "binance", None, {})
    assert len(channel.receive(client, "three", channel.START, 0)) == 1, "the one that would obey is chosen"


@pytest.mark.parametrize("on", [None, "a-1-00000000", "host-a"])
@pytest.mark.parametrize("said", ["junk", None])
def test_a_holder_that_does_not_report_is_told_as_that_and_not_as_one_without_a_key(
    asking: Settings, client: Client, on: str | None, said: str | None
) -> None:
    held = sample("a", "7").model_copy(update={"fields": {"target": "a-1-00000000"}})
    client.set(keys.status(BINANCE_ID), held.to_json())
    if said is not None:
        client.hset(keys.HOSTS, "a-1-00000000", said)
    with pytest.raises(addressing.Silent, match="Its process does not say that it takes commands now") as told:
        control.run(asking, "send", Kind.STOP, "binance", on, {})
    assert "no key" not in str(told.value)
    assert told.value.exit_code == 69


def test_a_list_of_processes_that_cannot_be_read_is_told_as_that(asking: Settings, client: Client) -> None:
    client.set(keys.HOSTS, "junk")
    for arguments in (("hosts", False), ("send", Kind.STOP, "binance", None, {})):
        with pytest.raises(addressing.Unread, match="holds something that Perseus did not write"):
            control.run(asking, *arguments)


def test_a_takeover_of_what_nobody_holds_says_how_to_start_it(asking: Settings, client: Client) -> None:
    report(client, "one")
    with pytest.raises(addressing.NoTarget, match="Nobody holds binance: `perseus control start binance`"):
        control.run(asking, "send", Kind.TAKEOVER, "binance", None, {})


def test_its_help_names_each_exit_code(typed: Type) -> None:
    said = " ".join(typed("--help").output.split())
    for code in ("0 done", "1 failed", "2 no such command or option", "69 refused", "78 no such exchange"):
        assert code in said
    assert typed("strt", "binance").exit_code == 2
    assert typed("start", "binance", "--no").exit_code == 2


def test_a_store_that_is_away_is_told(asking: Settings) -> None:
    away = short(asking.home, redis_url=SecretStr("redis://127.0.0.1:9/0"), store_wait_seconds=0)
    with pytest.raises(StoreUnavailable):
        control.run(away, "hosts", False)


def test_without_any_host_the_list_says_how_to_start_one(asking: Settings, client: Client, typed: Type) -> None:
    assert "perseus ingest --idle" in typed("hosts").output


def test_an_exchange_is_moved_from_a_terminal(start: Start, commander: Commander, typed: Type) -> None:
    holder = start("-m", "perseus", "ingest", "binance", "--idle", "--made-up", **KEYED)
    wait_active(cast("redis.Redis", commander.client), holder)
    (before,) = commander.hosts(role="serving", doing="active")
    start("-m", "perseus", "ingest", "--idle", "--made-up", **KEYED)
    (idle,) = commander.hosts(role="idle")
    moved = typed("takeover", "binance")
    assert moved.exit_code == 0, moved.output
    (after,) = commander.hosts(role="serving", doing="active")
    assert after.target == idle.target
    (left,) = commander.hosts(role="idle")
    assert left.target == before.target
