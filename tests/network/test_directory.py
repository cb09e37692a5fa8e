"""The view of the network: one pipeline, judged by the store's clock, never an exception for a store that is down."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
import redis

from perseus import keys
from perseus.errors import StoreUnavailable, UnknownExchange
from perseus.network.activity import RETENTION_MS
from perseus.network.directory import Condition, Directory, NetworkView, SharedDirectory
from perseus.network.exchange import Exchange
from perseus.store import Client, connect
from tests.conftest import ManualClock
from tests.network.samples import sample
from tests.redis_process import RedisProcess, free_port

ALL = tuple(Exchange(number, f"x{number}", f"X {number}") for number in range(1, 5))
X1, X2, X3, X4 = ALL


def store_ms(client: Client) -> int:
    seconds, micros = client.time()
    return seconds * 1000 + micros // 1000


def put_live(client: Client, exchange: Exchange, pttl_ms: int = 40_000, **changes: object) -> None:
    status = sample(exchange_id=exchange.id, exchange_name=exchange.name, **changes)
    client.set(keys.status(exchange.id), status.to_json(), px=pttl_ms)


def put_last(client: Client, exchange: Exchange, ended_ms_ago: int, **changes: str) -> None:
    until_ms = store_ms(client) - ended_ms_ago
    record = {"token": "7", "until_ms": until_ms, "beat_ms": until_ms - 45_000, "closed": "0"}
    record |= {"payload": sample(exchange_id=exchange.id).to_json(), **changes}
    client.hset(keys.last_record(exchange.id), mapping=record)


@pytest.fixture
def directory(client: Client) -> Directory:
    return Directory(client, lambda: ALL)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One number for each time that something goes out to a store: how many bytes."""
    seen: list[int] = []
    send = redis.connection.AbstractConnection.send_packed_command

    def spy(self: object, command: object, check_health: bool = True) -> None:
        packed = [command] if isinstance(command, bytes | str) else list(command)  # type: ignore[call-overload]
        seen.append(sum(len(part) for part in packed))
        send(self, packed, check_health)  # type: ignore[arg-type]

    monkeypatch.setattr(redis.connection.AbstractConnection, "send_packed_command", spy)
    return seen


def test_each_exchange_is_judged_by_its_own_keys_in_the_order_of_the_database(
    client: Client, directory: Directory
) -> None:
    put_live(client, X1)
    put_last(client, X2, 60_000)
    put_last(client, X3, 60_000, closed="1", closed_ms=str(store_ms(client)), reason="SIGTERM")
    found = directory.view().exchanges
    assert [status.exchange for status in found] == list(ALL)
    assert found[0].condition is Condition.ACTIVE
    assert found[2].condition is Condition.STOPPED
    assert found[3].condition is Condition.NEVER_SEEN
    assert found[0].heartbeat_age_ms == pytest.approx(5_000, abs=200)


def test_the_times_of_a_view_are_the_store_s(client: Client, directory: Directory, clock: ManualClock) -> None:
    clock.wall = 0
    directory = Directory(client, lambda: ALL, clock)
    before = store_ms(client)
    assert before <= directory.view().now_ms <= store_ms(client)


@pytest.mark.parametrize("number", [1, 4, 50])
def test_a_view_is_one_pipeline_however_many_exchanges(client: Client, sent: list[int], number: int) -> None:
    exchanges = [Exchange(each, f"x{each}", "X") for each in range(1, number + 1)]
    directory = Directory(client, lambda: exchanges)
    client.ping()
    sent.clear()
    assert len(directory.view().exchanges) == number
    assert len(sent) == 1


def test_a_page_of_activity_and_one_exchange_are_one_pipeline_each(
    client: Client, directory: Directory, sent: list[int]
) -> None:
    client.ping()
    sent.clear()
    directory.activity(50)
    directory.exchange(3)
    assert len(sent) == 2


def test_no_exchanges_are_an_empty_network(client: Client) -> None:
    view = Directory(client, lambda: ()).view()
    assert (view.exchanges, view.events, view.older) == ((), (), None)


@pytest.mark.parametrize("key", [keys.status(2), keys.last_record(2), keys.activity("x2"), keys.activity_meta("x2")])
def test_a_key_of_another_type_is_corrupt_and_spoils_no_other_card(
    client: Client, directory: Directory, key: str
) -> None:
    put_live(client, X1)
    client.delete(key)
    client.sadd(key, "not ours")
    found = directory.view().exchanges
    assert found[0].condition is Condition.ACTIVE
    if key != keys.activity_meta("x2"):
        assert found[1].condition is Condition.CORRUPT
        assert "of another type" in (found[1].reason or "")


@pytest.mark.parametrize("junk", [{"token": "²", "until_ms": "1"}, {"until_ms": "soon"}, {"token": "7", "x": "y"}])
def test_a_last_record_of_junk_is_corrupt_and_spoils_no_other_card(
    client: Client, directory: Directory, junk: dict[str, str]
) -> None:
    put_live(client, X1)
    client.hset(keys.last_record(2), mapping=junk)
    found = directory.view().exchanges
    assert [found[0].condition, found[1].condition] == [Condition.ACTIVE, Condition.CORRUPT]


def test_a_lease_without_an_end_is_corrupt(client: Client, directory: Directory) -> None:
    put_live(client, X1)
    client.persist(keys.status(1))
    assert directory.view().exchanges[0].condition is Condition.CORRUPT


def test_an_emptied_store_is_said_and_proves_nothing(client: Client, directory: Directory) -> None:
    assert not directory.view().store.emptied
    client.flushall()
    view = directory.view()
    assert view.store.emptied
    assert {status.condition for status in view.exchanges} == {Condition.UNKNOWN}


def test_a_stand_in_store_is_said_to_keep_nothing(client: Client, directory: Directory) -> None:
    assert directory.view().store.kept
    client.set(keys.INITIALISED, "not kept")
    assert not directory.view().store.kept


def test_the_storm_cap_is_told_while_it_cut_inside_90_days(client: Client, directory: Directory) -> None:
    now_ms = store_ms(client)
    client.hset(keys.activity_meta("x1"), "cut_before_ms", now_ms - RETENTION_MS - 1_000)
    client.hset(keys.activity_meta("x2"), "cut_before_ms", now_ms - 1_000)
    client.hset(keys.activity_meta("x3"), "cut_before_ms", "²")
    assert directory.view().capped == ("x2",)


def test_one_exchange_by_its_id_and_an_unknown_one_by_an_error_that_names_the_known(
    client: Client, directory: Directory
) -> None:
    put_live(client, X3)
    assert directory.exchange(3).condition is Condition.ACTIVE
    with pytest.raises(UnknownExchange, match=r"'99' is not a known exchange. Known: 1 \(x1\)"):
        directory.exchange(99)


# A store that is away.


@pytest.fixture
def brittle(own_server: RedisProcess) -> Iterator[tuple[Directory, Client, ManualClock]]:
    clock = ManualClock()
    with connect(own_server.url, timeout=0.3, name="t") as client:
        client.set(keys.INITIALISED, "kept")
        yield Directory(client, lambda: ALL, clock), client, clock


def test_a_store_that_is_away_gives_what_was_last_known_as_unknown(
    own_server: RedisProcess, brittle: tuple[Directory, Client, ManualClock]
) -> None:
    directory, client, clock = brittle
    put_live(client, X1)
    client.xadd(keys.activity("x1"), {"event": "error"})
    before = directory.view()
    own_server.kill()
    clock.advance(7)
    after = directory.view()
    assert {status.condition for status in after.exchanges} == {Condition.UNKNOWN}
    assert [status.exchange for status in after.exchanges] == list(ALL)
    first = after.exchanges[0]
    assert first.status == before.exchanges[0].status
    assert (first.live, first.heartbeat_age_ms, first.lease_left_ms) == (False, None, None)
    assert (after.events, after.older) == (before.events, None)
    assert (after.store.answers, "does not answer" in (after.store.reason or "")) == (False, True)
    assert after.now_ms == before.now_ms + 7_000


def test_a_store_that_never_answered_gives_unknown_exchanges_without_facts(
    brittle: tuple[Directory, Client, ManualClock], own_server: RedisProcess
) -> None:
    directory, _, clock = brittle
    own_server.kill()
    view = directory.view()
    assert [(status.exchange, status.condition, status.status) for status in view.exchanges] == [
        (exchange, Condition.UNKNOWN, None) for exchange in ALL
    ]
    assert view.now_ms == clock.wall_ms()
    assert not directory.store_is_up()


def test_a_frozen_store_holds_a_view_up_no_longer_than_its_time_out(
    brittle: tuple[Directory, Client, ManualClock], own_server: RedisProcess
) -> None:
    directory, _, _ = brittle
    own_server.freeze()
    assert not directory.view().store.answers
    own_server.thaw()
    assert directory.view().store.answers


def test_asked_for_one_exchange_or_the_log_a_store_that_is_away_is_an_error(
    brittle: tuple[Directory, Client, ManualClock], own_server: RedisProcess
) -> None:
    directory, _, _ = brittle
    own_server.kill()
    for ask in (lambda: directory.exchange(1), lambda: directory.activity(50)):
        with pytest.raises(StoreUnavailable):
            ask()


def test_a_store_that_restarted_proves_no_death_for_one_ttl(
    brittle: tuple[Directory, Client, ManualClock], own_server: RedisProcess
) -> None:
    directory, client, clock = brittle
    put_last(client, X1, 60_000)
    directory.view()
    own_server.kill()
    own_server.start()
    assert directory.view().exchanges[0].condition is Condition.UNKNOWN
    clock.advance(44)
    assert directory.view().exchanges[0].condition is Condition.UNKNOWN


# Shared by the threads of a worker.


class CountedDirectory(Directory):
    """Counts its views; as slow as `gate` makes it."""

    def __init__(self, client: Client, gate: Callable[[], object] = lambda: None) -> None:
        super().__init__(client, lambda: ALL)
        self.views = 0
        self.gate = gate

    def view(self, count: int = 50) -> NetworkView:
        self.views += 1
        self.gate()
        return super().view(count)


def test_viewers_within_a_second_share_one_read(client: Client, clock: ManualClock) -> None:
    counted = CountedDirectory(client)
    shared = SharedDirectory(counted, clock)
    first = shared.view()
    clock.advance(0.99)
    assert shared.view() is first
    clock.advance(0.01)
    assert shared.view() is not first
    assert counted.views == 2


def test_many_viewers_at_once_wait_for_one_read(client: Client, clock: ManualClock) -> None:
    inside = threading.Event()
    counted = CountedDirectory(client, lambda: inside.wait(0.2))
    shared = SharedDirectory(counted, clock)
    views: list[object] = []
    threads = [threading.Thread(target=lambda: views.append(shared.view())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert (len(views), len({id(view) for view in views}), counted.views) == (8, 1, 1)


def test_a_store_that_is_away_is_not_asked_by_every_viewer_either(clock: ManualClock) -> None:
    with connect(f"redis://127.0.0.1:{free_port()}/0", timeout=0.2, name="t") as client:
        counted = CountedDirectory(client)
        shared = SharedDirectory(counted, clock)
        assert [shared.view().store.answers for _ in range(5)] == [False] * 5
    assert counted.views == 1
