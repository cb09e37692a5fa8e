"""Commands about an exchange that is simulated: checks, symbols that change, warmups on demand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest
import redis

from perseus import db, keys
from perseus.control.command import Kind
from perseus.control.outcomes import Status
from perseus.db import watched
from perseus.exchanges import recollection
from perseus.network.exchange import Exchange
from perseus.settings import Settings
from tests.commands.test_harness import address
from tests.commands.test_simulate import simulating
from tests.control.conftest import KEYED, Commander, eventually
from tests.ingest.running import BINANCE_ID, Start, wait_active

BINANCE = Exchange(BINANCE_ID, "binance", "Binance")
TAKES = {**KEYED, "PERSEUS_TIMEFRAMES": "1m,1h"}


@pytest.fixture(scope="module")
def simulator() -> Iterator[str]:
    with simulating("--port", "0") as (_, said):
        yield address(said)


def test_a_check_tells_what_is_there_and_never_what_it_holds(
    start: Start, commander: Commander, simulator: str
) -> None:
    start("-m", "perseus", "ingest", "--idle", "--simulator", simulator, **TAKES, BINANCE_SECRET="hunter2")
    (host,) = commander.hosts(role="idle")
    told = commander.end(host.target, Kind.CHECK, "binance", environment=["BINANCE_SECRET", "BINANCE_KEY"])
    assert told.status is Status.DONE, told.text
    assert told.data["present"] == {"BINANCE_SECRET": True, "BINANCE_KEY": False}
    assert 0 <= told.data["latencyMs"] < 5_000
    kept = recollection.read(commander.client, BINANCE_ID)
    assert kept is not None
    assert told.data["listed"] == sum(one.status == "trading" for one in kept.listings) > 0
    assert "hunter2" not in told.to_json()
    for names in (["A B"], ["A"] * 21, [7]):
        assert commander.end(host.target, Kind.CHECK, "binance", environment=names).status is Status.REFUSED


def test_a_check_of_an_exchange_that_does_not_answer_says_so(start: Start, commander: Commander) -> None:
    start("-m", "perseus", "ingest", "--idle", "--simulator", "http://127.0.0.1:9", **TAKES)
    (host,) = commander.hosts(role="idle")
    told = commander.end(host.target, Kind.CHECK, "binance", environment=[])
    assert (told.status, "127.0.0.1" in str(told.text) or "answer" in str(told.text)) == (Status.FAILED, True), (
        told.text
    )


def test_new_symbols_are_taken_in_without_a_new_lease_and_a_warmup_is_done_again(
    start: Start, reader: redis.Redis, commander: Commander, simulator: str, site: Settings
) -> None:
    url = db.default_url(site.home)
    watched.watch(url, BINANCE, ["BTCUSDT"], "ada@example.net")
    process = start("-m", "perseus", "ingest", "binance", "--idle", "--simulator", simulator, **TAKES)
    payload = wait_active(reader, process)
    assert payload["symbolCount"] == 1
    assert cast("dict[str, object]", payload["fields"])["symbolsFrom"] == "what is watched"
    (host,) = commander.hosts(role="serving")

    watched.watch(url, BINANCE, ["ETHUSDT"], "ada@example.net")
    told = commander.end(host.target, Kind.SET_SYMBOLS, symbols=["BTCUSDT", "ETHUSDT"])
    assert told.text == "The feed is connected anew: 1 (ETHUSDT) added, none removed, 1 as before."
    eventually(lambda: wait_active(reader, process)["symbolCount"] == 2)
    assert wait_active(reader, process)["instanceId"] == payload["instanceId"]
    eventually(lambda: reader.exists(keys.candles(BINANCE_ID, "ETHUSDT", "1m")) == 1)

    warm = commander.end(host.target, Kind.WARM_UP, full=True)
    assert (warm.status, warm.data["completed"], warm.data["failed"]) == (Status.DONE, 4, 0), warm.text
    watched.watch(url, BINANCE, ["NOSUCH"], "ada@example.net")
    watched.unwatch(url, BINANCE, ["BTCUSDT", "ETHUSDT"])
    told = commander.end(host.target, Kind.RELOAD)
    assert (told.status, "NOSUCH" in str(told.text)) == (Status.FAILED, True), told.text
    eventually(lambda: wait_active(reader, process)["symbolCount"] == 2)
    assert process.poll() is None


def test_symbols_that_the_host_is_given_by_its_setting_win(
    start: Start, reader: redis.Redis, commander: Commander, simulator: str
) -> None:
    process = start("-m", "perseus", "ingest", "binance", "--simulator", simulator, **TAKES, PERSEUS_SYMBOLS="BTCUSDT")
    wait_active(reader, process)
    (host,) = commander.hosts(role="serving")
    told = commander.end(host.target, Kind.SET_SYMBOLS, symbols=["ETHUSDT"])
    assert (told.status, "PERSEUS_SYMBOLS of" in str(told.text)) == (Status.REFUSED, True)
