"""`import perseus` against the import of its own libraries, each in fresh interpreters."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median

from bench.figures import Figure
from bench.interpreters import cpu_seconds, modules_after

ROUNDS = 7
REPEATS = 3
UNWANTED = ("flask", "werkzeug", "sqlalchemy")
WHOLE = "import perseus; [getattr(perseus, name) for name in perseus.__all__]"
CODES: Mapping[str, str] = {
    "bare": "pass",
    "libraries": "import redis, hiredis, pydantic, pydantic_settings, pluggy",
    "perseus": "import perseus",
    "whole": WHOLE,
}


def measure(url: str) -> list[Figure]:
    """CPU time beyond a bare interpreter's start; `whole` also touches every name that perseus offers."""
    del url
    repeats = [_repeat() for _ in range(REPEATS)]
    unwanted = sorted(modules_after(WHOLE) & set(UNWANTED))
    return [
        _figure("import perseus, to its libraries", repeats, "perseus"),
        _figure("import perseus and all it offers, to its libraries", repeats, "whole"),
        Figure("web and SQL modules loaded by it", len(unwanted), 0, "", note=", ".join(unwanted)),
    ]


def _repeat() -> Mapping[str, float]:
    taken: dict[str, list[float]] = {name: [] for name in CODES}
    for _ in range(ROUNDS):
        for name, code in CODES.items():
            taken[name].append(cpu_seconds(code))
    medians = {name: median(times) for name, times in taken.items()}
    return {name: medians[name] - medians["bare"] for name in CODES}


def _figure(told: str, repeats: list[Mapping[str, float]], name: str) -> Figure:
    ratios = [repeat[name] / repeat["libraries"] for repeat in repeats]
    ours, theirs = (median(repeat[which] for repeat in repeats) * 1e3 for which in (name, "libraries"))
    return Figure(told, median(ratios), 1.3, "x", min(ratios), max(ratios), f"{ours:.0f} ms to {theirs:.0f} ms of CPU")
