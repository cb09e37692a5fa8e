"""Paging through the activity log of several exchanges whose stream ids repeat: nothing lost, nothing twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perseus import keys
from perseus.errors import UnknownExchange
from perseus.network.exchange import Exchange
from perseus.network.log.activity import RETENTION_MS, Event
from perseus.network.view.directory import BadCursor, Directory
from perseus.store import Client, connect

pytestmark = pytest.mark.everywhere
ALL = (Exchange(3, "kraken", "Kraken"), Exchange(1, "binance", "Binance"), Exchange(20, "binance_us", "Binance.US"))
IDS = st.tuples(st.integers(0, 4), st.integers(0, 2))
LOGS = st.tuples(*(st.sets(IDS, max_size=9) for _ in ALL))


def store_ms(client: Client) -> int:
    seconds, micros = client.time()
    return seconds * 1000 + micros // 1000


def write(client: Client, logs: tuple[set[tuple[int, int]], ...]) -> list[str]:
    """Fill the logs; gives the names of all events, newest first, as the page must show them."""
    names, start_ms = [], store_ms(client) - 60_000
    for exchange, log in zip(ALL, logs, strict=True):
        client.delete(keys.activity(exchange.name))
        for ms, sequence in sorted(log):
            stream_id = f"{start_ms + ms}-{sequence}"
            client.xadd(keys.activity(exchange.name), {"event": "error"}, id=stream_id)
            names.append((start_ms + ms, sequence, exchange.id, f"{exchange.name}:{stream_id}"))
    return [name for *_, name in sorted(names, reverse=True)]


def all_pages(directory: Directory, count: int, exchange: str | None = None, cursor: str | None = None) -> list[Event]:
    """Every event from the cursor on, page by page."""
    found: list[Event] = []
    while True:
        page = directory.activity(count, cursor, exchange)
        assert len(page.events) <= count
        assert len(page.events) == count or page.older is None
        found += page.events
        if page.older is None:
            return found
        assert page.older == page.events[-1].name
        cursor = page.older


@pytest.fixture
def real_client(real_store: str) -> Iterator[Client]:
    with connect(real_store, timeout=2, name="test") as client:
        yield client


@pytest.fixture
def directory(client: Client) -> Directory:
    return Directory(client, lambda: ALL)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(logs=LOGS, count=st.integers(1, 7))
def test_page_by_page_every_event_comes_once_newest_first(
    real_client: Client, logs: tuple[set[tuple[int, int]], ...], count: int
) -> None:
    expected, directory = write(real_client, logs), Directory(real_client, lambda: ALL)
    assert [event.name for event in all_pages(directory, count)] == expected
    for exchange in ALL:
        own = [name for name in expected if name.startswith(f"{exchange.name}:")]
        assert [event.name for event in all_pages(directory, count, exchange.name)] == own


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(logs=LOGS, count=st.integers(1, 7))
def test_what_is_behind_the_first_view_goes_on_without_a_gap(
    real_client: Client, logs: tuple[set[tuple[int, int]], ...], count: int
) -> None:
    expected, directory = write(real_client, logs), Directory(real_client, lambda: ALL)
    view = directory.view(count)
    rest = [] if view.older is None else all_pages(directory, count, cursor=view.older)
    assert [event.name for event in (*view.events, *rest)] == expected


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(logs=LOGS, count=st.integers(1, 5))
def test_events_that_come_in_while_somebody_pages_move_nothing(
    real_client: Client, logs: tuple[set[tuple[int, int]], ...], count: int
) -> None:
    expected, directory = write(real_client, logs), Directory(real_client, lambda: ALL)
    first = directory.activity(count)
    for exchange in ALL:
        real_client.xadd(keys.activity(exchange.name), {"event": "error"})
    rest = [] if first.older is None else all_pages(directory, count, cursor=first.older)
    assert [event.name for event in (*first.events, *rest)] == expected


def test_a_cursor_may_name_an_event_that_is_gone_by_now(client: Client, directory: Directory) -> None:
    expected = write(client, ({(0, 0), (2, 0)}, {(1, 0)}, set()))
    client.xdel(keys.activity("kraken"), expected[0].partition(":")[2])
    assert [event.name for event in all_pages(directory, 5, cursor=expected[0])] == expected[1:]


def test_what_is_older_than_90_days_is_not_read_even_while_it_stands_there(
    client: Client, directory: Directory
) -> None:
    edge_ms = store_ms(client) - RETENTION_MS
    client.xadd(keys.activity("kraken"), {"event": "error"}, id=f"{edge_ms - 1}-0")
    client.xadd(keys.activity("binance"), {"event": "error"}, id=f"{edge_ms + 60_000}-0")
    kept = [f"binance:{edge_ms + 60_000}-0"]
    assert [event.name for event in directory.view(50).events] == kept
    assert [event.name for event in all_pages(directory, 1)] == kept
    assert directory.view(1).older is None


def test_kinds_that_nobody_here_knows_and_entries_that_are_no_events_are_kept_as_they_are(
    client: Client, directory: Directory
) -> None:
    client.xadd(keys.activity("kraken"), {"event": "solar_eclipse", "where": "everywhere"})
    client.xadd(keys.activity("kraken"), {"": "", "<b>": "\x00"})
    newest, older = directory.activity(50).events
    assert (newest.kind, newest.fields) == (None, {"": "", "<b>": "\x00"})
    assert (older.kind, older.fields) == ("solar_eclipse", {"event": "solar_eclipse", "where": "everywhere"})


def test_bytes_that_are_no_text_cost_themselves_only(client: Client, directory: Directory) -> None:
    client.xadd(keys.activity("kraken"), {b"event": b"err\xff"})
    assert directory.activity(50).events[0].kind == "err\ufffd"


def test_a_log_of_another_type_does_not_hide_the_others(client: Client, directory: Directory) -> None:
    client.set(keys.activity("kraken"), "not ours")
    client.xadd(keys.activity("binance"), {"event": "error"})
    assert [event.exchange.name for event in directory.activity(50).events] == ["binance"]


def test_an_event_has_the_store_s_time_and_a_name_that_no_other_log_has(client: Client, directory: Directory) -> None:
    before = store_ms(client)
    for name in ("kraken", "binance"):
        client.xadd(keys.activity(name), {"event": "error"}, id=f"{before}-5")
    events = directory.activity(50).events
    assert [event.name for event in events] == [f"kraken:{before}-5", f"binance:{before}-5"]
    assert [event.at_ms for event in events] == [before, before]


def test_an_entry_at_the_end_of_all_ids_can_be_paged_past(directory: Directory, client: Client) -> None:
    for stream_id in ("1-0", f"{2**64 - 1}-{2**64 - 2}", f"{2**64 - 1}-{2**64 - 1}"):
        client.xadd(keys.activity("kraken"), {"event": "error"}, id=stream_id)
    newest = directory.activity(1)
    assert [event.stream_id for event in newest.events] == [f"{2**64 - 1}-{2**64 - 1}"]
    assert [event.stream_id for event in directory.activity(1, newest.older).events] == [f"{2**64 - 1}-{2**64 - 2}"]


@pytest.mark.parametrize(
    "cursor",
    ["", "kraken", "1-0", "kraken:1", "kraken:1-", "kraken:a-b", "bitmex:1-0", "kraken:-1-0", "kraken:1-0 ",
     "kraken:" + "9" * 20 + "-0", "KRAKEN:1-0", "kraken:1-0\n", "kraken:²-0", "kraken:0-0",
     "kraken:000-00", f"kraken:{2**64}-0", f"kraken:1-{2**64}"],
)  # fmt: skip
def test_what_is_no_cursor_is_named(directory: Directory, cursor: str) -> None:
    with pytest.raises(BadCursor) as refusal:
        directory.activity(50, cursor)
    assert refusal.value.cursor == cursor


@pytest.mark.parametrize("cursor", ["kraken:0-1", "kraken:9999999999999999999-9999999999999999999"])
def test_a_cursor_at_either_end_of_time_is_no_error(client: Client, directory: Directory, cursor: str) -> None:
    client.xadd(keys.activity("kraken"), {"event": "error"})
    assert len(directory.activity(50, cursor).events) == int(cursor.startswith("kraken:9"))


def test_an_unknown_exchange_is_named_with_the_known_ones(directory: Directory) -> None:
    with pytest.raises(UnknownExchange) as refusal:
        directory.activity(50, exchange="bitmex")
    assert refusal.value.known == ("kraken", "binance", "binance_us")
