"""The lease under 20,000 random schedules of misfortunes (6,000 of them in `make test`), in virtual time.

What they cover: docs/model.md.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.model.broken import BROKEN, NoHoldOff
from tests.model.rules import Rules, on_model
from tests.model.schedule import Schedule, Violation

SCHEDULES = 10_000
MOST = pytest.param(SCHEDULES, marks=pytest.mark.long)
ENOUGH = {
    "grants": 20_000,
    "releases": 3_000,
    "deaths told": 5_000,
    "Renewed": 50_000,
    "Taken": 1_000,
    "Gone": 1_000,
    "put back": 1_000,
    "pauses": 10_000,
    "kills": 5_000,
    "stops": 5_000,
    "cuts": 10_000,
    "outages": 3_000,
    "evictions": 1_000,
    "hard exits": 300,
    "takeovers": 5_000,
    "hand-overs": 4_000,
    "revoked holders": 1_000,
    "successors": 1_000,
    "lost requests and replies": 100_000,
    "late requests": 20_000,
}

LOSSES = {
    "store losses": 10_000,
    "failovers": 10_000,
    "restarts of a promoted replica": 3_000,
    "claims forgotten": 1_000,
}


def live_through(rules: Rules, seeds: range, with_loss: bool) -> Counter[str]:
    """Run these schedules; what happened in them. Raises Violation."""
    counts: Counter[str] = Counter()
    with on_model(rules):
        for seed in seeds:
            schedule = Schedule(seed, with_loss, rules, counts)
            try:
                schedule.run()
            finally:
                schedule.end()
    return counts


@pytest.mark.parametrize("with_loss", [False, True], ids=["store-keeps-its-data", "store-loses-its-data"])
@pytest.mark.parametrize("schedules", [1_000, MOST])
def test_no_schedule_gives_two_holders_a_smaller_token_or_a_death_untold(schedules: int, with_loss: bool) -> None:
    counts = live_through(Rules(), range(schedules), with_loss)
    enough = {what: times * schedules // SCHEDULES for what, times in (ENOUGH | (LOSSES if with_loss else {})).items()}
    assert counts["schedules"] == schedules
    assert {what: counts[what] for what in enough if counts[what] < enough[what]} == {}


@pytest.mark.parametrize("rules", BROKEN, ids=lambda rules: rules.__name__)
def test_each_rule_is_needed_for_without_it_the_model_finds_a_violation(rules: type[Rules]) -> None:
    with pytest.raises(Violation):
        live_through(rules(), range(2_000), with_loss=BROKEN[rules])


def test_a_seed_gives_the_same_schedule_again() -> None:
    told: list[list[str]] = []
    for _ in range(2):
        log: list[str] = []
        with on_model(Rules()):
            Schedule(62, True, Rules(), Counter(), log).run()
        told.append(log)
    assert told[0] == told[1]
    assert len(told[0]) > 50


def test_a_violation_names_the_seed_that_shows_it_again() -> None:
    with pytest.raises(Violation, match=r"seed \d+ with store loss, at [\d.]+ s: .* python -m tests\.model") as caught:
        live_through(NoHoldOff(), range(200), with_loss=True)
    assert "--with-loss" in str(caught.value)
