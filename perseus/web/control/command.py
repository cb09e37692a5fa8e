"""`/commands/<target>/<command>`: how far a command has come, asked again each second until it has ended."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import ClassVar

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from perseus.access.roles import Role
from perseus.control.command import ID, TARGET, Kind
from perseus.control.outcomes import Outcome, Status
from perseus.db import userexchanges
from perseus.notify.told import records
from perseus.web import htmx, words
from perseus.web.card import attendance
from perseus.web.card.attendance import NOBODY
from perseus.web.people.guard import needs, own_path, person
from perseus.web.polled import polled
from perseus.web.problems import BadParameter
from perseus.web.setup.known import known_exchange
from perseus.web.site import access, commanding
from perseus.web.templating import Context

WHAT = {
    Kind.START: "Start",
    Kind.STOP: "Stop",
    Kind.PAUSE: "Pause",
    Kind.RESUME: "Resume",
    Kind.RELOAD: "Reload",
    Kind.WARM_UP: "Warm up",
    Kind.CANCEL_WARM_UP: "Cancel the warmup",
    Kind.TAKEOVER: "Takeover",
    Kind.HAND_OVER: "Hand-over",
    Kind.SET_SYMBOLS: "Take in the watched symbols",
    Kind.CHECK: "Test connection",
}
STOPPABLE = (Kind.START, Kind.TAKEOVER)
ENDED = {
    Status.DONE: "done",
    Status.FAILED: "failed",
    Status.REFUSED: "refused",
    Status.CANCELLED: "cancelled",
    Status.EXPIRED: "not taken",
}
WAITED_MS = 60_000
OF_EXCHANGE = re.compile("/network/([a-z0-9_-]{1,50})")
UNTAKEN = "Sent. Waiting for the process to take it."
NEVER = "Nothing is known of it: it was not taken within a minute, or is over for more than a day."

routes = Blueprint("commands", __name__, url_prefix="/commands")


@dataclass(frozen=True, slots=True)
class Variable:
    """One name of an environment variable, and whether the process that was asked has it."""

    name: str
    is_there: bool


@dataclass(frozen=True, slots=True)
class Stop:
    """A start or takeover that is under way can be stopped. `name`: of its exchange; `sure`: what that does."""

    name: str
    target: str
    command: str
    sure: str


@dataclass(frozen=True, slots=True)
class CommandShown:
    """What is known of a command. `state`: pending, done, failed; `word`: that in words; `percent`: None for unknown.

    `address`: where it is asked for again, '' when it has ended. `host`: of the target. `stop`: how it is ended.
    """

    what: str
    state: str
    word: str
    text: str
    percent: int | None
    variables: tuple[Variable, ...]
    host: str
    address: str
    stop: Stop | None = None


@dataclass(frozen=True, slots=True)
class CommandPage(Context):
    """`command.html`. `back`: where one came from."""

    template: ClassVar[str] = "command.html"
    title: str
    command: CommandShown
    back: str


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
    commands, now = commanding(), commanding().now_ms()
    what, at_ms = request.args.get("what", ""), records.number(request.args, "at") or now
    told = commands.known_outcome(target, command)
    if told is not None and told.status is Status.EXPIRED:
        told = replace(told, text=_refusing(target) or told.text)
    if told is not None and told.kind == Kind.CHECK and told.status is Status.DONE:
        _note(told)
    shown = seen(told, target, command, what, at_ms, now, request.full_path)
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


def address(
    target: str,
    command: str,
    kind: Kind,
    at_ms: int,
    then: str,
    record: str | None = None,
    *,
    leaves: bool = False,
) -> str:
    """Where the progress of a command is shown. `record`: the exchange of a record that a test is of."""
    going = "1" if leaves else None
    return url_for(
        "commands.page",
        target=target,
        command=command,
        what=kind,
        at=at_ms,
        next=then,
        record=record,
        leaves=going,
    )


def told(text: str) -> CommandShown | None:
    """A command that has ended, by `<target>:<id>`; None for any other text. Raises StoreUnavailable."""
    target, _, command = text.rpartition(":")
    found = commanding().known_outcome(target, command)
    return shown(found, _host(target), "") if found is not None and found.is_final else None


def seen(told: Outcome | None, target: str, command: str, what: str, at_ms: int, now: int, again: str) -> CommandShown:
    """A command as a page shows it, `told` what is known of it. `at_ms`: when it was sent; `again`: where to ask next.

    Raises BadParameter for what is no command.
    """
    if not TARGET.fullmatch(target) or not ID.fullmatch(command) or what not in WHAT:
        raise BadParameter("command", "is no command of this site.")
    host = _host(target)
    if told is not None:
        return shown(told, host, again)
    is_late = now - at_ms > WAITED_MS
    if is_late:
        return CommandShown(WHAT[Kind(what)], "failed", "not taken", _refusing(target) or NEVER, None, (), host, "")
    return CommandShown(WHAT[Kind(what)], "pending", "", UNTAKEN, None, (), host, again)


def _refusing(target: str) -> str:
    """That its process has another key than these pages, where that is why nobody took a command; else ''."""
    return commanding().other_keys(one for one in commanding().reports() if one.target == target)


def _host(target: str) -> str:
    return target.rpartition("-")[0].rpartition("-")[0] or target


def shown(told: Outcome, host: str, again: str) -> CommandShown:
    """An outcome as the page shows it."""
    state = "pending" if not told.is_final else "done" if told.status is Status.DONE else "failed"
    what = WHAT[Kind(told.kind)] if told.kind in WHAT else words.plain(told.kind, 40)
    said = (told.text if told.is_final else told.step or told.text) or ""
    return CommandShown(
        what,
        state,
        ENDED.get(told.status, ""),
        words.plain(said, 2_000) or ("" if told.is_final else "Under way."),
        None if told.is_final or told.percent is None else min(max(told.percent, 0), 100),
        _variables(told),
        words.plain(host, 120),
        "" if told.is_final else again,
    )


def _variables(told: Outcome) -> tuple[Variable, ...]:
    present = told.data.get("present")
    if not isinstance(present, dict):
        return ()
    return tuple(Variable(words.plain(str(name), 100), there is True) for name, there in present.items())


def _note(told: Outcome) -> None:
    """In the record that the test was of, when it came to its end. It is one's own, so a wrong one harms nobody."""
    named = request.args.get("record", "")
    if named and all(one.is_there for one in _variables(told)) and told.ended_ms is not None:
        exchange = known_exchange(access().database_url, named).exchange
        userexchanges.note_connected(access().database_url, person().id, exchange, told.ended_ms)
