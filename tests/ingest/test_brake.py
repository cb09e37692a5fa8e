"""The brake: closes the feed from outside, and only while there is work."""

from __future__ import annotations

import threading

import pytest

from perseus.ingest.brake import Brake


class Lease:
    """The side of an instance that the brake looks at."""

    def __init__(self) -> None:
        self.stop_requested = threading.Event()
        self.is_valid = True

    def valid(self) -> bool:
        return self.is_valid


class Door:
    """A feed that counts how often it is closed."""

    name = "door"
    symbols = ()

    def __init__(self) -> None:
        self.closed = 0

    def connect(self) -> None: ...

    def warm(self) -> None: ...

    def receive(self, timeout: float) -> int:
        return 0

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def lease() -> Lease:
    return Lease()


@pytest.fixture
def door() -> Door:
    return Door()


def test_it_leaves_a_feed_alone_that_may_work(lease: Lease, door: Door) -> None:
    brake = Brake(lease, door)
    with brake.released():
        brake.look()
    assert door.closed == 0
    assert not brake.pulled.is_set()


@pytest.mark.parametrize("ends", ["stop", "lease"])
def test_it_closes_the_feed_when_work_must_end(lease: Lease, door: Door, ends: str) -> None:
    brake = Brake(lease, door)
    with brake.released():
        if ends == "stop":
            lease.stop_requested.set()
        else:
            lease.is_valid = False
        brake.look()
        assert door.closed == 1
        assert brake.pulled.is_set()


def test_it_keeps_closing_a_feed_that_was_half_open_the_first_time(lease: Lease, door: Door) -> None:
    brake = Brake(lease, door)
    lease.is_valid = False
    with brake.released():
        brake.look()
        lease.is_valid = True
        brake.look()
    assert door.closed == 2


def test_it_does_not_close_behind_the_back_of_who_connects_anew(lease: Lease, door: Door) -> None:
    brake = Brake(lease, door)
    lease.is_valid = False
    with brake.released():
        brake.look()
    lease.is_valid = True
    brake.look()
    with brake.released():
        brake.look()
        assert not brake.pulled.is_set()
    assert door.closed == 1


def test_its_thread_looks_by_itself_and_ends_with_the_block(lease: Lease, door: Door) -> None:
    with Brake(lease, door) as brake, brake.released():
        lease.is_valid = False
        assert brake.pulled.wait(5)
    assert "brake" not in [thread.name for thread in threading.enumerate()]
    assert door.closed >= 2
