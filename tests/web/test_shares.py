"""Uptime in words: cut and not rounded, and never said of time that nothing is known of."""

from __future__ import annotations

import pytest

from perseus.web.card import advice, badges
from perseus.web.card.shares import share
from tests.web.views import HOUR, MINUTE

DAY = 24 * HOUR


@pytest.mark.parametrize(
    ("active_ms", "down_ms", "no_data_ms", "percent", "no_data"),
    [
        (DAY, 0, 0, "100 %", None),
        (DAY - 1, 1, 0, "99.99 %", None),
        (9_950, 50, 0, "99.50 %", None),
        (0, DAY, 0, "0.00 %", None),
        (HOUR, HOUR, 22 * HOUR, "50.00 %", "22 h"),
        (0, 0, DAY, None, "1 d"),
        (DAY, 0, MINUTE - 1, "100 %", None),
        (DAY, 0, MINUTE, "100 %", "1 min"),
    ],
)
def test_an_uptime_is_a_share_of_what_is_known(
    active_ms: int, down_ms: int, no_data_ms: int, percent: str | None, no_data: str | None
) -> None:
    assert share("24 h", active_ms, down_ms, no_data_ms) == ("24 h", percent, no_data)


def test_what_seems_stuck_is_told_with_the_figures() -> None:
    said = advice.stuck(badges.of_state("warming"), 130_000, 240_000, 50)
    assert said == "Warming mostly took 2 min 10 s here and hardly ever over 4 min 0 s, the last 50 times."
