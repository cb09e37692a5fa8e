"""What is told of many answers: the median, and a percentile that more than one outlier stands behind."""

from __future__ import annotations

import pytest

from bench import load
from bench.page import BETWEEN, READINGS


@pytest.mark.parametrize(("count", "share"), [(2, 50), (30, 90), (59, 90), (60, 95), (299, 95), (300, 99), (1_000, 99)])
def test_the_percentile_that_is_told_has_three_answers_above_it(count: int, share: int) -> None:
    seconds = [number / 1000 for number in range(count)]
    found = load.spread(seconds)
    assert found.share == share
    assert sum(one * 1000 > found.most for one in seconds) >= min(load.LONGER, count // 2)


def test_one_slow_answer_moves_neither_figure() -> None:
    usual = [0.001] * (READINGS - 1)
    assert load.spread([*usual, 9.0]) == load.spread([*usual, 0.001]) == (1.0, 95, 1.0)
    assert str(load.spread([0.001] * READINGS * BETWEEN)) == "99 of 100 within 1.00 ms"
