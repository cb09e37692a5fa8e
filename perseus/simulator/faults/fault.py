"""What goes wrong on purpose: named, aimed, counted, and the same again for the same seed."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from perseus.errors import EXIT_CONFIG, PerseusError
from perseus.simulator.counters import Counters
from perseus.simulator.faults.catalogue import CATALOGUE


class ScenarioError(PerseusError):
    """Raised when a scenario asks for what there is not."""

    exit_code = EXIT_CONFIG


@dataclass
class Fault:
    """One entry of a scenario. `target` is a pattern for what the fault is aimed at, as its catalogue entry says.

    It acts from `after_ms` until `until_ms` of the exchange's time since its start, in `probability` of its occasions,
    `count` times at most. `params`: over those of the catalogue. Raises ScenarioError for what the catalogue lacks.
    """

    name: str
    exchange: str = "*"
    target: str = "*"
    probability: float = 1.0
    count: int | None = None
    after_ms: int = 0
    until_ms: int | None = None
    params: dict[str, Any] = field(default_factory=dict)
    done: int = 0

    def __post_init__(self) -> None:
        known = CATALOGUE.get(self.name)
        if known is None:
            raise ScenarioError(f"No fault is called {self.name!r}. Known: {', '.join(CATALOGUE)}.")
        if strange := self.params.keys() - known.params.keys():
            raise ScenarioError(f"{self.name} has no {', '.join(sorted(strange))}. It has: {', '.join(known.params)}.")
        if not 0 <= self.probability <= 1:
            raise ScenarioError(f"The probability of {self.name} is {self.probability}, not between 0 and 1.")
        self.params = {**known.params, **self.params}

    def is_on(self, since_ms: int) -> bool:
        over = self.until_ms is not None and since_ms >= self.until_ms
        return since_ms >= self.after_ms and not over and (self.count is None or self.done < self.count)

    def as_json(self) -> dict[str, Any]:
        kept = ("name", "exchange", "target", "probability", "count", "after_ms", "until_ms", "params", "done")
        return {name: getattr(self, name) for name in kept}


def fault_of(entry: Any) -> Fault:
    """One from a scenario file or from POST /control/faults. Raises ScenarioError."""
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise ScenarioError(f"A fault is a table with a name, not {entry!r:.80}.")
    known = ("name", "exchange", "target", "probability", "count", "after_ms", "until_ms", "params")
    if strange := entry.keys() - set(known):
        raise ScenarioError(f"{entry['name']}: no fault has {', '.join(sorted(strange))}. Known: {', '.join(known)}.")
    try:
        return Fault(**entry)
    except TypeError as error:
        raise ScenarioError(f"{entry['name']} cannot be read: {error}.") from error


@dataclass
class Faults:
    """Those of one exchange. `since_ms`: milliseconds of its time since its start."""

    exchange: str
    seed: str
    since_ms: Callable[[], int]
    counters: Counters
    _by_name: dict[str, list[Fault]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._dice = random.Random(f"{self.seed}/faults")

    def add(self, fault: Fault) -> None:
        self._by_name.setdefault(fault.name, []).append(fault)

    def clear(self) -> None:
        self._by_name.clear()

    def all(self) -> list[Fault]:
        return [fault for several in self._by_name.values() for fault in several]

    def hit(self, name: str, subject: str = "") -> Fault | None:
        """The fault of that name that strikes now, counted; None when none does."""
        for fault in self._by_name.get(name, ()):
            if self._reaches(fault, subject) and self._dice.random() < fault.probability:
                fault.done += 1
                self.counters.faults[name] += 1
                return fault
        return None

    def now(self, name: str, subject: str = "") -> Fault | None:
        """One that lasts and is on, without counting: the way numbers are written, a clock that is wrong."""
        for fault in self._by_name.get(name, ()):
            if self._reaches(fault, subject):
                return fault
        return None

    def _reaches(self, fault: Fault, subject: str) -> bool:
        return fault.is_on(self.since_ms()) and fnmatchcase(subject, fault.target)

    def roll(self) -> random.Random:
        """The dice of all faults."""
        return self._dice
