"""What cannot be done is told once, and once when it can be done again."""

from __future__ import annotations

import logging

import pytest

from perseus.errors import StoreRefusesWrites, StoreUnavailable
from perseus.outage import Outage

SILENT = StoreUnavailable("store:6379", "timed out")
REFUSING = StoreRefusesWrites("store:6379", "OOM", "OOM command not allowed")


@pytest.fixture
def outage() -> Outage:
    return Outage(logging.getLogger("outage"), "Nothing can be told", "All can be told again.")


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [line.getMessage().partition(":")[0] for line in caplog.records]


def test_each_outage_gives_two_lines_however_long_it_is(outage: Outage, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        for _ in range(3):
            outage.failed(SILENT)
        for _ in range(3):
            outage.done()
    assert said(caplog) == 2 * ["Nothing can be told", "All can be told again."]


def test_where_nothing_failed_nothing_is_told(outage: Outage, caplog: pytest.LogCaptureFixture) -> None:
    outage.done()
    assert said(caplog) == []


def test_another_kind_of_failure_is_told_too_and_one_end_of_both(
    outage: Outage, caplog: pytest.LogCaptureFixture
) -> None:
    for error in (SILENT, REFUSING, REFUSING):
        outage.failed(error)
    outage.done()
    assert said(caplog) == ["Nothing can be told", "Nothing can be told", "All can be told again."]


def test_a_refusal_for_another_reason_is_told_too(outage: Outage, caplog: pytest.LogCaptureFixture) -> None:
    for error in (REFUSING, StoreRefusesWrites("store:6379", "NOREPLICAS", "not enough good replicas"), REFUSING):
        outage.failed(error)
        outage.failed(error)
    assert [line.getMessage().count("OOM") > 0 for line in caplog.records] == [True, False, True]


def test_it_is_on_until_its_end_is_told(outage: Outage) -> None:
    seen = [outage.is_on]
    outage.failed(SILENT)
    seen.append(outage.is_on)
    outage.done()
    assert [*seen, outage.is_on] == [False, True, False]
