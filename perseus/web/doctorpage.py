"""`/doctor` and `/api/doctor`: what the doctor found on its last round, for viewers; where, for admins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, Response, jsonify

from perseus.access.roles import Role
from perseus.clock import SystemClock
from perseus.doctor.catalogue import CATALOGUE
from perseus.doctor.finding import Finding, Report, Severity
from perseus.web import moments, words
from perseus.web.moments import Moment
from perseus.web.parameters import query
from perseus.web.people.guard import may
from perseus.web.polled import still
from perseus.web.site import site
from perseus.web.templating import Context

TEXT_LIMIT = 1_000
NONE_YET = "Nothing was examined yet: that takes up to a minute after the start. Ask again then."
NOTHING: Mapping[str, object] = {"at": None, "host": None, "unasked": [], "findings": [], "fine": []}
LABELS = {Severity.GRAVE: "grave", Severity.WARNING: "warning", Severity.UNKNOWN: "not known"}

routes = Blueprint("doctor", __name__)


@dataclass(frozen=True, slots=True)
class FindingRow:
    """One finding. `kind`: as of a notice. `mend`: what to do, or how to find out what may not be asked here."""

    name: str
    kind: str
    label: str
    title: str
    seen: str
    breaks: str
    mend: str
    commands: tuple[str, ...]
    where: str


@dataclass(frozen=True, slots=True)
class DoctorPage(Context):
    """`doctor.html`. `at` None: nothing was examined yet, as `none_yet` says.

    `host`: who examined, '' for who may not know. `counted`: the findings in words. `fine`: titles of what was looked
    for and not found.
    """

    template: ClassVar[str] = "doctor.html"
    title: str
    at: Moment | None
    host: str
    counted: str
    rows: tuple[FindingRow, ...]
    fine: tuple[str, ...]
    none_yet: str = NONE_YET


@routes.get("/doctor")
def page() -> Response:
    """The page."""
    query(())
    report, is_admin = site().examined, may(str(Role.ADMIN))
    if report is None:
        return still(DoctorPage("Doctor", None, "", "", (), ()), SystemClock().wall_ms())
    rows = tuple(row(one, with_places=is_admin) for one in report.findings)
    host = words.plain(report.host, 120) if is_admin else ""
    fine = tuple(CATALOGUE[name].title for name in report.fine)
    shown = DoctorPage(_title(report), moments.ago(report.at_ms), host, _counted(report), rows, fine)
    return still(shown, SystemClock().wall_ms())


@routes.get("/api/doctor")
def doctor() -> Response:
    """The same for programs."""
    query(())
    report = site().examined
    if report is None:
        return jsonify(NOTHING)
    return jsonify(report.as_json(with_places=may(str(Role.ADMIN))))


def row(one: Finding, *, with_places: bool) -> FindingRow:
    """One finding, as a page shows it. Without places it names no address of the inside."""
    is_unknown = one.severity is Severity.UNKNOWN
    told = one if with_places else one.hidden()
    commands = told.addressed() if with_places else told.commands
    return FindingRow(
        one.name,
        {Severity.GRAVE: "danger", Severity.WARNING: "warning", Severity.UNKNOWN: "info"}[one.severity],
        LABELS[one.severity],
        one.title,
        words.plain(told.seen, TEXT_LIMIT),
        one.entry.breaks,
        one.mend,
        () if is_unknown else tuple(words.plain(command, TEXT_LIMIT) for command in commands),
        words.plain(words.listed(told.where), TEXT_LIMIT),
    )


def _counted(report: Report) -> str:
    grave, warnings, unknown = (len(report.of(severity)) for severity in Severity)
    said = (
        words.counted(grave, "grave fault") if grave else "",
        words.counted(warnings, "warning") if warnings else "",
        f"{unknown} not known" if unknown else "",
    )
    return words.listed(tuple(filter(None, said))) or "Nothing found"


def _title(report: Report) -> str:
    grave = len(report.of(Severity.GRAVE))
    return f"{grave} grave · Doctor" if grave else "Doctor"
