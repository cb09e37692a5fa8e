"""`perseus replay`: the past as the destination of this shell would be sent it, compared with before, or ordered."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from perseus import keys
from perseus.commands import replay
from perseus.notify import orders
from perseus.notify.configuration import Destination
from perseus.notify.orders import Answer
from perseus.store import Client, connect
from perseus.testing.samples import COINBASE
from tests.commands.running import Site, eventually
from tests.kit.test_rerun import happened
from tests.redis_process import free_port

URL = f"http://127.0.0.1:{free_port()}/a-very-secret-path"
RULE = ["--since", "2026-11-21T00:00Z", "--until", "2026-11-22T00:00Z", "--dry-run"]


@pytest.fixture
def client(real_store: str) -> Iterator[Client]:
    with connect(real_store, timeout=2, name="test") as client:
        yield client


@pytest.fixture
def site(tmp_path: Path, real_store: str, client: Client) -> Site:
    """A site whose shell has a webhook, and whose coinbase was lost once."""
    site = Site(tmp_path / "home", PERSEUS_REDIS_URL=real_store)
    assert site.run("init").returncode == 0
    site.settings["PERSEUS_PLUGIN_WEBHOOK_URL"] = URL
    for event in (
        happened(COINBASE, 0, "warming", "active"),
        happened(COINBASE, 10, "active", "offline", reason="lease_expired"),
    ):
        client.xadd(keys.activity("coinbase"), dict(event.fields), id=event.stream_id)
    return site


def test_a_dry_run_shows_what_each_event_would_become_and_sends_nothing(site: Site) -> None:
    ended = site.run("replay", "webhook", *RULE)
    assert ended.returncode == 0, ended.stderr
    assert "message: Coinbase Advanced Trade is offline" in ended.stdout
    assert '"title": "Coinbase Advanced Trade is offline"' in ended.stdout
    assert "2 messages would be sent to webhook; nothing was." in ended.stderr
    assert "a-very-secret-path" not in ended.stdout + ended.stderr


def test_two_dry_runs_are_alike_and_a_change_between_them_is_shown(site: Site, tmp_path: Path) -> None:
    before = site.run("replay", "webhook", *RULE, "--json").stdout
    (tmp_path / "before.json").write_text(before)
    ended = site.run("replay", "webhook", *RULE, "--against", str(tmp_path / "before.json"))
    assert (ended.returncode, ended.stdout) == (0, "No differences.\n")

    changed = json.loads(before)
    changed[1]["payload"]["title"] = "as it was before"
    (tmp_path / "before.json").write_text(json.dumps(changed))
    ended = site.run("replay", "webhook", *RULE, "--against", str(tmp_path / "before.json"))
    assert ended.returncode == 1
    assert '-    "title": "as it was before"' in ended.stdout


def test_a_live_dry_run_goes_by_the_rules_of_the_site(site: Site) -> None:
    ended = site.run("replay", "webhook", *RULE, "--live", "--json")
    assert ended.returncode == 0, ended.stderr
    blocks = json.loads(ended.stdout)
    assert any("still offline" in block["title"] for block in blocks)


def test_an_unknown_destination_is_named_with_those_there_are(site: Site) -> None:
    ended = site.run("replay", "webhok", *RULE)
    assert ended.returncode == 78
    assert "'webhok' is not a known destination. Did you mean webhook? Known: webhook." in ended.stderr


@pytest.mark.parametrize("option", ["--live", "--json", "--until=1d", "--against=x"])
def test_options_of_a_dry_run_are_refused_without_one(site: Site, option: str) -> None:
    ended = site.run("replay", "webhook", "--since", "1d", option)
    assert ended.returncode == 2
    assert "need --dry-run" in ended.stderr


def test_a_bad_time_is_refused_with_the_forms_there_are(site: Site) -> None:
    ended = site.run("replay", "webhook", "--since", "yesterday", "--dry-run")
    assert ended.returncode == 1
    assert "write a span such as 30m, 12h or 7d" in ended.stderr


def test_without_dry_run_the_dispatcher_is_asked_and_its_word_is_told(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    def dispatch() -> None:
        order = eventually(lambda: orders.take(client, keys.destination("alerts", "orders")))
        assert (order.what, order.args) == ("replay", {"fromMs": 1000})
        orders.reply(client, keys.destination_answer("alerts", order.id), Answer(False, "It is parked."))

    dispatcher = threading.Thread(target=dispatch)
    dispatcher.start()
    assert replay._ordered(client, Destination("alerts", "webhook", {}), 1000) == 1
    dispatcher.join()
    assert capsys.readouterr().out == "alerts, since 1970-01-01 00:00:01 UTC: It is parked.\n"


def test_without_a_dispatcher_the_command_gives_up_and_says_so(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "ANSWER_SECONDS", 0.1)
    with pytest.raises(replay.NoAnswer, match="Does one run?"):
        replay._ordered(client, Destination("alerts", "webhook", {}), 1000)
