"""What one bug in a reading does to the readings after it."""

from __future__ import annotations

import logging

import pytest

from perseus.network.follower import Follower
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
