"""What of a plugin's words may stand in a payload."""

from __future__ import annotations

import math

import pytest

from perseus.network.statusfield import COUNT_MAX, TEXT_MAX
from perseus.pluginhost.configuration.fields import Contradiction, carried, merged, sound


@pytest.mark.parametrize("value", ["", "x" * TEXT_MAX, 0, -(2**53), 1.5, None])
def test_short_facts_pass(value: object) -> None:
    assert sound("p", {"key": value}) == {"key": value}


@pytest.mark.parametrize(
    "value", ["x" * (TEXT_MAX + 1), True, 2**53 + 1, math.nan, math.inf, b"bytes", ["list"], {"a": 1}]
)
def test_what_would_spoil_the_payload_is_dropped_and_logged(value: object, caplog: pytest.LogCaptureFixture) -> None:
    assert sound("p", {"odd": value, "good": 1}) == {"good": 1}
    assert caplog.messages == ["Plugin p gave fields that cannot be shown, see docs/hooks.md: odd."]


@pytest.mark.parametrize("key", ["", "snake_case", "Upper", "x" * 41, "<b>", 7, None, "messageCount", "feed"])
def test_only_names_in_camel_case_that_are_not_the_process_s_own_are_kept(key: object) -> None:
    assert sound("p", {key: 1}) == {}


@pytest.mark.parametrize("answer", [3, "text", ["a"], [("a", 1)]])
def test_an_answer_that_is_no_mapping_gives_nothing_and_is_logged(
    answer: object, caplog: pytest.LogCaptureFixture
) -> None:
    assert sound("p", answer) == {}
    assert "which is no mapping" in caplog.text


def test_a_plugin_that_makes_up_names_is_stopped(caplog: pytest.LogCaptureFixture) -> None:
    earlier: dict[str, str | int | float | None] = {}
    for number in range(COUNT_MAX + 5):
        earlier = carried("p", earlier, {f"name{number}": number})
    assert len(earlier) == COUNT_MAX
    assert [name for name, value in earlier.items() if value is not None] == []
    assert "more than 20 names" in caplog.text


def test_the_first_to_say_something_wins_and_nothing_is_no_contradiction() -> None:
    result, contradictions = merged([("a", {"x": None, "y": 1}), ("b", {"x": 2, "y": 1}), ("c", {"x": None, "y": 3})])
    assert result == {"x": 2, "y": 1}
    assert contradictions == {Contradiction("y", "a", "c")}
