"""What several threads get that ask for what the database says while one of them waits for its answer."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from perseus.db import DatabaseUnavailable
from perseus.db import known as known_module
from perseus.db.known import Known
from tests.conftest import ManualClock

KEPT = 5.0
LONGEST = 10


class Watched:
    """A lock that tells of each try to get it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.tries: queue.Queue[bool] = queue.Queue()
        self.release = self._lock.release

    def acquire(self, blocking: bool) -> bool:
        self.tries.put(blocking)
        return self._lock.acquire(blocking)


class Database:
    """Takes its time for every answer but the first: until `go` is set. Its answers are counted from 1."""

    def __init__(self, clock: ManualClock, pool: ThreadPoolExecutor) -> None:
        self.answers = 0
        self.asked, self.go = threading.Event(), threading.Event()
        self.lock = Watched()
        self.known = Known(self._read, clock, "The number", KEPT, 0)
        self.known._asking = self.lock  # type: ignore[assignment]
        self._pool = pool

    def call(self) -> Future[int]:
        """Another thread calls, and has come to the lock."""
        called = self._pool.submit(self.known)
        self.lock.tries.get(timeout=LONGEST)
        return called

    def _read(self) -> int:
        if self.answers:
            self.asked.set()
            assert self.go.wait(LONGEST)
        self.answers += 1
        return self.answers


@pytest.fixture
def database(clock: ManualClock) -> Iterator[Database]:
    with ThreadPoolExecutor(2) as pool:
        made = Database(clock, pool)
        assert made.known() == 1
        made.lock.tries.get_nowait()
        yield made
        made.go.set()


def test_who_asks_meanwhile_gets_at_once_what_is_known(database: Database, clock: ManualClock) -> None:
    clock.advance(2 * KEPT - 0.1)
    first = database.call()
    assert database.asked.wait(LONGEST)
    assert database.call().result(LONGEST) == 1
    database.go.set()
    assert first.result(LONGEST) == 2


def test_what_was_known_long_ago_does_not_stand_in(database: Database, clock: ManualClock) -> None:
    clock.advance(2 * KEPT)
    first = database.call()
    assert database.asked.wait(LONGEST)
    second = database.call()
    database.go.set()
    assert (first.result(LONGEST), second.result(LONGEST)) == (2, 2)
    assert database.answers == 2, "who waited does not ask again"


def test_who_saved_something_waits_for_it(database: Database) -> None:
    database.known.forget()
    first = database.call()
    assert database.asked.wait(LONGEST)
    second = database.call()
    database.go.set()
    assert (first.result(LONGEST), second.result(LONGEST)) == (2, 2)


def test_while_there_is_trouble_nobody_waits_for_a_database_that_hangs(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_module, "PATIENCE_SECONDS", 0.05)
    hangs, comes_back = threading.Event(), threading.Event()
    answers: queue.SimpleQueue[int] = queue.SimpleQueue()

    def read() -> int:
        if hangs.is_set():
            assert comes_back.wait(LONGEST)
            return 2
        if not answers.empty():
            return answers.get()
        raise DatabaseUnavailable("db:5432", "refused")

    known = Known(read, clock, "The number", KEPT, 0)
    answers.put(1)
    assert known() == 1
    clock.advance(KEPT)
    assert (known(), str(known.trouble)[:12]) == (1, "The database")
    hangs.set()
    for _ in range(5):
        clock.advance(3 * KEPT)
        assert known() == 1, "and it was not waited for"
    asking = [thread for thread in threading.enumerate() if "The number" in thread.name]
    assert len(asking) == 1, "one question at a time, however long it takes"
    assert known.trouble is not None
    comes_back.set()
    asking[0].join(LONGEST)
    assert (known(), known.trouble) == (2, None)
