"""Warmups of the feed of an exchange, asked for from other threads as commands do."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from perseus.clock import SystemClock, iso
from perseus.exchanges.endpoints import Endpoints
from perseus.exchanges.rest import RateLimited
from perseus.ingest.engine.wanted import Wanted
from perseus.ingest.exchangefeed import ExchangeFeed, Source
from perseus.ingest.pace import AnotherWorld
from perseus.market.timeframes import Timeframe
from perseus.network.exchange import Exchange
from perseus.network.states import State
from perseus.store import Client, connect, now_ms
from perseus.warmup.stats import Stats
from tests.commands.test_harness import address
from tests.commands.test_simulate import simulating
from tests.ingest.running import BINANCE_ID
from tests.redis_process import free_port
from tests.warmup.test_processes import add_fault, exchange

FRAMES = ("1h", "4h", "1d")
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
PAIRS = len(FRAMES) * len(SYMBOLS)


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with exchange(tmp_path) as url:
        yield url


def made(url: str, client: Client, said: list[str], token: str = "1", named: str = "") -> ExchangeFeed:
    """Connected and warm."""
    feed = unmade(url, client, said.append, token, named)
    feed.connect()
    feed.warm()
    return feed


def unmade(
    url: str,
    client: Client,
    say: Callable[[str], None],
    token: str = "1",
    named: str = "",
    state: State = State.STARTING,
) -> ExchangeFeed:
    """Not connected yet."""
    about = SimpleNamespace(instance_id="one", ip_address="10.0.0.1")
    fields: list[tuple[object, bool]] = []
    instance: Any = SimpleNamespace(
        exchange=Exchange(BINANCE_ID, "binance", "Binance"),
        token=token,
        state=state,
        instance_id=about.instance_id,
        status=lambda: about,
        report_error=say,
        fields=fields,
        set_fields=lambda told, at_once=False: fields.append((told, at_once)),
    )
    endpoints = Endpoints.simulated("binance", url, FRAMES)
    wanted = Wanted(SYMBOLS, tuple(map(Timeframe.parse, FRAMES)))
    return ExchangeFeed(instance, Source(endpoints, wanted, is_simulated=True, named=named), client)


@pytest.fixture
def feed(url: str, real_store: str) -> Iterator[ExchangeFeed]:
    said: list[str] = []
    with connect(real_store, timeout=5, name="test") as client:
        feed = made(url, client, said)
        yield feed
        feed.close()
    assert said == []


def ended(feed: ExchangeFeed, run_id: str, is_so: Callable[[Stats], bool] = lambda one: not one.is_at_work) -> Stats:
    give_up = time.monotonic() + 20
    while not ((stats := feed.warmup_stats) and stats.run_id == run_id and is_so(stats)):
        assert time.monotonic() < give_up, stats
        time.sleep(0.02)
    return stats


def test_asked_for_again_it_fetches_what_lacks_or_all(feed: ExchangeFeed) -> None:
    stats = ended(feed, feed.warm_up())
    assert (stats.status, stats.mode, stats.total_pairs) == ("complete", "warm", 0)
    stats = ended(feed, feed.warm_up(full=True))
    assert (stats.status, stats.mode, stats.completed_pairs) == ("complete", "cold", PAIRS)


def test_where_its_symbols_come_from_is_told_at_once(feed: Any) -> None:
    """Whoever takes the last one out meanwhile is told what comes of it."""
    assert feed._instance.fields[0] == ({"symbolsFrom": None}, True)


def test_one_that_goes_on_can_be_cancelled(feed: ExchangeFeed, url: str) -> None:
    add_fault(url, name="slow_headers", target="*klines*", params={"wait_ms": 3_000})
    run_id = feed.warm_up(full=True)
    ended(feed, run_id, lambda one: one.status == "fetching")
    feed.cancel_warmup()
    stats = ended(feed, run_id)
    assert stats.status == "cancelled"
    assert stats.completed_pairs < PAIRS
    assert ended(feed, feed.warm_up()).status == "complete"


def test_a_feed_that_is_closed_says_so(feed: ExchangeFeed) -> None:
    feed.close()
    with pytest.raises(ConnectionError):
        feed.warm_up()
    with pytest.raises(ConnectionError):
        feed.cancel_warmup()


def test_a_start_waits_until_the_exchange_takes_requests_again(url: str, real_store: str) -> None:
    said: list[str] = []
    add_fault(url, name="http_429", count=1, target="*time*", params={"retry_after_s": 1})
    with connect(real_store, timeout=5, name="test") as client:
        feed = made(url, client, said)
        stats = feed.warmup_stats
        feed.close()
    assert stats is not None
    assert stats.completed_pairs == PAIRS
    assert len(said) == 1
    assert "takes no more requests from this address for " in said[0]
    assert said[0].endswith("The start waits for it.")


def test_a_start_that_waits_for_the_exchange_is_ended_by_a_close(url: str, real_store: str) -> None:
    waits = threading.Event()
    add_fault(url, name="http_429", target="*time*", params={"retry_after_s": 600})
    with connect(real_store, timeout=5, name="test") as client:
        feed = unmade(url, client, lambda _: waits.set())
        with ThreadPoolExecutor(1) as pool:
            connecting = pool.submit(feed.connect)
            assert waits.wait(20)
            feed.close()
            assert isinstance(connecting.exception(2), ConnectionError)


def test_a_start_that_meets_what_another_process_was_told_says_until_when_it_waits(url: str, real_store: str) -> None:
    add_fault(url, name="http_429", target="*time*", params={"retry_after_s": 600})
    with connect(real_store, timeout=5, name="test") as client, ThreadPoolExecutor(2) as pool:
        for words in (
            "takes no more requests from this address for 600 s",
            "Nothing may be sent to the exchange until 20",
        ):
            said: queue.SimpleQueue[str] = queue.SimpleQueue()
            feed = unmade(url, client, said.put)
            connecting = pool.submit(feed.connect)
            told = said.get(timeout=20)
            feed.close()
            assert words in told
            assert told.endswith("The start waits for it.")
            assert isinstance(connecting.exception(2), ConnectionError)


def test_a_start_that_remembers_all_it_asks_for_first_waits_for_a_ban_too(url: str, real_store: str) -> None:
    with connect(real_store, timeout=5, name="test") as client, ThreadPoolExecutor(1) as pool:
        made(url, client, []).close()
        (book,) = client.scan_iter("*:book")
        client.hset(book, mapping={"frozen": str(now_ms(client, book) + 600_000), "why": "HTTP 418: banned"})
        said: queue.SimpleQueue[str] = queue.SimpleQueue()
        feed = unmade(url, client, said.put)
        connecting = pool.submit(feed.connect)
        told = said.get(timeout=20)
        assert told.startswith("Nothing may be sent to the exchange until 20")
        assert told.endswith(" UTC: HTTP 418: banned. The start waits for it.")
        assert not connecting.done()
        client.hset(book, mapping={"frozen": "0"})
        assert connecting.result(20) is None
        feed.close()


def test_a_feed_made_anew_for_one_that_works_does_not_wait_but_says_why_not(url: str, real_store: str) -> None:
    add_fault(url, name="http_429", target="*time*", params={"retry_after_s": 600})
    with connect(real_store, timeout=5, name="test") as client:
        feed = unmade(url, client, lambda _: None, state=State.ACTIVE)
        with pytest.raises(RateLimited):
            feed.connect()
        feed.close()


def test_what_another_source_gave_is_not_believed(url: str, real_store: str) -> None:
    """The same twice stays; under another name each pair is fetched anew, and that is said once."""
    said: list[str] = []
    with connect(real_store, timeout=5, name="test") as client:
        for token, named, fetched in (("1", "one", PAIRS), ("2", "one", 0), ("3", "another", PAIRS)):
            feed = made(url, client, said, token, named)
            stats = feed.warmup_stats
            feed.close()
            assert stats is not None
            assert stats.total_pairs == fetched
    assert len(said) == 1
    assert "came from another source than another, world " in said[0]
    assert "it is forgotten and fetched anew" in said[0]
    assert f"and {PAIRS - 3} more pairs" in said[0]


def test_a_simulator_of_another_seed_at_the_same_address_has_all_fetched_anew_which_is_no_error(
    real_store: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever is at work with the first notices, and begins anew."""
    caplog.set_level("INFO")
    said: list[str] = []
    begin = ("--port", str(free_port()), "--symbols", "btc,eth,sol", "--since", iso(SystemClock().wall_ms()), "--seed")
    with connect(real_store, timeout=5, name="test") as client:
        with simulating(*begin, "one") as (_, heard):
            at_work = made(address(heard), client, [])
        with simulating(*begin, "two") as (_, heard):
            with pytest.raises(AnotherWorld):
                receive_until(at_work, 30)
            feed = made(address(heard), client, said, "2")
            stats = feed.warmup_stats
            feed.close()
        with simulating(*begin, "two") as (_, heard):
            feed = made(address(heard), client, said, "3")
            again = feed.warmup_stats
            feed.close()
    assert stats is not None
    assert again is not None
    assert (stats.total_pairs, again.total_pairs, said) == (PAIRS, 0, [])
    (told,) = [one for one in caplog.records if "another simulated world" in one.message]
    assert told.levelname == "INFO"


def receive_until(feed: ExchangeFeed, seconds: float) -> None:
    """Until it ends by itself."""
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        feed.receive(0.2)
