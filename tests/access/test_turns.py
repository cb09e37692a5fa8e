"""Few ask the database at once, one while it is silent; in good times everybody gets a turn."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from perseus.access.turns import MOST, PATIENCE_SECONDS, Turns, Unasked
from perseus.db import DatabaseUnavailable
from perseus.db.errors import NotStorable
from tests.conftest import ManualClock

LONGEST = 10.0
DOWN = DatabaseUnavailable("db:5432", "refused")


@pytest.fixture
def turns(clock: ManualClock) -> Turns:
    return Turns(clock, silence=(DatabaseUnavailable,), patience=LONGEST)


def fall_silent(turns: Turns) -> None:
    with pytest.raises(DatabaseUnavailable), turns.take():
        raise DOWN


def test_while_answers_come_everybody_gets_a_turn_and_few_have_one_at_once(turns: Turns) -> None:
    lock, gate, at_once, most = threading.Lock(), threading.Barrier(16), 0, 0

    def ask(_: int) -> None:
        nonlocal at_once, most
        gate.wait(LONGEST)
        for _ in range(20):
            with turns.take():
                with lock:
                    at_once += 1
                    most = max(most, at_once)
                with lock:
                    at_once -= 1

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(ask, range(16)))
    assert 1 <= most <= MOST


def test_who_waits_for_a_turn_is_turned_away_when_the_database_falls_silent(turns: Turns) -> None:
    held = [turns.take() for _ in range(MOST)]
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(turns.take)
        with pytest.raises(DatabaseUnavailable), held[0]:
            raise DOWN
        with pytest.raises(Unasked):
            waiting.result(LONGEST / 2)


def test_nobody_waits_for_a_turn_longer_than_it_takes_to_call_the_database_slow(clock: ManualClock) -> None:
    turns = Turns(clock, 1, patience=0.05)
    with turns.take(), pytest.raises(Unasked):
        turns.take()


def test_behind_a_question_that_takes_long_there_is_no_further_turn(turns: Turns, clock: ManualClock) -> None:
    slow = turns.take()
    clock.advance(LONGEST)
    with pytest.raises(Unasked):
        turns.take()
    with slow:
        pass
    with turns.take(), turns.take():
        pass


def test_a_silent_database_is_asked_by_one_at_a_time_until_it_answers(turns: Turns) -> None:
    fall_silent(turns)
    for _ in range(3):
        probe = turns.take()
        with pytest.raises(Unasked):
            turns.take()
        with pytest.raises(DatabaseUnavailable), probe:
            raise DOWN
    with turns.take():
        pass
    with turns.take(), turns.take():
        pass


def test_what_the_database_refuses_does_not_make_it_silent(turns: Turns) -> None:
    with pytest.raises(NotStorable), turns.take():
        raise NotStorable("db:5432", "a zero byte")
    with turns.take(), turns.take():
        pass


def test_the_usual_wait_is_shorter_than_a_poll() -> None:
    assert PATIENCE_SECONDS < 2
