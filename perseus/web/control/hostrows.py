"""Ingest processes: as rows of a table, and as the choices of who shall have an exchange."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from perseus.control.hosts import Report
from perseus.control.unasked import OTHER_KEY
from perseus.network.exchange import Exchange
from perseus.web import moments, words
from perseus.web.moments import Moment

IDLE, SERVING, WAITING, STANDBY = "idle", "serving", "waiting", "standby"
ROLES = {IDLE: "idle", SERVING: "serves", WAITING: "waits to take over", STANDBY: "stands by for"}
PLACES = {STANDBY: 0, IDLE: 1}


@dataclass(frozen=True, slots=True)
class HostRow:
    """One process. `exchange`: the name of the one that it serves or stands by for, None for an idle one."""

    target: str
    host: str
    pid: int
    ip: str | None
    role: str
    said: str
    exchange: str | None
    is_known: bool
    takes_commands: bool
    warm: str | None
    doing: str | None
    version: str
    at: Moment | None


@dataclass(frozen=True, slots=True)
class Choice:
    """One process that can have an exchange. `about`: what it is at."""

    target: str
    host: str
    about: str
    is_chosen: bool


def rows(reports: Iterable[Report], known: frozenset[str] = frozenset()) -> tuple[HostRow, ...]:
    """All of them, by role, idle ones first. `known`: names of exchanges that have a page."""
    order = list(ROLES)
    return tuple(_row(one, known) for one in sorted(reports, key=lambda one: (order.index(one.role), one.hostname)))


def choices(reports: Iterable[Report], exchange: Exchange, refusing: Collection[Report] = ()) -> tuple[Choice, ...]:
    """Those that can have `exchange`: its standbys, warm ones first, then whoever is idle, at last those `refusing`.

    `refusing`: they have another key of commands.
    """
    asked = [one for one in reports if one.takes_commands]
    fit = [one for one in asked if one.role == IDLE or (one.role == STANDBY and one.exchange_id == exchange.id)]
    fit.sort(key=lambda one: (one in refusing, PLACES[one.role], not one.warm, one.hostname, one.pid))
    return tuple(
        Choice(one.target, _text(one.hostname), _about(one, refuses=one in refusing), is_chosen=place == 0)
        for place, one in enumerate(fit)
    )


def _row(one: Report, known: frozenset[str]) -> HostRow:
    of = one.exchange_name if one.role != IDLE else None
    return HostRow(
        one.target,
        _text(one.hostname),
        one.pid,
        _text(one.ip) if one.ip else None,
        one.role,
        ROLES[one.role],
        _text(of) if of else None,
        of in known,
        one.takes_commands,
        None if one.role != STANDBY or one.warm is None else "warm" if one.warm else "not warm yet",
        words.plain(one.doing, 200) if one.doing else None,
        words.plain(one.version, 40),
        moments.ago(one.at),
    )


def _about(one: Report, *, refuses: bool) -> str:
    where = f"{_text(one.ip)}, " if one.ip else ""
    how = "" if one.warm is None else ", warm" if one.warm else ", not warm yet"
    what = "idle" if one.role == IDLE else f"standby{how}"
    return f"{where}process {one.pid}, {what}{f', {OTHER_KEY}' if refuses else ''}"


def _text(text: str) -> str:
    return words.plain(text, words.NAME_LIMIT)
