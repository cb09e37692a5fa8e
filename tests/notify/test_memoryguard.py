"""Who took the memory, and what is done about it: without taking any."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from perseus.notify.memoryguard import MEGABYTE, PAGE, Accounts, MemoryGuard, faults_of, resident_bytes


class Process:
    """A process whose memory a test sets."""

    def __init__(self) -> None:
        self.resident = 100 * MEGABYTE
        self.pages: dict[int, int] = {}

    def accounts(self) -> Accounts:
        return Accounts(lambda: self.resident, lambda thread: self.pages.get(thread, 0))

    def grow(self, megabytes: int, thread: int) -> None:
        """One thread takes so much."""
        self.resident += megabytes * MEGABYTE
        self.pages[thread] = self.pages.get(thread, 0) + megabytes * MEGABYTE // PAGE


def in_calls(accounts: Accounts, *names: str) -> tuple[dict[str, int], Callable[[], None]]:
    """Calls that run at the same time, each on its thread; gives their thread ids, and what ends them."""
    ids: dict[str, int] = {}
    end, started = threading.Event(), threading.Barrier(len(names) + 1)

    def call(name: str) -> None:
        with accounts.call(name):
            ids[name] = threading.get_native_id()
            started.wait(5)
            end.wait(5)

    threads = [threading.Thread(target=call, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    started.wait(5)

    def finish() -> None:
        end.set()
        for thread in threads:
            thread.join(5)

    return ids, finish


@pytest.fixture
def process() -> Process:
    return Process()


def test_of_calls_at_the_same_time_the_one_that_touched_the_pages_is_named(process: Process) -> None:
    accounts = process.accounts()
    ids, finish = in_calls(accounts, "sleeper", "hog", "good")
    process.grow(400, ids["hog"])
    process.grow(1, ids["good"])
    found = accounts.culprit()
    finish()
    assert found is not None
    assert found[0] == "hog"
    assert found[1] >= 400 * MEGABYTE


def test_who_ran_beside_a_hog_that_ended_is_not_named_for_it(process: Process) -> None:
    accounts = process.accounts()
    ids, finish = in_calls(accounts, "good")
    with accounts.call("hog"):
        process.grow(1, ids["good"])
        process.grow(400, threading.get_native_id())
    finish()
    assert accounts.kept["good"] == MEGABYTE
    assert accounts.kept["hog"] == 401 * MEGABYTE


def test_who_leaks_a_little_with_each_call_is_named_in_the_end(process: Process) -> None:
    accounts = process.accounts()
    thread = threading.get_native_id()
    for _ in range(50):
        with accounts.call("leaky"):
            process.grow(2, thread)
        with accounts.call("tidy"):
            process.grow(30, thread)
            process.resident -= 30 * MEGABYTE
    assert accounts.culprit() == ("leaky", 100 * MEGABYTE)


def test_nobody_is_blamed_for_nothing(process: Process) -> None:
    accounts = process.accounts()
    with accounts.call("good"):
        pass
    assert accounts.culprit() is None


def test_over_the_limit_it_records_the_culprit_and_ends_the_process(
    process: Process, caplog: pytest.LogCaptureFixture
) -> None:
    accounts, done = process.accounts(), list[str]()
    guard = MemoryGuard(200, accounts, lambda name, text: done.append(f"{name}: {text}"), lambda: done.append("end"))
    assert not guard.look()
    with accounts.call("hog"):
        process.grow(300, threading.get_native_id())
        assert guard.look()
    assert done[1] == "end"
    assert done[0].startswith("hog: the dispatcher held 400 MB of memory, more than the 200 MB it may")
    assert "300 MB of it by sending to hog" in caplog.text


def test_the_process_ends_even_when_nothing_can_be_recorded(process: Process) -> None:
    ended = list[bool]()

    def fails(*_: object) -> None:
        raise OSError("the store is away")

    guard = MemoryGuard(50, process.accounts(), fails, lambda: ended.append(True))
    assert guard.look()
    assert ended == [True]


def test_the_process_ends_even_when_recording_hangs(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perseus.notify.memoryguard.RECORD_SECONDS", 0.05)
    ended, hanging = list[bool](), threading.Event()
    guard = MemoryGuard(50, process.accounts(), lambda *_: hanging.wait(10), lambda: ended.append(True))
    assert guard.look()
    hanging.set()
    assert ended == [True]


def test_the_machine_tells_what_this_thread_takes() -> None:
    before, faults = resident_bytes(), faults_of(threading.get_native_id())
    taken = bytearray(64 * MEGABYTE)
    assert resident_bytes() - before > 32 * MEGABYTE
    assert faults_of(threading.get_native_id()) > faults
    assert len(taken) == 64 * MEGABYTE
