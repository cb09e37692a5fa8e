"""The page on time lines says the figures that the code has."""

from __future__ import annotations

import re

import pytest

from perseus.network.exchange import NAME
from perseus.network.log import chronicle, uptime, usual
from perseus.network.states import OFFLINE, State
from perseus.web import words
from perseus.web.card import record, timeline
from perseus.web.feed import newest as feednewest
from tests.docs import pages
from tests.web.views import FakeDirectory, app_of

PAGE = pages.read("page.md")
TIME_LINE = " ".join(pages.section(PAGE, "### Time line and uptime").split())
STUCK = " ".join(pages.section(PAGE, "### Possibly stuck").split())
ONE = " ".join(pages.section(PAGE, "### The page of one exchange").split())


def test_the_windows_the_step_and_what_is_kept() -> None:
    assert all(window in PAGE for window in uptime.WINDOWS)
    assert record.STEP_MS == 5 * words.MINUTE
    assert "of a card end at the last full five minutes" in TIME_LINE
    assert f"{chronicle.KEPT_MS // words.DAY} days are kept" in TIME_LINE
    assert f"up to {timeline.ROWS_MOST} rows" in TIME_LINE


@pytest.mark.parametrize(
    ("height", "states"),
    [
        ("full", {State.ACTIVE, OFFLINE}),
        ("medium", {State.STARTING, State.WARMING, State.STOPPING}),
        ("low", {State.IDLE, State.STOPPED}),
    ],
)
def test_the_heights_of_the_bar(height: str, states: set[str]) -> None:
    (row,) = (line for line in PAGE.splitlines() if line.startswith(f"| {height} |"))
    named = {state for state in (*State, OFFLINE) if state.capitalize() in row}
    assert named == states
    assert len({timeline.HEIGHTS.get(state, timeline.PASSING) for state in states}) == 1


def test_the_rule_for_what_seems_stuck() -> None:
    for said in (
        f"The newest {usual.RUNS_MOST} runs are asked, and fewer than {usual.RUNS_LEAST} are no usual time",
        f"twice the time that 19 of 20 runs stayed under (the 95th percentile), and {usual.LEAST_LIMIT_MS // 1000} s",
    ):
        assert said in STUCK
    assert usual.LENIENCE == 2
    for state, onward in usual.ONWARD.items():
        assert f"{state.capitalize()} to {onward.capitalize()}" in STUCK


def test_how_many_events_the_page_of_an_exchange_has() -> None:
    assert f"its newest {feednewest.PAGE_EVENTS} events" in ONE


def test_the_names_that_have_no_page() -> None:
    app = app_of(FakeDirectory())
    below = {rule.rule.removeprefix("/network/") for rule in app.url_map.iter_rules() if "/network/" in rule.rule}
    taken = {name for name in below if NAME.fullmatch(name)}
    assert taken
    assert taken == set(re.findall(r"`([a-z]+)`", ONE.partition("An exchange named")[2]))
