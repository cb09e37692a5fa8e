"""What several contenders wrote down, judged together. Pure: diaries and the log in, violations and figures out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

#: Moments at which two samples may fall together although what they tell of did not.
RESOLUTION = 0.001


@dataclass(frozen=True, slots=True)
class Span:
    """A lease that was valid all this time. Elapsed seconds, one clock for all."""

    token: int
    began: float
    ended: float


@dataclass(slots=True)
class Ledger:
    """One exchange. `events`: by event id, the stream id that it was first confirmed with."""

    spans: list[Span] = field(default_factory=list)
    grants: list[int] = field(default_factory=list)
    events: dict[str, str] = field(default_factory=dict)
    lost: int = 0

    def read(self, lines: Iterable[str]) -> None:
        """Take in what one contender wrote; a line cut off by its end is left out."""
        for line in lines:
            if not line.endswith("]\n"):
                continue
            kind, *rest = json.loads(line)
            if kind == "span":
                self.spans.append(Span(int(rest[0]), rest[1], rest[2]))
            elif kind == "grant":
                self.grants.append(int(rest[0]))
            elif kind == "event":
                self.events.setdefault(rest[0], rest[1])
            else:
                self.lost += 1

    def overlaps(self) -> list[tuple[Span, Span]]:
        """Pairs of leases that were valid at one moment."""
        found, latest = [], None
        for span in sorted(self.spans, key=lambda span: span.began):
            if latest is not None and span.token != latest.token and span.began < latest.ended - RESOLUTION:
                found.append((latest, span))
            if latest is None or span.ended > latest.ended:
                latest = span
        return found

    def disorders(self) -> list[tuple[Span, Span]]:
        """Leases that were valid after one with a larger token."""
        found, largest = [], None
        for span in sorted(self.spans, key=lambda span: span.began):
            if largest is not None and span.token < largest.token:
                found.append((largest, span))
            if largest is None or span.token > largest.token:
                largest = span
        return found

    def gaps(self) -> list[float]:
        """Seconds in which nobody was valid, between two valid leases."""
        found, until = [], None
        for span in sorted(self.spans, key=lambda span: span.began):
            if until is not None and span.began - until > 0.05:
                found.append(span.began - until)
            until = span.ended if until is None else max(until, span.ended)
        return found


@dataclass(frozen=True, slots=True)
class Fate:
    """Of the events that a log had confirmed: how many are there, how many of them were written again, how many are
    missing where an entry says that something may be, and how many without a word."""

    confirmed: int
    written_again: int
    told_missing: int
    silent: int


def fate(events: Mapping[str, str], log: Sequence[tuple[str, Mapping[str, str]]]) -> Fate:
    """`log`: all entries, oldest first, as (stream id, fields)."""
    there = {fields.get("eventId", ""): stream_id for stream_id, fields in log}
    marks = [_place(stream_id) for stream_id, fields in log if fields.get("afterFailover")]
    missing = [stream_id for event_id, stream_id in events.items() if event_id not in there]
    told = sum(any(mark > _place(stream_id) for mark in marks) for stream_id in missing)
    again = sum(there.get(event_id, stream_id) != stream_id for event_id, stream_id in events.items())
    return Fate(len(events), again, told, len(missing) - told)


def repeated(log: Sequence[tuple[str, Mapping[str, str]]]) -> int:
    """Entries whose event stands in the log already."""
    ids = [fields.get("eventId", "") for _, fields in log]
    return len(ids) - len(set(ids))


def _place(stream_id: str) -> tuple[int, int]:
    ms, _, seq = stream_id.partition("-")
    return int(ms), int(seq)
