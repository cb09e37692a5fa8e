"""What a card says of the budget of its exchange."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from perseus.exchanges.budget.book import BookState
from perseus.ingest.cardfacts import card_facts


def used(book: BookState) -> object:
    lag = SimpleNamespace(percentile=lambda _: None, forget=lambda: None)
    writer: Any = SimpleNamespace(written=0, lag=lag)
    return card_facts(1, 0, 0, writer, book)["weightUsed"]


@pytest.mark.parametrize(("left_ms", "seconds"), [(1, 1), (300, 1), (1_000, 1), (1_001, 2), (48_000, 48)])
def test_who_waits_is_told_whole_seconds_and_never_none(left_ms: int, seconds: int) -> None:
    frozen = BookState(now_ms=7, usages=(), frozen_until_ms=7 + left_ms, why="HTTP 429", is_told=True)
    assert used(frozen) == f"frozen for {seconds} s: HTTP 429"
