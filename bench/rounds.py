"""Comparing calls within one run: interleaved, many rounds a repeat, several repeats.

A repeat takes the lower quartile of each call's times: a neighbour on the machine only ever adds time, and on a full
machine it adds to more than half of the rounds. Of the repeats' ratios the median counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median, quantiles

from bench.figures import Figure

Call = Callable[[], object]
WARM_UP = 20


@dataclass(frozen=True, slots=True)
class Comparison:
    """Seconds of each named call, one dict a repeat."""

    repeats: tuple[Mapping[str, float], ...]

    def seconds(self, name: str) -> float:
        """The median over all repeats; for information, never for a verdict."""
        return median(repeat[name] for repeat in self.repeats)

    def ratios(self, name: str, baseline: str) -> list[float]:
        """How many times its baseline a call took, in each repeat."""
        return [repeat[name] / repeat[baseline] for repeat in self.repeats]

    def figure(self, told: str, name: str, baseline: str, limit: float | None = None) -> Figure:
        """The median ratio, with the two absolute times as a note."""
        ratios = self.ratios(name, baseline)
        note = f"{_time(self.seconds(name))} to {_time(self.seconds(baseline))}"
        return Figure(told, median(ratios), limit, "x", min(ratios), max(ratios), note)


def compare(calls: Mapping[str, Call], rounds: int, repeats: int = 5, between: Call = lambda: None) -> Comparison:
    """Call each in turn, `rounds` times a repeat, beginning with another one each round; `between` rounds, untimed."""
    for call in calls.values():
        for _ in range(min(WARM_UP, rounds)):
            call()
    return Comparison(tuple(_repeat(list(calls.items()), rounds, between) for _ in range(repeats)))


def _repeat(calls: list[tuple[str, Call]], rounds: int, between: Call) -> Mapping[str, float]:
    taken: dict[str, list[int]] = {name: [] for name, _ in calls}
    for at in range(rounds):
        between()
        first = at % len(calls)
        for name, call in calls[first:] + calls[:first]:
            began = time.perf_counter_ns()
            call()
            taken[name].append(time.perf_counter_ns() - began)
    return {name: quantiles(times, n=4)[0] / 1e9 for name, times in taken.items()}


def _time(seconds: float) -> str:
    return f"{seconds * 1e6:.0f} us" if seconds < 1e-3 else f"{seconds * 1e3:.2f} ms"
