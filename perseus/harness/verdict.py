"""What a trial found: one check a line, in words, with what to do, and the numbers it was found by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Value = int | float | str | None | list[str] | dict[str, int]


def phrase(text: str) -> str:
    """The words of another on one line and without their full stop, to stand within a sentence of ours."""
    return " ".join(text.split()).rstrip(". ")


@dataclass(frozen=True, slots=True)
class Check:
    """`text`: what was seen. `mend`: what to do about it, where it is not good; a hint where it is."""

    name: str
    is_good: bool
    text: str
    mend: str = ""


@dataclass
class Verdict:
    """`evidence`: what was counted and measured; times in milliseconds, None where it did not come to that."""

    exchange: str
    at: str
    checks: list[Check] = field(default_factory=list)
    evidence: dict[str, Value] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        return all(check.is_good for check in self.checks)

    def add(self, name: str, is_good: bool, text: str, mend: str = "") -> bool:
        """One more check; gives whether it is good."""
        self.checks.append(Check(name, is_good, text, mend))
        return is_good

    def count(self, name: str, more: int = 1) -> None:
        """So much more of a number among the evidence."""
        held = self.evidence.get(name)
        self.evidence[name] = (held if isinstance(held, int) else 0) + more

    def lines(self) -> Iterator[str]:
        """For people."""
        width = max((len(check.name) for check in self.checks), default=0)
        for check in self.checks:
            mend = f" {check.mend}" if check.mend else ""
            yield f"{'good' if check.is_good else 'BAD '}  {check.name:<{width}}  {check.text}{mend}"
        bad = [check.name for check in self.checks if not check.is_good]
        yield ""
        yield f"{self.exchange} at {self.at}: " + (f"BAD: {', '.join(bad)}." if bad else "it does what it should.")

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        checks = [
            {"name": check.name, "good": check.is_good, "text": check.text, "mend": check.mend} for check in self.checks
        ]
        return {
            "exchange": self.exchange,
            "at": self.at,
            "good": self.is_good,
            "checks": checks,
            "evidence": self.evidence,
        }
