"""Outcomes as they are read back: anybody who reaches the store may have written them."""

from __future__ import annotations

import json

import pytest

from perseus.control import outcomes
from perseus.control.outcomes import Outcome, Status

TOLD = Outcome("a" * 32, "start", "host-1-abcdef01", Status.DONE, 1, 1, 2, text="done", percent=100)


def test_what_was_written_is_read() -> None:
    assert outcomes.parse(TOLD.to_json()) == TOLD


@pytest.mark.parametrize("field", ["atMs", "startedAtMs", "endedAtMs", "percent"])
@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", '"x"', "[]"])
def test_a_number_that_is_none_is_junk_and_no_failure(field: str, number: str) -> None:
    assert outcomes.parse(json.dumps({**TOLD.as_dict(), field: "HERE"}).replace('"HERE"', number)) is None
