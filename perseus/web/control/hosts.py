"""`/hosts`: the ingest processes that take commands, and all that stand by: idle ones, those that serve, standbys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, Response

from perseus.access.roles import Role
from perseus.control.hosts import Report
from perseus.control.unasked import UNREAD
from perseus.network.view.directory import NetworkView
from perseus.web import moments, parameters, words
from perseus.web.control import hostrows
from perseus.web.control.hostrows import HostRow
from perseus.web.network import notices
from perseus.web.network.notices import Notice
from perseus.web.people.guard import may
from perseus.web.polled import PolledPage, PolledPart, polled
from perseus.web.site import site

NAMES = ("live",)
NONE = "No process takes commands"
NONE_THEN = "No process took commands when that was read last"
UNKNOWN = "Not known which processes take commands"

routes = Blueprint("hosts", __name__)


@dataclass(frozen=True, slots=True)
class Live:
    """The part that is polled. `off`: why nothing can be commanded, '' where it can.

    `unread`: why it is not known which processes there are; `refusing`: which of them have another key than this site.
    `title`: how many there are, or why that is not known; `has_none`: there is none for sure.
    """

    notices: tuple[Notice, ...]
    rows: tuple[HostRow, ...]
    title: str
    off: str
    unread: str
    refusing: str
    has_none: bool


@dataclass(frozen=True, slots=True)
class HostsPage(PolledPage):
    """`hosts.html`."""

    template: ClassVar[str] = "hosts.html"
    live: Live


@dataclass(frozen=True, slots=True)
class HostsPart(PolledPart):
    """`hosts_live.html`."""

    template: ClassVar[str] = "hosts_live.html"
    live: Live


@routes.get("/hosts")
def page() -> Response:
    """The page; for htmx its polled part."""
    given = parameters.query(NAMES)
    parameters.one_of("live", given.get("live") or None, ("off", "on"))
    view = site().shared.view()
    known = frozenset(status.exchange.name for status in view.exchanges)
    commanding, reports = site().commanding, _reports(view)
    off = commanding.why_off() if commanding else ""
    shown = Live(
        notices.notices(view, site().known.trouble, acts=may(Role.OPERATOR), names_exchanges=False),
        hostrows.rows(reports or (), known),
        _title(reports, is_current=view.store.answers),
        off,
        "" if view.has_hosts else UNREAD,
        commanding.other_keys(reports or ()) if commanding else "",
        view.store.answers and reports == (),
    )
    as_of = moments.ago(view.now_ms if view.store.answers else view.read_at_ms)
    return polled(HostsPage("Hosts", as_of, view.now_ms, shown), HostsPart("Hosts", shown), view.now_ms)


def _reports(view: NetworkView) -> tuple[Report, ...] | None:
    """What they said, or did when it was read last; None where that is not known."""
    if view.store.answers:
        return view.hosts if view.has_hosts else None
    return view.last_hosts


def _title(reports: tuple[Report, ...] | None, *, is_current: bool) -> str:
    if reports is None:
        return UNKNOWN
    return _counted(reports) or (NONE if is_current else NONE_THEN)


def _counted(reports: tuple[Report, ...]) -> str:
    counts = {role: sum(one.role == role for one in reports) for role in hostrows.ROLES}
    said = (
        f"{counts[hostrows.IDLE]} idle" if counts[hostrows.IDLE] else "",
        f"{counts[hostrows.SERVING]} at work" if counts[hostrows.SERVING] else "",
        f"{counts[hostrows.WAITING]} waiting to take over" if counts[hostrows.WAITING] else "",
        f"{counts[hostrows.STANDBY]} on standby" if counts[hostrows.STANDBY] else "",
    )
    total = "1 process" if len(reports) == 1 else f"{len(reports):,} processes"
    return f"{total}: {words.listed(tuple(filter(None, said)))}" if reports else ""
