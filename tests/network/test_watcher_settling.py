"""After an outage holders first get the time to renew: nobody is judged before a watcher has read for a heartbeat."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import pytest
import redis

from perseus import keys
from perseus.errors import StoreUnavailable
from perseus.network.exchange import Exchange
from perseus.network.view.watcher import LONGEST_WAIT, Watcher
from perseus.settings import Settings
from perseus.store import Client, connect
from tests.conftest import KRAKEN, ManualClock
from tests.network.watch import BINANCE, HEARTBEAT, Watch, put_record
from tests.redis_process import RedisProcess


def test_nobody_is_judged_before_it_has_read_for_a_heartbeat_itself(client: Client, clock: ManualClock) -> None:
    put_record(client, 60_000)
    watch = Watch(client, clock)
    for _ in range(15):
        watch.look()
        assert watch.deaths() == []
        clock.advance(1)
    watch.look()
    assert len(watch.deaths()) == 1


def test_a_watcher_that_slept_settles_anew(client: Client, clock: ManualClock) -> None:
    watch = Watch(client, clock).settle()
    watch.look()
    watch.clock.advance(HEARTBEAT + LONGEST_WAIT + 0.1)
    put_record(watch.client, 60_000)
    watch.look()
    assert watch.deaths() == []
    watch.clock.advance(HEARTBEAT)
    watch.look()
    assert len(watch.deaths()) == 1


class Script(threading.Event):
    """Stands in for the event that ends a watcher: each wait does the next step, and after the last it is over."""

    def __init__(self, *steps: Callable[[], object]) -> None:
        super().__init__()
        self.steps = list(steps)
        self.pauses: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses.append(timeout)
        if self.steps:
            self.steps.pop(0)()
        else:
            self.set()
        return self.is_set()


def test_after_an_outage_it_settles_anew_and_says_once_that_it_judges_nobody(
    client: Client, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    put_record(client, 60_000)
    is_down = False

    def exchanges() -> tuple[Exchange, ...]:
        if is_down:
            raise StoreUnavailable("here", "frozen")
        return (KRAKEN,)

    def down(value: bool, seconds: float) -> Callable[[], None]:
        def step() -> None:
            nonlocal is_down
            is_down = value
            clock.advance(seconds)

        return step

    log = keys.activity("kraken")
    seen: list[int] = []
    watcher = Watcher(client, exchanges, Settings(), clock)
    watcher._stopping = Script(
        down(False, 14.9),
        down(True, 0),
        down(True, 0),
        down(True, 2),
        down(False, 0.2),
        lambda: (seen.append(client.xlen(log)), clock.advance(14.9)),
        lambda: (seen.append(client.xlen(log)), clock.advance(0.2)),
    )
    watcher.run()
    assert (seen, client.xlen(log)) == ([0, 0], 1)
    assert [record.levelname for record in caplog.records if "judges nobody" in record.message] == ["WARNING"]


def test_a_store_that_is_still_loading_is_no_failure_of_the_watcher(
    monkeypatch: pytest.MonkeyPatch, client: Client, clock: ManualClock
) -> None:
    loading = redis.exceptions.BusyLoadingError("Redis is loading the dataset in memory")
    monkeypatch.setattr(redis.client.Pipeline, "execute", lambda *_, **__: [loading, loading, loading])
    with pytest.raises(StoreUnavailable, match="loading"):
        Watcher(client, lambda: (KRAKEN,), Settings(), clock).look()


def test_a_death_that_cannot_be_written_costs_no_other_its_watcher_and_is_told_once_until_it_is(
    own_server: RedisProcess, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A store that refuses writes can be read: told as an outage of reading, it would begin and end at each try."""
    caplog.set_level(logging.INFO, "perseus.network.view.watcher")
    with own_server.client() as client:
        watch = Watch(client, clock).settle()
        put_record(client, 60_000)
        put_record(client, 60_000, BINANCE)
        client.config_set("min-replicas-to-write", 1)
        for _ in range(3 * round(HEARTBEAT)):
            watch.look()
            clock.advance(1)
        for name in ("kraken", "binance"):
            assert caplog.text.count(f"The death of {name} cannot be written down yet") == 1
        assert "refuses writes: NOREPLICAS" in caplog.text
        client.config_set("min-replicas-to-write", 0)
        for _ in range(round(HEARTBEAT) + 1):
            watch.look()
            clock.advance(1)
        assert len(watch.deaths()) == len(watch.deaths(BINANCE)) == 1
        for name in ("kraken", "binance"):
            assert caplog.text.count(f"{name} is offline") == 1


def test_a_watcher_says_once_that_it_judges_nobody_and_once_that_it_reads_again(
    own_server: RedisProcess, clock: ManualClock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect(own_server.url, timeout=0.4, name="t") as client:
        watcher = Watcher(client, lambda: (KRAKEN,), Settings(), clock)
        script = Script(own_server.kill, lambda: None, own_server.start, lambda: None)
        monkeypatch.setattr(watcher, "_stopping", script)
        watcher.run()
    assert caplog.text.count("The watcher judges nobody for now: ") == 1
    assert caplog.text.count("The watcher reads the data store again.") == 1
