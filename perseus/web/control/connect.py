"""`/network/<exchange>/connect`: choose a host and start an exchange there; warned where another one holds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from perseus.access.roles import Role
from perseus.control.command import Kind
from perseus.control.hosts import Report
from perseus.db import userexchanges
from perseus.errors import PerseusError
from perseus.network.exchange import Exchange
from perseus.network.view.directory import ExchangeStatus
from perseus.web import words
from perseus.web.card import attendance
from perseus.web.control import holders, hostrows
from perseus.web.control.commanded import ask, exchange_of, refused, sends
from perseus.web.control.holders import Holder
from perseus.web.control.hostrows import Choice
from perseus.web.people.auditing import audited, failed
from perseus.web.people.guard import needs, person
from perseus.web.polled import still
from perseus.web.site import access, commanding, site
from perseus.web.templating import Context

ANOTHER = "Another instance holds it by now than the one that was shown. Look again before you take it over."
FREE = "Nobody holds it any more, so there is nothing to take over. Connect it."
TAKEN = "Somebody has connected it meanwhile. Nothing was started."
UNSURE = "Say that you are sure. Nothing was asked."
GONE = "That process is gone, or is at something else by now. Choose another one. Nothing was asked."

routes = Blueprint("connect", __name__, url_prefix="/network/<name>/connect")


@dataclass(frozen=True, slots=True)
class ConnectPage(Context):
    """`connect.html`. `holder` None: nobody holds it, and it can be started.

    `off`: why nothing can be commanded; `is_unread`: since it cannot be read who could be; `is_switched_off`: the
    connection record of who asks. `choices`: the processes that can have it, none where there are none. `problem`: what
    was wrong with what was sent.
    """

    template: ClassVar[str] = "connect.html"
    title: str
    name: str
    called: str
    holder: Holder | None
    choices: tuple[Choice, ...]
    off: str
    is_unread: bool
    is_switched_off: bool
    problem: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How an exchange stands at this moment."""

    exchange: Exchange
    status: ExchangeStatus
    reports: tuple[Report, ...]

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The processes that can have it."""
        return hostrows.choices(self.reports, self.exchange, commanding().refusing(self.reports))


@routes.get("")
@needs(Role.OPERATOR)
def page(name: str) -> BaseResponse:
    """Which host shall have it; first of all the connection record, where there is none."""
    now = _standing(exchange_of(name))
    record = _record(now.exchange)
    if record is None:
        here = url_for("connect.page", name=name)
        return redirect(url_for("exchanges.page", exchange=name, next=here), 303)
    return _shown(now, is_switched_off=not record.is_active)


@routes.post("")
@needs(Role.OPERATOR)
@sends
def start(name: str) -> BaseResponse:
    """Start it on the chosen host."""
    now = _standing(exchange_of(name))
    if now.status.live:
        return _shown(now, TAKEN)
    return _sent(now, Kind.START, {})


@routes.post("/takeover")
@needs(Role.OPERATOR)
@sends
def take_over(name: str) -> BaseResponse:
    """Have the chosen host take it over from the instance that was shown."""
    now = _standing(exchange_of(name))
    told, meant = now.status.status, request.form.get("instance", "")
    audited(holder=words.plain(meant, 120))
    if not now.status.live or told is None:
        return _shown(now, FREE)
    if attendance.run_id(told) != meant:
        return _shown(now, ANOTHER)
    if request.form.get("sure") != "yes":
        return _shown(now, UNSURE)
    return _sent(now, Kind.TAKEOVER, {"from": told.instance_id})


def _standing(exchange: Exchange) -> Standing:
    """Read for this request alone: whoever decides must not see what was a second ago."""
    status = site().directory.exchange(exchange.id)
    return Standing(exchange, status, tuple(commanding().reports()))


def _sent(now: Standing, kind: Kind, arguments: dict[str, str]) -> BaseResponse:
    target, record = request.form.get("host", ""), _record(now.exchange)
    audited(host=words.plain(target, 120))
    if record is None or not record.is_active:
        return redirect(url_for("connect.page", name=now.exchange.name), 303)
    if target not in [one.target for one in now.choices]:
        return _shown(now, GONE)
    try:
        return ask(target, kind, now.exchange, arguments)
    except PerseusError as error:
        return _shown(now, refused(error))


def _record(exchange: Exchange) -> userexchanges.Record | None:
    return userexchanges.record(access().database_url, person().id, exchange)


def _shown(now: Standing, problem: str = "", *, is_switched_off: bool = False) -> Response:
    called = words.plain(now.exchange.display_name, words.NAME_LIMIT)
    holder = holders.holder(now.status, now.reports, commanding().refusing(now.reports))
    if problem:
        failed(problem)
    title = f"{called} is in use" if holder else f"Connect {called}"
    unread = "" if now.reports else commanding().unread()
    off = commanding().why_off() or unread
    shown = ConnectPage(
        title, now.exchange.name, called, holder, now.choices, off, bool(unread), is_switched_off, problem
    )
    return still(shown, site().shared.view().now_ms, 409 if problem else 200)
