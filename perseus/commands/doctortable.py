"""A report of the doctor as lines for a terminal. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import click

from perseus.doctor.entry import BY_HAND
from perseus.doctor.finding import REDIS_CLI, Finding, Report, Severity
from perseus.store import rediscli
from perseus.web import moments

WIDTH = 100
LABELS = {Severity.GRAVE: "GRAVE", Severity.WARNING: "WARNING", Severity.UNKNOWN: "NOT KNOWN"}
COLOURS = {Severity.GRAVE: "red", Severity.WARNING: "yellow", Severity.UNKNOWN: "cyan"}
FOR_ADMINISTRATORS = "For an administrator of the store, with --user NAME where that is not the user default:"
BY_REDIS_CLI = (
    "redis-cli takes a password from the variable REDISCLI_AUTH, so that no line has to hold one; without --user it "
    "is that of the user default. docs/doctor.md says more."
)


def lines(report: Report, over_tls: str = rediscli.PROGRAM) -> Iterator[str]:
    """Each finding with what was seen, what it can break and what mends it; then what was not found, and the sum.

    `over_tls`: what to type on this host for a redis-cli that speaks TLS.
    """
    for one in report.findings:
        yield from _unknown(one, over_tls) if one.severity is Severity.UNKNOWN else _finding(one, over_tls)
        yield ""
    if report.of(Severity.UNKNOWN):
        yield from [*_wrapped("", BY_HAND), ""]
    lines_told = (line for one in report.findings for line in (*one.commands, *one.looking()))
    if any(line.startswith(REDIS_CLI) for line in lines_told):
        yield from [*_wrapped("", BY_REDIS_CLI), ""]
    if report.fine:
        yield from _wrapped("Looked for and not found: ", ", ".join(report.fine) + ".")
    yield f"{_sum(report)}, at {moments.utc(report.at_ms) or 'an unknown time'} UTC."


def _finding(one: Finding, over_tls: str) -> Iterator[str]:
    yield _head(one)
    yield from _wrapped("    seen    ", one.seen + _where(one))
    yield from _wrapped("    breaks  ", one.entry.breaks)
    yield from _wrapped("    mend    ", one.mend)
    for command in one.addressed(over_tls):
        yield f"            $ {command}"


def _unknown(one: Finding, over_tls: str) -> Iterator[str]:
    yield _head(one)
    yield from _wrapped("    seen    ", one.seen + _where(one))
    yield from _wrapped("    check   ", one.entry.check)
    looking = tuple(one.looking(over_tls))
    if looking:
        yield from _wrapped("            ", FOR_ADMINISTRATORS)
    for command in looking:
        yield f"            $ {command}"


def _head(one: Finding) -> str:
    title = one.title.removeprefix("Not known ")
    head = f"{LABELS[one.severity]}  {one.name}  {title}"
    return click.style(head, fg=COLOURS[one.severity], bold=one.severity is Severity.GRAVE)


def _where(one: Finding) -> str:
    return f" At {', '.join(one.where)}." if one.where else ""


def _wrapped(label: str, text: str) -> list[str]:
    # What is copied, such as an address, must not be broken.
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=label,
        subsequent_indent=" " * len(label),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _sum(report: Report) -> str:
    counts = {severity: len(report.of(severity)) for severity in Severity}
    grave, warnings = counts[Severity.GRAVE], counts[Severity.WARNING]
    said = [f"{grave} grave", f"{warnings} {'warning' if warnings == 1 else 'warnings'}"]
    if counts[Severity.UNKNOWN]:
        said.append(f"{counts[Severity.UNKNOWN]} not known")
    return f"{', '.join(said)}, {len(report.fine)} not found"
