"""One measured figure, its limit, and how it is told to people and to programs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

HEAD = f"{'':52} {'figure':>11}  {'limit':>6}        spread over the repeats, what it was"


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` in `unit` (`x`: times its baseline), from `low` to `high` over the repeats; `limit` None: information.

    Limits are those of the issue that asked for the part; above its limit a figure is OVER, below its `least`
    UNDER.
    """

    name: str
    value: float
    limit: float | None = None
    unit: str = "x"
    low: float | None = None
    high: float | None = None
    note: str = ""
    least: float | None = None

    @property
    def verdict(self) -> str:
        """`OK`, `OVER`, `UNDER`, or `-` where no limit was set."""
        if self.least is not None:
            return "OK" if self.value >= self.least else "UNDER"
        if self.limit is None:
            return "-"
        return "OK" if self.value <= self.limit else "OVER"

    def line(self) -> str:
        """One line for people."""
        limit = "" if self.limit is None else f"<= {self.limit:g}"
        limit = limit if self.least is None else f">= {self.least:g}"
        spread = "" if self.low is None or self.high is None else f"{self.low:.2f} .. {self.high:.2f}"
        told = ", ".join(filter(None, (spread, self.note)))
        return f"{self.name:52} {self.value:8.2f} {self.unit:2}  {limit:>6}  {self.verdict:4}  {told}".rstrip()

    def facts(self) -> dict[str, Any]:
        """The same for programs."""
        kept = ("name", "value", "unit", "limit", "least", "verdict", "low", "high", "note")
        return {name: getattr(self, name) for name in kept}


def over(figures: Iterable[Figure]) -> list[Figure]:
    """Those above their limit, or below their least."""
    return [figure for figure in figures if figure.verdict in ("OVER", "UNDER")]
