"""The outcome of a drill as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

import click

from perseus.drill.outcome import Outcome, Report, in_words, ms, seconds

HEAD = ("FAULT", "DETECTED", "TAKEOVER", "OVERLAP", "")
ROW = "{:<10}{:>9}  {:>9}  {:>8}  {}"


def head() -> str:
    """The names of the columns."""
    return ROW.format(*HEAD).rstrip()


def line(outcome: Outcome) -> str:
    """One fault."""
    if outcome.skipped is not None:
        return click.style(f"{outcome.fault:<10}{in_words(outcome)}", fg="red" if outcome.owed else "yellow")
    figures = seconds(outcome.detected), seconds(outcome.takeover), ms(outcome.overlap)
    said = ROW.format(outcome.fault, *figures, outcome.complaint or outcome.note)
    return click.style(said.rstrip(), fg=None if outcome.is_sound else "red")


def closing(report: Report, site_ttl: float) -> Iterator[str]:
    """What it comes to, and what the figures mean. `site_ttl`: that of the site, in seconds."""
    taken = [outcome for outcome in report.outcomes if outcome.unserved is not None and outcome.gap is not None]
    if taken:
        gap, unserved = max(one.gap or 0 for one in taken), min(one.unserved or 0 for one in taken)
        said = f"Each instance asked its own lease at least every {ms(gap)}, all by one clock."
        yield f"{said} Between the two none was valid for {seconds(unserved)} or longer."
    if not all(outcome.is_sharp for outcome in taken):
        yield click.style(
            "That is too seldom to be sure: this machine is busy. Drill again when it is not.", fg="yellow"
        )
    ttl = report.times["ttl"]
    if ttl != site_ttl:
        yield f"A lease of the drill lives {ttl:g} s, one of the site {site_ttl:g} s: to replace a lost holder takes"
        yield f"about {site_ttl - ttl:g} s longer there. To measure that: perseus drill --own-times"
    yield "No two instances were valid at once." if report.is_sound else click.style(_verdict(report), fg="red")


def _verdict(report: Report) -> str:
    if all(outcome.skipped is not None for outcome in report.outcomes):
        return "Nothing took place."
    if all(outcome.wrong is None for outcome in report.outcomes):
        if all(outcome.unsure is None for outcome in report.outcomes):
            return "NOT ALL WAS DONE that was asked for. In what took place no two instances were valid at once."
        return "NOT MEASURED CLOSELY ENOUGH to say that no two instances were valid at once."
    return "NOT AS PROMISED. See docs/drill.md, and keep the log of the store's servers of this minute."
