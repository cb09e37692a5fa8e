"""One read for all viewers of a worker."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from perseus.network.view.directory import Directory, NetworkView
from perseus.network.view.shared import SharedDirectory
from perseus.store import Client, connect
from tests.conftest import ManualClock
from tests.network.network_keys import ALL
from tests.redis_process import RedisProcess, free_port


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


def test_while_one_read_hangs_the_others_get_the_view_before(client: Client, clock: ManualClock) -> None:
    hangs, may_end = threading.Event(), threading.Event()
    counted = CountedDirectory(client)
    shared = SharedDirectory(counted, clock)
    before = shared.view()
    counted.gate = lambda: hangs.set() or may_end.wait(10)
    clock.advance(4.9)
    reader = threading.Thread(target=shared.view)
    reader.start()
    assert hangs.wait(10)
    assert [shared.view() for _ in range(5)] == [before] * 5
    may_end.set()
    reader.join(10)
    assert shared.view() is not before
    assert counted.views == 2


def test_nobody_gets_a_view_from_before_a_while_in_which_nobody_looked(client: Client, clock: ManualClock) -> None:
    inside = threading.Event()
    counted = CountedDirectory(client)
    shared = SharedDirectory(counted, clock)
    before = shared.view()
    counted.gate = lambda: inside.wait(0.2)
    clock.advance(5)
    views: list[NetworkView] = []
    threads = [threading.Thread(target=lambda: views.append(shared.view())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(views) == 4
    assert before not in views
    assert counted.views == 2


def test_a_slow_reading_is_shared_from_its_end_on(client: Client, clock: ManualClock) -> None:
    counted = CountedDirectory(client, lambda: clock.advance(2))
    shared = SharedDirectory(counted, clock)
    assert shared.view() is shared.view()
    assert counted.views == 1


def test_the_end_of_a_fault_is_told_though_nobody_looks(
    own_server: RedisProcess, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    with own_server.client() as admin:
        admin.config_set("min-replicas-to-write", 1)
        shared = SharedDirectory(CountedDirectory(admin), clock)
        shared.view()
        admin.config_set("min-replicas-to-write", 0)
        clock.advance(60)
        caplog.clear()
        for _ in range(3):
            shared.recover()
            clock.advance(2)
    assert [record.message.partition("takes")[2] for record in caplog.records] == [" writes again."]


def test_where_nothing_was_wrong_nothing_is_read_for_nobody(client: Client, clock: ManualClock) -> None:
    counted = CountedDirectory(client)
    shared = SharedDirectory(counted, clock)
    shared.view()
    clock.advance(60)
    shared.recover()
    assert counted.views == 1
