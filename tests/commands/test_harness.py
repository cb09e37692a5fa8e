"""`perseus harness`, `perseus recording` and a recorded exchange, as real processes over real sockets."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from urllib.request import urlopen

import pytest

from perseus import db
from perseus.ingest.capture import Capture
from tests.commands.running import Site
from tests.commands.test_simulate import simulating


def address(said: str) -> str:
    found = re.search(r"rest_url = '(http://\S+)/binance'", said)
    assert found
    return found[1]


@pytest.mark.parametrize("name", ["binance", "binance_us", "coinbase"])
def test_a_simulator_is_tried_without_database_and_store(site: Site, name: str) -> None:
    with simulating("--port", "0", "--speed", "5") as (_, said):
        tried = site.run("harness", name, "--simulator", address(said))
        with urlopen(f"{address(said)}/control/counters", timeout=10) as answer:
            counted = json.load(answer)[name]
    assert tried.returncode == 0, tried.stdout + tried.stderr
    assert tried.stdout.splitlines()[-1] == f"{name} at {address(said)}/{name}: it does what it should."
    assert [line[:4] for line in tried.stdout.splitlines()[:-2]] == ["good"] * 7
    assert counted["broken"] == {}
    assert not (site.home / "perseus.db").exists()


def test_what_is_wrong_ends_with_1_and_says_so_for_programs_too(site: Site) -> None:
    tried = site.run("harness", "binance", "--simulator", "http://127.0.0.1:1", "--json")
    assert tried.returncode == 1
    told = json.loads(tried.stdout)
    assert told["good"] is False
    assert told["checks"][0]["name"] == "time"
    assert "takes no connection" in told["checks"][0]["text"]
    assert told["evidence"]["requests"] == 1
    assert "Start it by `perseus simulate`" in told["checks"][0]["mend"]
    assert "table" not in tried.stdout, "a simulator has no row"
    assert told["checks"][-1]["text"].startswith("1 request of weight")


@pytest.mark.parametrize("url", ["ftp://x", "127.0.0.1:8787", "http://", "http://x:port", ""])
@pytest.mark.parametrize("command", ["harness", "ingest"])
def test_what_is_no_address_of_a_simulator_is_refused(site: Site, command: str, url: str) -> None:
    tried = site.run(command, "binance", "--simulator", url)
    assert tried.returncode == 78
    assert f"--simulator {url} is no address of a simulator" in tried.stderr


def test_the_row_of_an_exchange_says_where_it_is_and_unknown_ones_are_refused(site: Site) -> None:
    assert "Known: " in site.run("harness", "nobody", "--simulator", "http://127.0.0.1:1").stderr
    with simulating("--port", "0", "--speed", "5") as (_, said):
        site.settings["PERSEUS_REDIS_URL"] = "redis://127.0.0.1:1"
        site.home.mkdir()
        db.initialise(db.default_url(site.home))
        assert site.run("harness", "nobody").returncode == 78
        urls = (address(said).replace("http", "ws") + "/binance", address(said) + "/binance")
        with sqlite3.connect(site.home / "perseus.db") as rows:
            rows.execute("UPDATE exchanges SET ws_url = ?, rest_url = ? WHERE name = 'binance'", urls)
        rows.close()
        tried = site.run("harness", "binance", "--symbol", "ETHUSDT")
        assert tried.returncode == 0, tried.stdout + tried.stderr
        assert "candles of ETHUSDT" in tried.stdout
        assert "the store at 127.0.0.1:1 is silent" in tried.stdout
        charged = site.run("harness", "binance", "--write")
        assert charged.returncode != 0
        assert "does not answer" in charged.stderr


def test_what_was_saved_is_shown_exported_and_served_again(site: Site, tmp_path: Path) -> None:
    file, folder = tmp_path / "one.rec", tmp_path / "out"
    with simulating("--port", "0", "--speed", "5", "--seed", "first") as (_, said):
        first = site.run("harness", "coinbase", "--simulator", address(said), "--save", str(file), "--json")
    assert first.returncode == 0, first.stdout
    shown = site.run("recording", str(file), "--export", str(folder))
    assert shown.returncode == 0, shown.stderr
    assert "coinbase/api/v3/brokerage/time: 1 times 200" in shown.stdout
    assert "closed by us" in shown.stdout
    assert (
        sum(1 for _ in Capture(folder / "coinbase.ws.1").frames()) == json.loads(first.stdout)["evidence"]["messages"]
    )
    assert json.loads(site.run("recording", str(file), "--json").stdout)["dropped"] == 0
    again = site.run("recording", str(file), "--save", str(file))
    assert again.returncode == 1
    assert again.stderr.strip().endswith(
        f"{file} is there already, and nothing is written over it. Choose another name."
    )
    missing = site.run("recording", "kraken")
    assert missing.returncode == 78
    assert "PERSEUS_RECORD_MB" in missing.stderr

    with simulating("--port", "0", "--recording", str(file)) as (_, said):
        assert "coinbase is a recording" in said
        second = site.run("harness", "coinbase", "--simulator", address(said), "--json")
    told = json.loads(second.stdout)
    assert [check["name"] for check in told["checks"] if not check["good"]] == []
    assert told["evidence"]["candles"] == json.loads(first.stdout)["evidence"]["candles"]


def test_a_file_that_is_no_recording_ends_a_simulator_with_78(tmp_path: Path) -> None:
    (tmp_path / "none.rec").write_text("nothing\n")
    with simulating("--recording", str(tmp_path / "none.rec")) as (process, said):
        assert "line 1 is none of a recording" in said
        assert process.wait(10) == 78
