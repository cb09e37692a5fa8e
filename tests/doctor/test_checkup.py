"""The doctor's rounds: one worker examines, all show the same, and nobody waits for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import pytest

from perseus import keys
from perseus.doctor.checkup import EVERY_SECONDS, FIRST_SECONDS, KEPT_MS, Checkup
from perseus.doctor.finding import Finding, Report, Severity
from perseus.errors import StoreUnavailable
from perseus.store import Client, connect
from tests.conftest import ManualClock
from tests.redis_process import RedisProcess


class Examining:
    """Counts examinations; each finds a fault that names its number."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> Report:
        self.count += 1
        found = Finding("idle-timeout", Severity.WARNING, f"number {self.count}")
        return Report(self.count, "host", (found,))


@pytest.fixture
def examining() -> Examining:
    return Examining()


@pytest.fixture
def two(client: Client, examining: Examining, clock: ManualClock) -> tuple[Checkup, Checkup]:
    """Two workers, begun long enough ago."""
    made = Checkup(client, examining, clock), Checkup(client, examining, clock)
    clock.advance(FIRST_SECONDS)
    return made


def test_one_of_two_workers_examines_and_both_show_what_it_found(
    two: tuple[Checkup, Checkup], examining: Examining
) -> None:
    for worker in two:
        worker.look()
    assert examining.count == 1
    assert two[0].report == two[1].report == Report(1, "host", (Finding("idle-timeout", Severity.WARNING, "number 1"),))


def test_the_next_round_is_whoevers_turn_comes_and_both_show_it(
    two: tuple[Checkup, Checkup], examining: Examining, client: Client
) -> None:
    two[0].look()
    assert 0 < client.pttl(keys.DOCTOR_TURN) <= EVERY_SECONDS * 1000
    client.delete(keys.DOCTOR_TURN)
    two[1].look()
    two[0].look()
    assert examining.count == 2
    assert two[0].report == two[1].report
    assert two[0].report is not None
    assert two[0].report.at_ms == 2


def test_a_site_that_has_just_been_started_is_not_examined_yet(
    client: Client, examining: Examining, clock: ManualClock
) -> None:
    worker = Checkup(client, examining, clock)
    clock.advance(FIRST_SECONDS - 0.1)
    worker.look()
    assert (examining.count, worker.report) == (0, None)
    clock.advance(0.1)
    worker.look()
    assert examining.count == 1


def test_a_worker_that_starts_later_shows_at_once_what_was_found(
    two: tuple[Checkup, Checkup], client: Client, examining: Examining, clock: ManualClock
) -> None:
    two[0].look()
    late = Checkup(client, examining, clock)
    late.look()
    assert late.report == two[0].report


def test_the_same_report_is_the_same_object(two: tuple[Checkup, Checkup]) -> None:
    two[0].look()
    first = two[0].report
    two[0].look()
    assert two[0].report is first


def test_a_report_that_nobody_renews_is_shown_no_more(two: tuple[Checkup, Checkup], clock: ManualClock) -> None:
    two[0].look()
    clock.advance(KEPT_MS / 1000 + 1)
    assert two[0].report is None


def test_what_is_no_report_is_not_shown(two: tuple[Checkup, Checkup], client: Client) -> None:
    two[0].look()
    client.set(keys.DOCTOR, "junk")
    two[0].look()
    assert two[0].report is None


def test_a_silent_store_is_told_once_and_its_return_goes_on(
    own_server: RedisProcess, examining: Examining, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    with connect(own_server.url, timeout=0.4, name="test") as client:
        worker = Checkup(client, examining, clock)
        clock.advance(FIRST_SECONDS)
        own_server.kill()
        with pytest.raises(StoreUnavailable):
            worker.look()
        own_server.start()
        worker.look()
    assert examining.count == 1


def refuse_writes(server: RedisProcess, *, refuse: bool = True) -> None:
    with server.client() as admin:
        admin.config_set("min-replicas-to-write", int(refuse))


def test_a_store_that_takes_no_writes_is_examined_by_each_worker_at_once_and_then_in_every_round(
    own_server: RedisProcess, examining: Examining, clock: ManualClock
) -> None:
    with connect(own_server.url, timeout=0.4, name="test") as client:
        workers = Checkup(client, examining, clock), Checkup(client, examining, clock)
        clock.advance(FIRST_SECONDS)
        workers[0].look()
        refuse_writes(own_server)
        for worker in workers * 2:
            worker.look()
        assert [one.report.at_ms for one in workers if one.report] == [2, 3]
        clock.advance(EVERY_SECONDS)
        workers[0].look()
        assert workers[0].report is not None
        assert workers[0].report.at_ms == 4


def test_when_it_takes_writes_again_all_workers_show_the_same_again_and_the_log_says_both_once(
    own_server: RedisProcess, examining: Examining, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    with connect(own_server.url, timeout=0.4, name="test") as client:
        worker = Checkup(client, examining, clock)
        clock.advance(FIRST_SECONDS)
        refuse_writes(own_server)
        for _ in range(3):
            worker.look()
        refuse_writes(own_server, refuse=False)
        for _ in range(3):
            worker.look()
        assert client.get(keys.DOCTOR) == (worker.report.dumped() if worker.report else None)
    assert examining.count == 2
    assert caplog.text.count("cannot be noted") == caplog.text.count("are noted again") == 1


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.WARNING, logger="perseus.doctor.checkup"):
        yield caplog


def test_a_bug_of_a_check_costs_one_round_and_not_the_thread(
    client: Client, clock: ManualClock, quiet: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("perseus.doctor.checkup.LOOK_SECONDS", 0.01)
    asked, again = [], threading.Event()

    def broken() -> Report:
        asked.append(1)
        client.delete(keys.DOCTOR_TURN)
        if len(asked) > 1:
            again.set()
        raise ValueError("a bug")

    worker = Checkup(client, broken, clock)
    clock.advance(FIRST_SECONDS)
    worker.start()
    assert again.wait(5)
    worker.stop()
    assert "The doctor's round failed" in quiet.text
    assert not [thread for thread in threading.enumerate() if thread.name == "doctor"]
