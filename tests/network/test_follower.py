"""What one bug in a reading does to the readings after it."""

from __future__ import annotations

import logging
import threading

import pytest

from perseus.errors import StoreUnavailable
from perseus.network.log.follower import Follower
from tests.conftest import ManualClock


def test_a_bug_in_one_reading_is_logged_whole_and_leaves_the_others(
    clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    reads = []

    def refresh() -> None:
        reads.append(1)
        if len(reads) == 1:
            raise ZeroDivisionError

    follower = Follower(refresh, clock, "Figures", 1.0, 10.0)
    follower.read()
    follower.read()
    assert len(reads) == 2
    assert [(record.levelno, record.message) for record in caplog.records] == [
        (logging.ERROR, "Figures could not be read.")
    ]
    assert caplog.records[0].exc_info is not None


def test_a_reading_that_fails_is_repeated_until_its_end_is_told_though_nobody_watches(
    clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    reads, is_over = [], threading.Event()

    def refresh() -> None:
        reads.append(1)
        clock.advance(60)
        if len(reads) < 3:
            raise StoreUnavailable("store:6379", "refused")
        is_over.set()

    follower = Follower(refresh, clock, "Figures", 0.001, 10.0)
    follower.start()
    follower.watched()
    assert is_over.wait(5)
    follower.stop()
    assert len(reads) == 3
    assert caplog.records[-1].message == "Figures can be read again."
