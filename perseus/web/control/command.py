"""`/commands/<target>/<command>`: how far a command has come, asked again each second until it has ended."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar
from urllib.parse import urlencode

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from perseus.access.roles import Role
from perseus.control.command import Kind
from perseus.control.outcomes import Outcome, Status
from perseus.db import userexchanges
from perseus.errors import StoreRefused, StoreUnavailable
from perseus.notify.told import records
from perseus.web import htmx, problems
from perseus.web.card import attendance
from perseus.web.card.attendance import NOBODY
from perseus.web.control import progress
from perseus.web.control.commanding import Sent
from perseus.web.control.progress import CommandShown, Stop
from perseus.web.people.guard import needs, own_path, person
from perseus.web.polled import polled
from perseus.web.setup.known import known_exchange
from perseus.web.site import access, commanding
from perseus.web.templating import Context

STOPPABLE = (Kind.START, Kind.TAKEOVER)
OF_EXCHANGE = re.compile("/network/([a-z0-9_-]{1,50})")

routes = Blueprint("commands", __name__, url_prefix="/commands")


@dataclass(frozen=True, slots=True)
class CommandPage(Context):
    """`command.html`. `back`: where one came from. `said`: what is so besides, '' for nothing."""

    template: ClassVar[str] = "command.html"
    title: str
    command: CommandShown
    back: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class CommandPart(Context):
    """`_command.html`."""

    template: ClassVar[str] = "_command.html"
    command: CommandShown


@routes.get("/<target>/<command>")
@needs(Role.OPERATOR)
def page(target: str, command: str) -> BaseResponse:
    """How far it has come. A test of a connection that succeeded is noted in the record of who asks.

    With `leaves` whoever waits for it goes on to `next` once it is done, which says what came of it.
    """
    sent, what = _asked(command), request.args.get("what", "")
    progress.check(target, command, what)
    try:
        return _page(target, sent, what)
    except (StoreUnavailable, StoreRefused) as error:
        shown = progress.waiting(target, sent, what, error, away(request.path, request.args))
        back = own_path(request.args.get("next"))
        return silent(CommandPage(_title(shown, back), shown, back), error)


def _asked(command: str) -> Sent:
    return Sent(command, not request.args.get(progress.UNSURE))


def _page(target: str, sent: Sent, what: str) -> BaseResponse:
    commands, now, command = commanding(), commanding().now_ms(), sent.command
    at_ms = records.number(request.args, "at") or now
    told = commands.known_outcome(target, command)
    if told is not None and told.status is Status.EXPIRED:
        told = replace(told, text=progress.refusing(target) or told.text)
    if told is not None and told.kind == Kind.CHECK and told.status is Status.DONE:
        _note(told)
    shown = progress.seen(told, target, sent, what, at_ms, now, request.full_path)
    back = own_path(request.args.get("next"))
    shown = replace(shown, stop=_stop(shown, target, command, what, back))
    then = f"{back}?told={target}:{command}" if shown.state == "done" and request.args.get("leaves") else ""
    if then and not htmx.wants_fragment():
        return redirect(then, 303)
    response = polled(CommandPage(_title(shown, back), shown, back), CommandPart(shown), now)
    if then:
        response.headers["HX-Redirect"] = then
    return response


def _stop(shown: CommandShown, target: str, command: str, what: str, back: str) -> Stop | None:
    of = OF_EXCHANGE.fullmatch(back)
    if not of or shown.state != "pending" or what not in STOPPABLE:
        return None
    return Stop(of[1], target, command, _sure(of[1], shown.host, target))


def _sure(name: str, host: str, target: str) -> str:
    """What a stop ends; a standby only where that process is one, and who else stands by goes on."""
    reports = [one for one in commanding().reports() if one.exchange_name == name]
    of = next((one.exchange_id for one in reports), None)
    attending = NOBODY if of is None else attendance.by_exchange(reports)[of]
    others = attending.without(target)
    itself = "" if others == attending else f" It stands by for {name}, and does so no longer."
    return f"What {host} has begun is ended, and {name} given back.{itself} {others.follow}".rstrip()


def _title(shown: CommandShown, back: str) -> str:
    """`Stop: binance on ing1`; without the exchange where one comes from no page of one."""
    of = OF_EXCHANGE.fullmatch(back)
    return f"{shown.what}{f': {of[1]}' if of else ''} on {shown.host}"


def away(path: str, given: Mapping[str, str]) -> str:
    """That address, with when the data store was silent: now."""
    return f"{path}?{urlencode({**given, progress.AWAY: str(access().clock.wall_ms())})}"


def silent(page: CommandPage, error: StoreUnavailable | StoreRefused) -> BaseResponse:
    """Such a page: as one that passes, for a browser; htmx would not show what has another status than 200."""
    problems.note(error)
    response = polled(page, CommandPart(page.command), access().clock.wall_ms())
    if not htmx.wants_fragment():
        response.status_code = 503
        response.headers["Retry-After"] = problems.RETRY_SECONDS
    return response


def address(
    target: str,
    sent: Sent,
    kind: Kind,
    at_ms: int,
    then: str,
    record: str | None = None,
    *,
    leaves: bool = False,
    away_ms: int | None = None,
) -> str:
    """Where the progress of a command is shown. `record`: the exchange of a record that a test is of.

    `away_ms`: when the data store was silent, None where it was not.
    """
    going = "1" if leaves else None
    return url_for(
        "commands.page",
        target=target,
        command=sent.command,
        what=kind,
        at=at_ms,
        next=then,
        record=record,
        leaves=going,
        unsure=None if sent.is_sure else "1",
        away=away_ms,
    )


def told(text: str) -> CommandShown | None:
    """A command that has ended, by `<target>:<id>`; None for any other text. Raises StoreUnavailable."""
    target, _, command = text.rpartition(":")
    found = commanding().known_outcome(target, command)
    return progress.shown(found, progress.host_of(target), "") if found is not None and found.is_final else None


def _note(told: Outcome) -> None:
    """In the record that the test was of, when it came to its end. It is one's own, so a wrong one harms nobody."""
    named = request.args.get("record", "")
    if named and all(one.is_there for one in progress.variables(told)) and told.ended_ms is not None:
        exchange = known_exchange(access().database_url, named).exchange
        userexchanges.note_connected(access().database_url, person().id, exchange, told.ended_ms)
