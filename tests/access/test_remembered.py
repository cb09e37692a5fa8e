"""Whose key it is: asked at most every few seconds, believed for a quarter of an hour, never for changes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from perseus.access import Person, Role
from perseus.access import remembered as module
from perseus.access import turns as turns_module
from perseus.access.remembered import BELIEVED_SECONDS, KEPT_SECONDS, Remembered
from perseus.access.turns import Turns, Unasked
from perseus.db import DatabaseUnavailable
from tests.conftest import ManualClock

LONGEST = 10.0
ADA = Person(1, "ada@example.net", "Ada", Role.ADMIN)


class Database:
    """Answers what it is told to, and counts."""

    def __init__(self) -> None:
        self.owners: dict[str, Person] = {"key": ADA}
        self.is_up = True
        self.asked = 0
        self.hang: Callable[[], object] = lambda: None

    def __call__(self, digest: str) -> Person | None:
        self.asked += 1
        self.hang()
        if not self.is_up:
            raise DatabaseUnavailable("db:5432", "refused")
        return self.owners.get(digest)


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def known(database: Database, clock: ManualClock) -> Remembered:
    return Remembered(database, clock, Turns(clock))


def test_the_database_is_asked_once_in_five_seconds(known: Remembered, database: Database, clock: ManualClock) -> None:
    assert known.owner("key", may_be_old=True) == ADA
    clock.advance(KEPT_SECONDS - 0.1)
    assert known.owner("key", may_be_old=False) == ADA
    assert database.asked == 1
    clock.advance(0.1)
    known.owner("key", may_be_old=True)
    assert database.asked == 2


@pytest.mark.parametrize("may_be_old", [True, False])
def test_who_was_shut_out_elsewhere_is_out_after_five_seconds(
    known: Remembered, database: Database, clock: ManualClock, may_be_old: bool
) -> None:
    known.owner("key", may_be_old=may_be_old)
    del database.owners["key"]
    clock.advance(KEPT_SECONDS)
    assert known.owner("key", may_be_old=may_be_old) is None
    database.is_up = False
    with pytest.raises(DatabaseUnavailable):
        known.owner("key", may_be_old=may_be_old)


def test_what_was_changed_here_holds_at_once(known: Remembered, database: Database) -> None:
    known.owner("key", may_be_old=True)
    database.owners["key"] = replace(ADA, role=Role.VIEWER)
    known.forget()
    found = known.owner("key", may_be_old=False)
    assert found is not None
    assert found.role is Role.VIEWER


def test_what_was_read_before_a_change_is_not_kept_after_it(database: Database, clock: ManualClock) -> None:
    def read(digest: str) -> Person | None:
        found = database(digest)
        if database.asked == 1:
            del database.owners["key"]
            known.forget()
        return found

    known = Remembered(read, clock, Turns(clock))
    assert known.owner("key", may_be_old=False) == ADA
    assert known.owner("key", may_be_old=False) is None


def test_while_the_database_is_silent_one_may_look_for_a_quarter_of_an_hour_and_change_nothing(
    known: Remembered, database: Database, clock: ManualClock
) -> None:
    known.owner("key", may_be_old=True)
    database.is_up = False
    clock.advance(BELIEVED_SECONDS - 1)
    assert known.owner("key", may_be_old=True) == ADA
    with pytest.raises(DatabaseUnavailable):
        known.owner("key", may_be_old=False)
    clock.advance(1)
    with pytest.raises(DatabaseUnavailable):
        known.owner("key", may_be_old=True)


def test_a_stranger_learns_nothing_from_a_silent_database(known: Remembered, database: Database) -> None:
    database.is_up = False
    with pytest.raises(DatabaseUnavailable):
        known.owner("another", may_be_old=True)


def test_a_silent_database_is_asked_no_more_often(known: Remembered, database: Database, clock: ManualClock) -> None:
    known.owner("key", may_be_old=True)
    database.is_up = False
    clock.advance(60)
    for _ in range(10):
        assert known.owner("key", may_be_old=True) == ADA
    assert database.asked == 2
    clock.advance(KEPT_SECONDS)
    known.owner("key", may_be_old=True)
    assert database.asked == 3


def test_believing_somebody_does_not_make_it_last_longer(
    known: Remembered, database: Database, clock: ManualClock
) -> None:
    known.owner("key", may_be_old=True)
    database.is_up = False
    for _ in range(int(BELIEVED_SECONDS // 60) - 1):
        clock.advance(60)
        assert known.owner("key", may_be_old=True) == ADA
    clock.advance(60)
    with pytest.raises(DatabaseUnavailable):
        known.owner("key", may_be_old=True)


def test_silence_and_its_end_are_said_once(
    known: Remembered, database: Database, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, turns_module.__name__)
    known.owner("key", may_be_old=True)
    for is_up in (False, False, True, True):
        database.is_up = is_up
        clock.advance(KEPT_SECONDS)
        known.owner("key", may_be_old=True)
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2
    assert "stays so for up to 15 minutes" in said[0]
    assert "can ask again" in said[1]


def test_keys_that_nobody_has_take_no_memory_and_known_ones_a_bounded_part(
    known: Remembered, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    for number in range(10):
        assert known.owner(f"junk {number}", may_be_old=True) is None
    assert not known._known
    database.owners = {str(number): ADA for number in range(10)}
    for digest in database.owners:
        known.owner(digest, may_be_old=True)
    assert list(known._known) == ["7", "8", "9"]


class Hanging:
    """Makes the database hang: each question says that it began, and stays."""

    def __init__(self, database: Database) -> None:
        self.began = threading.Semaphore(0)
        self._end = threading.Event()
        self._database = database
        database.hang = self._stay

    def _stay(self) -> None:
        self.began.release()
        assert self._end.wait(LONGEST), "it was waited for"

    def wait(self) -> None:
        """Until one question more has begun."""
        assert self.began.acquire(timeout=LONGEST)

    def end(self) -> None:
        """Answer, all at once and from now on."""
        self._database.hang = lambda: None
        self._end.set()


def test_a_database_that_hangs_holds_up_nobody_who_is_known_for_long(database: Database, clock: ManualClock) -> None:
    known = Remembered(database, clock, Turns(clock, patience=0.05))
    assert known.owner("key", may_be_old=True) == ADA
    clock.advance(KEPT_SECONDS)
    hanging = Hanging(database)
    assert known.owner("key", may_be_old=True) == ADA
    hanging.end()


def test_of_a_hundred_who_are_known_one_waits_for_a_database_that_hangs(database: Database, clock: ManualClock) -> None:
    known = Remembered(database, clock, Turns(clock, patience=LONGEST))
    database.owners = {str(number): replace(ADA, id=number) for number in range(100)}
    for digest in database.owners:
        known.owner(digest, may_be_old=True)
    clock.advance(KEPT_SECONDS)
    hanging = Hanging(database)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(known.owner, "0", may_be_old=True)
        hanging.wait()
        for _ in range(3):
            clock.advance(LONGEST)
            found = [known.owner(str(number), may_be_old=True) for number in range(1, 100)]
            assert found == list(database.owners.values())[1:]
        assert (database.asked, first.done()) == (101, False), "nobody else asked, so nobody else could wait"
        hanging.end()
        assert first.result(LONGEST) == database.owners["0"]
    del database.owners["99"]
    assert known.owner("99", may_be_old=True) is None, "who was answered at once asks again when it is back"


def test_what_a_slow_database_says_is_kept_though_nobody_waits_for_it_any_more(
    database: Database, clock: ManualClock
) -> None:
    known = Remembered(database, clock, Turns(clock, patience=0.05))
    known.owner("key", may_be_old=True)
    clock.advance(KEPT_SECONDS)
    hanging = Hanging(database)
    known.owner("key", may_be_old=True)
    database.owners["key"] = replace(ADA, role=Role.VIEWER)
    hanging.end()
    known._readers.shutdown()
    assert (known.owner("key", may_be_old=False), database.asked) == (database.owners["key"], 2)


def test_strangers_beyond_the_few_who_wait_are_turned_away_at_once(database: Database, clock: ManualClock) -> None:
    turns = Turns(clock, 3, patience=LONGEST)
    sessions, tokens = Remembered(database, clock, turns), Remembered(database, clock, turns)
    hanging = Hanging(database)
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(sessions.owner, f"junk {number}", may_be_old=True) for number in range(3)]
        for _ in waiting:
            hanging.wait()
        clock.advance(LONGEST)
        for number in range(100):
            with pytest.raises(Unasked):
                (sessions if number % 2 else tokens).owner(f"other {number}", may_be_old=number % 3 == 0)
        hanging.end()
        assert [one.result(LONGEST) for one in waiting] == [None] * 3
    assert sessions.owner("key", may_be_old=False) == ADA
