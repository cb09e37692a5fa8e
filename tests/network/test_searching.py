"""Looking through several logs: everything that matches comes once, newest first, however little is read at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perseus import keys
from perseus.errors import StoreUnavailable
from perseus.network.exchange import Exchange
from perseus.network.log import searching
from perseus.network.log.activity import RETENTION_MS, Event
from perseus.network.log.cursors import BadCursor
from perseus.network.log.search import EVERYTHING, Kind, Search
from perseus.network.log.searching import Searching
from perseus.network.view.directory import Directory
from perseus.store import Client, connect
from perseus.store.batch import Batch
from tests.redis_process import RedisProcess

ALL = (Exchange(3, "kraken", "Kraken"), Exchange(1, "binance", "Binance"), Exchange(20, "binance_us", "Binance.US"))
ENTRIES = st.dictionaries(st.tuples(st.integers(0, 9), st.integers(0, 1)), st.booleans(), max_size=14)
Entries = dict[tuple[int, int], bool]


def store_ms(client: Client) -> int:
    seconds, micros = client.time()
    return seconds * 1000 + micros // 1000


def write(client: Client, logs: tuple[Entries, ...]) -> tuple[int, list[str], list[str]]:
    """Fill the logs with errors and others; gives their first ms, all names and those of the errors, newest first."""
    written, start_ms = [], store_ms(client) - 60_000
    for exchange, log in zip(ALL, logs, strict=True):
        client.delete(keys.activity(exchange.name))
        for (ms, sequence), is_error in sorted(log.items()):
            stream_id = f"{start_ms + ms}-{sequence}"
            client.xadd(keys.activity(exchange.name), {"event": "error" if is_error else "x"}, id=stream_id)
            written.append((start_ms + ms, sequence, exchange.id, f"{exchange.name}:{stream_id}", is_error))
    written.sort(reverse=True)
    return start_ms, [one[3] for one in written], [one[3] for one in written if one[4]]


def all_pages(directory: Directory, search: Search, count: int) -> list[str]:
    """Every match, by one search a page, as a reader goes back."""
    found: list[Event] = []
    cursor: str | None = None
    for _ in range(200):
        page = directory.search(search, count, cursor)
        assert len(page.events) <= count
        assert page.looked_to_ms is None or page.older is not None
        found += page.events
        cursor = page.older
        if cursor is None:
            return [event.name for event in found]
    pytest.fail("the pages do not end")


@pytest.fixture
def real_client(real_store: str) -> Iterator[Client]:
    with connect(real_store, timeout=2, name="test") as client:
        yield client


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """As little is read at once as can be, so that logs run dry all the time."""
    monkeypatch.setattr(searching, "READ_AT_ONCE", 2)
    monkeypatch.setattr(searching, "LEAST_EACH", 1)
    monkeypatch.setattr(searching, "ROUNDS", 2)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(logs=st.tuples(ENTRIES, ENTRIES, ENTRIES), count=st.integers(1, 5))
def test_page_by_page_every_match_comes_once_newest_first(
    real_client: Client, few: None, logs: tuple[Entries, ...], count: int
) -> None:
    start_ms, names, errors = write(real_client, logs)
    directory = Directory(real_client, lambda: ALL)
    assert all_pages(directory, EVERYTHING, count) == names
    assert all_pages(directory, Search(kind=Kind.ERROR), count) == errors
    own = Search("binance", Kind.ERROR, start_ms + 2, start_ms + 7)
    wanted = [name for name in errors if start_ms + 2 <= int(name.split(":")[1].split("-")[0]) < start_ms + 7]
    assert all_pages(directory, own, count) == [name for name in wanted if name.startswith("binance:")]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(logs=st.tuples(ENTRIES, ENTRIES, ENTRIES), count=st.integers(1, 5), is_plain=st.booleans())
def test_one_long_search_gives_the_same(
    real_client: Client, few: None, logs: tuple[Entries, ...], count: int, is_plain: bool
) -> None:
    _, names, errors = write(real_client, logs)
    long = Searching(real_client, ALL, Search(kind=None if is_plain else Kind.ERROR), is_long=True)
    found, pages = [], 0
    while pages < 200:
        page, pages = long.page(count), pages + 1
        found += [event.name for event in page.events]
        if page.older is None:
            break
    assert found == (names if is_plain else errors)


def test_a_rare_match_is_looked_for_in_bounded_work_with_a_place_to_go_on_from(client: Client) -> None:
    start_ms = store_ms(client) - 60_000
    pipeline = client.pipeline(transaction=False)
    pipeline.xadd(keys.activity("kraken"), {"event": "error", "error": "1006"}, id=f"{start_ms}-0")
    for number in range(9_000):
        pipeline.xadd(keys.activity("kraken"), {"event": "x"}, id=f"{start_ms + 1 + number}-0")
    pipeline.execute()
    directory = Directory(client, lambda: ALL)
    first = directory.search(Search(words=("1006",)), 50)
    assert first.events == ()
    assert first.looked_to_ms == start_ms + 9_000 - (666 + 3 * 2_000) + 1
    second = directory.search(Search(words=("1006",)), 50, first.older)
    assert [event.fields["error"] for event in second.events] == ["1006"]
    assert second.older is None


def test_a_page_that_is_full_of_matches_is_one_pipeline(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    write(client, ({(ms, 0): True for ms in range(60)}, {}, {}))
    runs: list[Batch] = []
    run = Batch.run

    def counted(batch: Batch) -> list[Any]:
        runs.append(batch)
        return run(batch)

    monkeypatch.setattr(Batch, "run", counted)
    for search in (EVERYTHING, Search("kraken"), Search(kind=Kind.ERROR), Search(words=("error",))):
        assert len(Directory(client, lambda: ALL).search(search, 50).events) == 50
    assert len(runs) == 4


def test_what_is_older_than_90_days_is_not_found(client: Client) -> None:
    now_ms = store_ms(client)
    for ms in (now_ms - RETENTION_MS - 60_000, now_ms - RETENTION_MS + 60_000):
        client.xadd(keys.activity("kraken"), {"event": "error"}, id=f"{ms}-0")
    found = Directory(client, lambda: ALL).search(Search(kind=Kind.ERROR), 50)
    assert [event.at_ms for event in found.events] == [now_ms - RETENTION_MS + 60_000]
    assert found.older is None


def test_a_key_that_is_no_log_costs_no_other_log(client: Client) -> None:
    write(client, ({(1, 0): True}, {}, {}))
    client.set(keys.activity("binance"), "junk")
    assert len(Directory(client, lambda: ALL).search(EVERYTHING, 50).events) == 1


@pytest.mark.parametrize("cursor", ["", "junk", "kraken:1", "nobody:1-1", "kraken:0-0", f"kraken:{'9' * 20}-0"])
def test_a_broken_cursor_is_refused(client: Client, cursor: str) -> None:
    with pytest.raises(BadCursor):
        Directory(client, lambda: ALL).search(EVERYTHING, 50, cursor)


@pytest.mark.parametrize(("from_ms", "to_ms"), [(0, None), (None, 1), (253_402_300_799_000, None), (0, 1)])
def test_times_at_the_ends_of_the_calendar_find_or_find_nothing(
    client: Client, from_ms: int | None, to_ms: int | None
) -> None:
    _, names, _ = write(client, ({(1, 0): True}, {(2, 0): False}, {}))
    found = Directory(client, lambda: ALL).search(Search(from_ms=from_ms, to_ms=to_ms), 50)
    assert [event.name for event in found.events] == (names if (from_ms, to_ms) == (0, None) else [])


def test_a_store_that_does_not_answer_is_no_empty_answer(own_server: RedisProcess) -> None:
    with connect(own_server.url, timeout=0.2, name="test") as client:
        own_server.kill()
        with pytest.raises(StoreUnavailable):
            Directory(client, lambda: ALL).search(EVERYTHING, 50)


def test_logs_on_several_servers_are_searched_together(cluster_store: str) -> None:
    with connect(cluster_store, timeout=2, name="test") as client:
        for exchange in ALL:
            client.xadd(keys.activity(exchange.name), {"event": "error", "error": "1006 abnormal"})
        found = Directory(client, lambda: ALL).search(Search(words=("abnormal",)), 50)
        assert {event.exchange.name for event in found.events} == {"kraken", "binance", "binance_us"}
