"""What `make bench` makes of a figure."""

from __future__ import annotations

import importlib

from bench import __main__ as command
from bench.figures import Figure, over
from bench.rounds import Comparison


def test_a_figure_above_its_limit_is_over_and_ends_the_run_with_1() -> None:
    slow = Figure("renew", 1.51, 1.5)
    assert (slow.verdict, over([slow]), command._verdict([slow])) == ("OVER", [slow], 1)


def test_a_figure_at_its_limit_is_ok_and_ends_the_run_with_0() -> None:
    sound = Figure("commands a heartbeat", 1.0, 1)
    assert (sound.verdict, over([sound]), command._verdict([sound])) == ("OK", [], 0)


def test_a_figure_below_its_least_is_under_and_ends_the_run_with_1() -> None:
    assert (Figure("rate", 4.9, least=5).verdict, command._verdict([Figure("rate", 4.9, least=5)])) == ("UNDER", 1)
    assert (Figure("rate", 5.0, least=5).verdict, over([Figure("rate", 5.0, least=5)])) == ("OK", [])


def test_a_figure_without_a_limit_is_never_over() -> None:
    assert over([Figure("one event", 1e9)]) == []


def test_the_figure_of_a_comparison_is_the_median_of_the_ratios_within_each_repeat() -> None:
    # The second repeat ran beside a busy neighbour: all its times are tenfold, its ratio is not.
    repeats = ({"bare": 1.0, "ours": 1.4}, {"bare": 10.0, "ours": 12.0}, {"bare": 1.0, "ours": 1.3})
    figure = Comparison(repeats).figure("ours", "ours", "bare", 1.5)
    assert (figure.value, figure.low, figure.high) == (1.3, 1.2, 1.4)


def test_every_part_that_the_command_names_can_be_measured() -> None:
    assert all(callable(importlib.import_module(f"bench.{part}").measure) for part in command.PARTS)
