"""The outcome of a drill as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

import click

from perseus.drill.outcome import Outcome, Report, ms, seconds

HEAD = ("FAULT", "DETECTED", "TAKEOVER", "OVERLAP", "")
ROW = "{:<10}{:>9}  {:>9}  {:>8}  {}"
COARSE = 0.1


def head() -> str:
    """The names of the columns."""
    return ROW.format(*HEAD).rstrip()


def line(outcome: Outcome) -> str:
    """One fault."""
    if outcome.skipped is not None:
        return click.style(f"{outcome.fault:<10}not done: {outcome.skipped}", fg="yellow")
    figures = seconds(outcome.detected), seconds(outcome.takeover), ms(outcome.overlap)
    said = ROW.format(outcome.fault, *figures, f"WRONG: {outcome.wrong}" if outcome.wrong else outcome.note)
    return click.style(said.rstrip(), fg=None if outcome.is_sound else "red")


def closing(report: Report, settings_ttl: float) -> Iterator[str]:
    """What it comes to, and what the figures mean."""
    gap = max((outcome.gap for outcome in report.outcomes if outcome.gap is not None), default=None)
    if gap is not None:
        yield f"Each instance asked its own lease every {ms(max(gap, 0.001))} or oftener, all by one clock."
    if gap is not None and gap > COARSE:
        yield click.style("This machine is busy: an overlap shorter than that may have been missed.", fg="yellow")
    ttl = report.times["ttl"]
    if ttl != settings_ttl:
        yield (
            f"A lease of the drill lives {ttl:g} s, those of the site {settings_ttl:g} s: add about "
            f"{settings_ttl - ttl:g} s to what follows a lost holder, or drill with --own-times."
        )
    yield "No two instances were valid at once." if report.is_sound else click.style(_verdict(report), fg="red")


def _verdict(report: Report) -> str:
    if all(outcome.skipped is not None for outcome in report.outcomes):
        return "Nothing took place."
    return "NOT AS PROMISED. See docs/drill.md, and keep the log of the store's servers of this minute."
