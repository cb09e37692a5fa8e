"""What came of a drill, as values: seconds as they were measured, and whether all is as promised. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from perseus.clock import iso


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one fault. Seconds from the fault on; None: not measured.

    `detected`: until a reader saw it; `takeover`: until an instance was valid and its heartbeat answered; `overlap`:
    how long two instances were valid at once; `unserved`: how long none was, between the first and the second; `gap`:
    the longest time in which one lease was not asked: an overlap that is shorter may be missed. `skipped`: why it did
    not take place, `owed`: although it was asked for and should have; `wrong`: what is not as it must be.
    """

    fault: str
    detected: float | None = None
    takeover: float | None = None
    overlap: float | None = None
    unserved: float | None = None
    gap: float | None = None
    note: str = ""
    skipped: str | None = None
    wrong: str | None = None
    owed: bool = False

    @property
    def is_sound(self) -> bool:
        """Is it as promised, and was that measured closely enough? Or did it not take place, and need not?"""
        return self.wrong is None and self.unsure is None and not self.owed

    @property
    def is_sharp(self) -> bool:
        """Was it asked often enough to be sure of it?"""
        return self.gap is None or self.unserved is None or self.gap < self.unserved

    @property
    def unsure(self) -> str | None:
        """Why an overlap may have been missed."""
        if self.is_sharp:
            return None
        return f"a lease was not asked for {ms(self.gap)}, and none was valid for {ms(self.unserved)} only"

    @property
    def complaint(self) -> str | None:
        """What keeps it from being as promised, for people."""
        if self.wrong is not None:
            return f"WRONG: {self.wrong}"
        return None if self.unsure is None else f"NOT MEASURED CLOSELY ENOUGH: {self.unsure}"


@dataclass(frozen=True, slots=True)
class Report:
    """All faults of one drill. `store`: its kind in words; `times`: the settings that decide, in seconds."""

    exchange: str
    store: str
    at_ms: int
    times: Mapping[str, float]
    outcomes: tuple[Outcome, ...]

    @property
    def is_sound(self) -> bool:
        """Did anything take place, and was all of it as promised?"""
        took_place = any(outcome.skipped is None for outcome in self.outcomes)
        return took_place and all(outcome.is_sound for outcome in self.outcomes)

    def as_json(self) -> dict[str, Any]:
        """For programs: names in camelCase, milliseconds."""
        return {
            "exchange": self.exchange,
            "store": self.store,
            "at": iso(self.at_ms),
            "passed": self.is_sound,
            "settings": dict(self.times),
            "faults": [_as_json(outcome) for outcome in self.outcomes],
        }

    def as_detail(self) -> dict[str, str]:
        """For the audit log: a line a fault."""
        return {"store": self.store} | {outcome.fault: in_words(outcome) for outcome in self.outcomes}


def in_words(outcome: Outcome) -> str:
    """One fault in a line."""
    if outcome.skipped is not None:
        return f"{'NOT DONE' if outcome.owed else 'not done'}: {outcome.skipped}"
    figures = (
        f"detected {seconds(outcome.detected)}, takeover {seconds(outcome.takeover)}, overlap {ms(outcome.overlap)}"
    )
    return f"{outcome.complaint}; {figures}" if outcome.complaint else figures


def seconds(value: float | None) -> str:
    """`3.24 s`, or `-`."""
    return "-" if value is None else f"{value:.2f} s"


def ms(value: float | None) -> str:
    """`0 ms`, or `-`. What is more than nothing is never shown as 0."""
    if value is None:
        return "-"
    return f"{value * 1000:.0f} ms" if value == 0 or value >= 0.001 else "<1 ms"


def _as_json(outcome: Outcome) -> dict[str, Any]:
    told = asdict(outcome)
    return {
        "fault": outcome.fault,
        "detectedMs": _ms(outcome.detected),
        "takeoverMs": _ms(outcome.takeover),
        "overlapMs": _ms(outcome.overlap),
        "unservedMs": _ms(outcome.unserved),
        "sampleGapMs": _ms(outcome.gap),
        "unsure": outcome.unsure,
        **{name: told[name] for name in ("note", "skipped", "wrong")},
    }


def _ms(value: float | None) -> float | None:
    return None if value is None else round(value * 1000, 3)
