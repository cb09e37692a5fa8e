"""`/exchanges/<name>`: one's own connection record of an exchange: its names, its test, whether it is the default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from perseus.access.roles import Role
from perseus.control.channel import BadTarget
from perseus.control.command import Kind
from perseus.control.key import NoKey
from perseus.db import userexchanges
from perseus.db.errors import DefaultTaken, NotActive, NotThere
from perseus.db.userexchanges import Offered, Record
from perseus.errors import StoreRefused, StoreUnavailable
from perseus.web import words
from perseus.web.comesback import comes_back
from perseus.web.control import command as commandpage
from perseus.web.control.commanded import sends
from perseus.web.control.commanding import AnotherKey, Host
from perseus.web.people.auditing import audited, failed
from perseus.web.people.guard import needs, person
from perseus.web.polled import still
from perseus.web.problems import STORE_SILENT
from perseus.web.setup import exchanges as exchangespage
from perseus.web.setup import recordforms
from perseus.web.setup.exchanges import SAVED, RecordRow
from perseus.web.setup.known import known_exchange
from perseus.web.setup.recordforms import NotTaken, RecordForm
from perseus.web.site import access, commanding
from perseus.web.templating import Context

routes = Blueprint("record", __name__, url_prefix="/exchanges/<name>")


@dataclass(frozen=True, slots=True)
class RecordPage(Context):
    """`record.html`. `hosts`: those that can test it; `nobody`: why none can, a sentence, '' where there are some."""

    template: ClassVar[str] = "record.html"
    title: str
    record: RecordRow
    form: RecordForm
    hosts: tuple[Host, ...]
    nobody: str
    saved: str
    problem: str


@routes.get("")
@needs(Role.OPERATOR)
def page(name: str) -> BaseResponse:
    """The record; the form of a new one where there is none."""
    offered = known_exchange(access().database_url, name)
    record = userexchanges.record(access().database_url, person().id, offered.exchange)
    if record is None:
        return redirect(url_for("exchanges.page", exchange=name), 303)
    return _one(offered, record, recordforms.of(offered, record))


def _unsaved(why: str, name: str) -> Response:
    offered, record = _own(name)
    return _one(offered, record, recordforms.unsaved(offered, ""), why)


@routes.post("")
@needs(Role.OPERATOR)
@comes_back(_unsaved, recordforms.safe)
def change(name: str) -> BaseResponse:
    """Other names, or another name for people."""
    offered, record = _own(name)
    try:
        sent = recordforms.sent(offered.exchange)
    except NotTaken as error:
        audited(why=error)
        form = recordforms.again(offered, error.errors, "")
        return _one(offered, record, form, "Look at what stands below the fields.")
    userexchanges.change_record(access().database_url, person().id, offered.exchange, sent)
    audited(variables=" ".join(sent.variables) or None)
    return redirect(url_for("record.page", name=name, saved="changed"), 303)


@routes.post("/default")
@needs(Role.OPERATOR)
def make_default(name: str) -> BaseResponse:
    """From now on the default of who asks."""
    offered, record = _own(name)
    try:
        userexchanges.set_default(access().database_url, person().id, offered.exchange)
    except (NotActive, DefaultTaken) as error:
        audited(why=error)
        return _one(offered, record, recordforms.of(offered, record), str(error))
    return redirect(url_for("exchanges.page", saved="default"), 303)


@routes.post("/switch")
@needs(Role.OPERATOR)
def switch(name: str) -> BaseResponse:
    """Switch it on or off for who asks."""
    offered, _ = _own(name)
    is_on = request.form.get("on") == "yes"
    userexchanges.set_active(access().database_url, person().id, offered.exchange, is_on)
    audited(active=is_on)
    return redirect(url_for("exchanges.page", saved="on" if is_on else "off"), 303)


@routes.post("/check")
@needs(Role.OPERATOR)
@sends
def check(name: str) -> BaseResponse:
    """Let a host ask the exchange, and say which of the variables it has."""
    offered, record = _own(name)
    commands, target = commanding(), request.form.get("host", "")
    audited(host=target)
    try:
        at_ms, back = commands.now_ms(), url_for("record.page", name=name)
        asked = {"environment": list(record.access.variables)}
        sent = commands.sent(target, Kind.CHECK, offered.exchange, asked)
    except (BadTarget, NoKey, AnotherKey) as error:
        why = "choose a host" if isinstance(error, BadTarget) else commands.why_off() or str(error)
        failed(why)
        return _one(offered, record, recordforms.of(offered, record), why)
    return redirect(commandpage.address(target, sent, Kind.CHECK, at_ms, back, name), 303)


def _own(name: str) -> tuple[Offered, Record]:
    offered = known_exchange(access().database_url, name)
    record = userexchanges.record(access().database_url, person().id, offered.exchange)
    if record is None:
        raise NotThere(f"connection record of {name}")
    return offered, record


def _one(offered: Offered, record: Record, form: RecordForm, problem: str = "") -> Response:
    hosts, nobody = _hosts(offered)
    about = RecordPage(
        f"{form.called} · Exchanges",
        exchangespage.row(record, frozenset((offered.exchange.name,))),
        form,
        hosts,
        nobody,
        SAVED.get(request.args.get("saved", ""), ""),
        words.plain(problem),
    )
    return still(about, access().clock.wall_ms(), 422 if problem else 200)


def _hosts(offered: Offered) -> tuple[tuple[Host, ...], str]:
    commands = commanding()
    if off := commands.why_off():
        return (), off
    try:
        found = commands.hosts(offered.exchange)
        return found, "" if found else commands.nobody()
    except (StoreUnavailable, StoreRefused):
        return (), STORE_SILENT
