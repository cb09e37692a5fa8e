"""`/audit`: who did what, to what, from where, and what came of it. For admins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlencode

from flask import Blueprint, Response

from perseus.access.audit import BadAuditCursor
from perseus.access.auditentry import DETAIL, DONE, LONG, RESULTS, SENT, AuditEntry, AuditPage, Wanted
from perseus.access.roles import Role
from perseus.web import moments, words
from perseus.web.moments import Moment
from perseus.web.parameters import one_of, query
from perseus.web.people import acts
from perseus.web.people.auditing import audit
from perseus.web.people.guard import needs
from perseus.web.polled import still
from perseus.web.problems import BadParameter
from perseus.web.site import site
from perseus.web.templating import Context

COUNT = 50
GROUPS = (*acts.GROUPS, acts.OTHER)
FILTERS = ("who", "group", "what", "exchange", "result")
#: Of the detail of an entry: what is said for people, and what only names something for whoever looks into logs.
SENTENCES, NAMES = ("text", "why"), ("process", "host", "holder", "instance", "id", "command")

routes = Blueprint("audit", __name__)


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One entry. `who` '' is a stranger. `result`: with how a command ended, where that says more.

    `said`: a sentence of what came of it, `detail`: pairs of words, '' for none; `more`: what names it for other logs,
    and what is long.
    """

    id: str
    at: Moment | None
    who: str
    what: str
    target: str
    result: str
    is_done: bool
    said: str
    detail: str
    more: tuple[tuple[str, str], ...]
    ip: str


@dataclass(frozen=True, slots=True)
class AuditView(Context):
    """`audit.html`. `older`: address of the next page, '' for none. `is_all`: no filter holds."""

    template: ClassVar[str] = "audit.html"
    title: str
    rows: tuple[AuditRow, ...]
    who: str
    group: str
    what: str
    exchange: str
    result: str
    groups: tuple[str, ...]
    acts: Mapping[str, tuple[str, ...]]
    exchanges: tuple[str, ...]
    results: tuple[str, ...]
    older: str
    is_all: bool
    is_first: bool


@routes.get("/audit")
@needs(Role.ADMIN)
def page() -> Response:
    """One page of it."""
    given = query((*FILTERS, "before"))
    chosen = {name: given.get(name, "").strip() for name in FILTERS}
    one_of("group", chosen["group"] or None, GROUPS)
    one_of("what", chosen["what"] or None, acts.WHAT)
    one_of("result", chosen["result"] or None, RESULTS)
    exchanges = tuple(one.name for one in site().known())
    one_of("exchange", chosen["exchange"] or None, exchanges)
    found = _read(given.get("before") or None, _wanted(chosen))
    told = {name: value for name, value in chosen.items() if value}
    about = AuditView(
        title="Audit",
        rows=tuple(_row(one) for one in found.entries),
        who=words.plain(chosen["who"], 254),
        group=chosen["group"],
        what=chosen["what"],
        exchange=chosen["exchange"],
        result=chosen["result"],
        groups=GROUPS,
        acts=acts.GROUPS,
        exchanges=exchanges,
        results=RESULTS,
        older=f"/audit?{urlencode({**told, 'before': found.older})}" if found.older else "",
        is_all=not told,
        is_first="before" not in given,
    )
    return still(about, found.now_ms)


def _wanted(chosen: Mapping[str, str]) -> Wanted:
    group = chosen["group"]
    among = (lambda what: acts.group_of(what) == group) if group else None
    return Wanted(chosen["who"], chosen["what"], chosen["result"], chosen["exchange"], among)


def _read(before: str | None, wanted: Wanted) -> AuditPage:
    try:
        return audit().read(COUNT, before, wanted)
    except BadAuditCursor as error:
        raise BadParameter("before", str(error)) from None


def _row(one: AuditEntry) -> AuditRow:
    named = [(words.plain(key, 50), words.plain(value, LONG.get(key, DETAIL))) for key, value in one.detail.items()]
    is_command = one.what.startswith(acts.ENDED)
    ended = one.detail.get("status", "") if is_command else ""
    names = (*NAMES, *(key for key, value in named if len(value) > DETAIL))
    behind = (*SENTENCES, *names, *(("status",) if is_command else ()))
    return AuditRow(
        one.id,
        moments.ago(one.at_ms),
        words.plain(one.who, 254),
        words.plain(one.what, 100),
        words.plain(one.target, 254),
        words.plain(one.result if ended in ("", one.result) else f"{one.result}, {ended}", 40),
        one.result in (SENT, DONE),
        " ".join(value for key, value in named if key in SENTENCES),
        ", ".join(f"{key} {value}" for key, value in named if key not in behind),
        tuple((words.label(key), value) for key, value in named if key in names),
        words.plain(one.ip, 45),
    )
