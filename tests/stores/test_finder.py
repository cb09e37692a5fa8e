"""Which sentinel is believed, when they are asked again, and how long that may take. Time is the tests' own."""

from __future__ import annotations

from typing import Any

import pytest
import redis

from perseus.store.finder import LOOK_SECONDS, SHUN_SECONDS, Finder, SentinelRefused
from perseus.store.layout import Place
from tests.conftest import ManualClock

ONE, TWO, THREE = SENTINELS = [("s", 1), ("s", 2), ("s", 3)]
OLD, NEW = ("old", 6379), ("new", 6379)
TIMEOUT = 2.0


class Panel:
    """Three sentinels: what each tells as (primary, epoch), or the error that it gives, and who was asked."""

    def __init__(self, clock: ManualClock) -> None:
        self.told: dict[Place, Any] = dict.fromkeys(SENTINELS, (OLD, 1))
        self.asked: list[Place] = []
        self.shares: set[float] = set()
        self._clock = clock

    def make(self, place: Place, seconds: float) -> Any:
        self.shares.add(seconds)
        return Asked(self, place)

    def ask(self, place: Place) -> list[Any]:
        self.asked.append(place)
        told = self.told[place]
        if isinstance(told, redis.TimeoutError):
            self._clock.advance(max(self.shares))
        if isinstance(told, redis.ConnectionError | redis.TimeoutError):
            raise told
        if isinstance(told, Exception):
            return [told, told]
        if told is None:
            return [None, redis.ResponseError("ERR No such master with that name")]
        (host, port), epoch = told
        state = redis.ResponseError("NOPERM") if epoch is None else {"config-epoch": str(epoch)}
        return [[host, str(port)], state]


class Asked:
    """A client of one of them, as far as the finder uses it."""

    def __init__(self, panel: Panel, place: Place) -> None:
        self._panel = panel
        self._place = place

    def pipeline(self, transaction: bool) -> Asked:
        return self

    def execute_command(self, *command: str) -> None:
        assert command[0] == "SENTINEL"
        assert command[2] == "perseus"

    def execute(self, raise_on_error: bool) -> list[Any]:
        return self._panel.ask(self._place)

    def close(self) -> None:
        self._panel.asked.append(("closed", self._place[1]))


@pytest.fixture
def panel(clock: ManualClock) -> Panel:
    return Panel(clock)


@pytest.fixture
def finder(panel: Panel, clock: ManualClock) -> Finder:
    return Finder(SENTINELS, "perseus", panel.make, TIMEOUT, clock.elapsed)


def test_at_first_most_must_agree_then_one_is_asked_and_not_again_within_a_second(
    finder: Finder, panel: Panel, clock: ManualClock
) -> None:
    assert [finder.primary(), finder.primary()] == [OLD, OLD]
    assert len(panel.asked) == 2
    clock.advance(LOOK_SECONDS)
    assert finder.primary() == OLD
    assert len(panel.asked) == 3


def test_each_look_asks_another_so_that_one_that_lags_is_not_alone_believed(
    finder: Finder, panel: Panel, clock: ManualClock
) -> None:
    for _ in range(3):
        finder.primary()
        clock.advance(LOOK_SECONDS)
    assert set(panel.asked) == set(SENTINELS)


def test_a_newer_configuration_is_believed_and_an_older_one_never_again(
    finder: Finder, panel: Panel, clock: ManualClock
) -> None:
    finder.primary()
    panel.told.update({TWO: (NEW, 2), THREE: (NEW, 2)})
    found = []
    for _ in range(9):
        clock.advance(LOOK_SECONDS)
        found.append(finder.primary())
    assert found[1:] == [NEW] * 8


def test_what_all_tell_is_believed_though_it_is_older(finder: Finder, panel: Panel, clock: ManualClock) -> None:
    panel.told = dict.fromkeys(SENTINELS, (OLD, 9))
    finder.primary()
    panel.told = dict.fromkeys(SENTINELS, (NEW, 1))  # all three were set up anew
    clock.advance(LOOK_SECONDS)
    assert finder.primary() == NEW


def test_one_that_lags_behind_is_not_believed_though_it_alone_answers(
    finder: Finder, panel: Panel, clock: ManualClock
) -> None:
    panel.told = dict.fromkeys(SENTINELS, (NEW, 2))
    finder.primary()
    panel.told = {ONE: (OLD, 1), TWO: redis.ConnectionError("refused"), THREE: redis.ConnectionError("refused")}
    for _ in range(4):
        finder.doubt(NEW)
        assert finder.primary() == NEW


def test_where_no_epoch_is_told_each_word_counts(finder: Finder, panel: Panel) -> None:
    panel.told = dict.fromkeys(SENTINELS, (OLD, None))
    finder.primary()
    panel.told = {ONE: (NEW, None), TWO: redis.ConnectionError("refused"), THREE: redis.ConnectionError("refused")}
    finder.doubt(OLD)
    assert finder.primary() == NEW


def test_a_sentinel_that_may_not_tell_the_epoch_is_believed_at_first(finder: Finder, panel: Panel) -> None:
    panel.told = dict.fromkeys(SENTINELS, (OLD, None))
    assert finder.primary() == OLD


def test_a_doubt_has_them_asked_at_once(finder: Finder, panel: Panel) -> None:
    finder.primary()
    panel.told = dict.fromkeys(SENTINELS, (NEW, 2))
    finder.doubt(OLD)
    assert finder.has_moved_from(OLD)
    assert finder.primary() == NEW


def test_a_doubt_about_a_server_that_is_primary_no_more_asks_nobody(finder: Finder, panel: Panel) -> None:
    finder.primary()
    asked = len(panel.asked)
    finder.doubt(NEW)
    finder.primary()
    assert len(panel.asked) == asked


def test_a_round_takes_no_longer_than_a_command_however_many_are_silent(
    finder: Finder, panel: Panel, clock: ManualClock
) -> None:
    panel.told = dict.fromkeys(SENTINELS, redis.TimeoutError("timed out"))
    began = clock.seconds
    with pytest.raises(redis.TimeoutError, match="sentinel s:"):
        finder.primary()
    assert clock.seconds - began == pytest.approx(TIMEOUT)
    assert list(panel.shares) == [pytest.approx(TIMEOUT / 3)]


def test_those_who_waited_for_a_round_that_failed_do_not_begin_one_each(
    finder: Finder, panel: Panel, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel.told = dict.fromkeys(SENTINELS, redis.TimeoutError("timed out"))
    with pytest.raises(redis.TimeoutError):
        finder.primary()
    asked = len(panel.asked)
    now = clock.seconds
    times = iter([now - 1, now, now])  # it came before that round ended, and got the lock after
    monkeypatch.setattr(finder, "_elapsed", lambda: next(times))
    with pytest.raises(redis.TimeoutError):
        finder.primary()
    assert len(panel.asked) == asked


def test_while_all_are_silent_the_known_primary_stays_and_costs_no_more_waiting(
    finder: Finder, panel: Panel, clock: ManualClock
) -> None:
    finder.primary()
    panel.told = dict.fromkeys(SENTINELS, redis.TimeoutError("timed out"))
    began = clock.seconds
    for _ in range(20):
        clock.advance(LOOK_SECONDS)
        assert finder.primary() == OLD
    assert clock.seconds - began - 20 * LOOK_SECONDS <= TIMEOUT + 0.001


def test_a_silent_sentinel_is_left_out_for_a_while_and_then_asked_again(
    finder: Finder, panel: Panel, clock: ManualClock
) -> None:
    panel.told[TWO] = redis.ConnectionError("refused")
    for _ in range(12):
        finder.primary()
        clock.advance(LOOK_SECONDS)
    assert panel.asked.count(TWO) == 1
    clock.advance(SHUN_SECONDS)
    for _ in range(3):
        finder.primary()
        clock.advance(LOOK_SECONDS)
    assert panel.asked.count(TWO) == 2


def test_in_doubt_the_silent_ones_are_asked_too(finder: Finder, panel: Panel, clock: ManualClock) -> None:
    panel.told = {**panel.told, TWO: redis.ConnectionError("refused"), THREE: redis.ConnectionError("refused")}
    for _ in range(4):
        finder.primary()
        clock.advance(LOOK_SECONDS)
    panel.told = {ONE: redis.ConnectionError("refused"), TWO: (NEW, 2), THREE: (NEW, 2)}
    finder.doubt(OLD)
    assert finder.primary() == NEW


def test_a_service_that_no_sentinel_watches_is_named(finder: Finder, panel: Panel) -> None:
    panel.told = dict.fromkeys(SENTINELS)
    with pytest.raises(SentinelRefused, match=r"sentinel s:\d watches no service perseus"):
        finder.primary()


def test_a_sentinel_that_knows_the_service_makes_up_for_one_that_does_not(finder: Finder, panel: Panel) -> None:
    panel.told = {ONE: None, TWO: None, THREE: (OLD, 1)}
    assert finder.primary() == OLD


def test_what_is_no_sentinel_is_told_rather_than_the_silence_of_others(finder: Finder, panel: Panel) -> None:
    no_sentinel = redis.ResponseError("unknown command `SENTINEL`, with args beginning with: ")
    panel.told = {ONE: redis.ConnectionError("refused"), TWO: no_sentinel, THREE: redis.ConnectionError("refused")}
    with pytest.raises(SentinelRefused, match="sentinel s:2 is no sentinel.*26379"):
        finder.primary()


def test_all_that_are_silent_are_named(finder: Finder, panel: Panel) -> None:
    lost = redis.ConnectionError
    panel.told = {ONE: lost("refused."), TWO: redis.TimeoutError("late"), THREE: lost("no route")}
    with pytest.raises(redis.ConnectionError) as caught:
        finder.primary()
    said = sorted(str(caught.value).split("; "))
    assert said == ["sentinel s:1: refused", "sentinel s:2: late", "sentinel s:3: no route"]


def test_a_wrong_password_of_the_sentinels_says_whose_it_is(finder: Finder, panel: Panel) -> None:
    panel.told = dict.fromkeys(SENTINELS, redis.AuthenticationError("WRONGPASS"))
    with pytest.raises(redis.AuthenticationError, match="sentinel s:.*sentinel_password"):
        finder.primary()


def test_each_is_asked_for_itself_and_silence_stands_in_its_place(finder: Finder) -> None:
    class Client:
        def __init__(self, place: Place) -> None:
            self.place = place

        def execute_command(self, *command: str) -> str:
            if self.place == TWO:
                raise redis.ConnectionError("refused")
            return f"{command} at {self.place[1]}"

    finder._make = lambda place, _: Client(place)  # type: ignore[assignment,return-value]
    told = finder.at_each("SENTINEL", "CKQUORUM")
    assert isinstance(told.pop(TWO), redis.ConnectionError)
    assert told == {ONE: "('SENTINEL', 'CKQUORUM') at 1", THREE: "('SENTINEL', 'CKQUORUM') at 3"}


def test_closing_ends_the_connections_to_the_sentinels(finder: Finder, panel: Panel) -> None:
    finder.primary()
    finder.close()
    assert ("closed", panel.asked[0][1]) in panel.asked
