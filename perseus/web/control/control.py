"""What operators ask of an instance that lives: stop, pause, resume, reload, warm up again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flask import Blueprint, request
from werkzeug.wrappers import Response as BaseResponse

from perseus.access.roles import Role
from perseus.control import reserves
from perseus.control.command import Kind
from perseus.control.hosts import Report
from perseus.control.unasked import SILENT
from perseus.errors import PerseusError
from perseus.network.exchange import Exchange
from perseus.network.payload import InstanceStatus
from perseus.network.states import State
from perseus.network.view.directory import ExchangeStatus
from perseus.web import words
from perseus.web.card import attendance
from perseus.web.card.attendance import Attendance
from perseus.web.control.commanded import ask, exchange_of, refused, sends
from perseus.web.people.auditing import audited, failed
from perseus.web.people.guard import needs
from perseus.web.problems import BadParameter, Problem, answer
from perseus.web.site import commanding, site

NO_TARGET = (
    "This instance takes no commands: it was started without a key of commands, or by another program. Stop it where "
    "it runs, or take it over."
)
NOT_YET = "The others can be asked once it is active."
ANOTHER = "Another instance holds it by now than the one that was shown. Nothing was asked."
OVER = "What was to be stopped is over already: it is active, has failed or was stopped. Nothing was asked."
BEGINS = ("serving", "waiting")
NOBODY = "Nobody holds it any more. Nothing was asked."
NO_STANDBY = "That process does not stand by for it any more. Look at its card again. Nothing was asked."
UNSERVED = "Nobody serves it until somebody connects it again."
STOP_FIRST = "To have nobody serve it, stop what stands by first."

routes = Blueprint("control", __name__, url_prefix="/network/<name>/commands")


@dataclass(frozen=True, slots=True)
class Act:
    """One button. `sure`: what will happen, asked before; `help`: the same in short. `only`: where it makes sense."""

    kind: Kind
    label: str
    help: str
    sure: str
    is_grave: bool = False


ACTS = (
    Act(
        Kind.PAUSE,
        "Pause",
        "Closes its feed and keeps its lease",
        "Its feed is closed and no candle comes until somebody resumes it. It keeps its lease; nobody else serves it.",
    ),
    Act(
        Kind.RESUME,
        "Resume",
        "Opens its feed again",
        "Its feed is opened again, and candles of the time between are fetched.",
    ),
    Act(
        Kind.RELOAD,
        "Reload",
        "Reads symbols and settings anew",
        "It reads its symbols and settings anew and connects its feed again, for which it is without one for a moment.",
    ),
    Act(
        Kind.STOP,
        "Stop",
        "Ends its work in order",
        "It ends its work in order and gives the exchange back.",
        is_grave=True,
    ),
)
WARM_UP = Act(
    Kind.WARM_UP,
    "Warm up again",
    "Fetches what is missing",
    "It looks for candles that are missing and fetches them, beside its work.",
)
CANCEL = Act(
    Kind.CANCEL_WARM_UP,
    "Cancel the warmup",
    "Fetches no more of what is past",
    "The warmup that goes on ends. What it has fetched stays, and its work goes on with that.",
)
KINDS = (*(one.kind for one in ACTS), WARM_UP.kind, CANCEL.kind)


@dataclass(frozen=True, slots=True)
class Controls:
    """The buttons of one instance. `off`: why none works now; `later`: why some do not, '' for neither.

    `ready`: those that work. `instance_id`: the run that they are meant for. `cancel`: None while nothing warms up.
    """

    name: str
    called: str
    instance_id: str
    acts: tuple[Act, ...]
    warm_up: Act
    cancel: Act | None
    ready: frozenset[Kind]
    off: str
    later: str


def controls(status: ExchangeStatus, reports: Sequence[Report], is_warming: bool) -> Controls | None:
    """Those of an exchange; None where nobody holds it, or this site commands nothing.

    `is_warming`: a warmup goes on.
    """
    told, commands = status.status, site().commanding
    if not status.live or told is None or commands is None:
        return None
    off = commands.why_off() or _silent(attendance.target(told), reports) or _deaf(told, reports)
    is_paused = attendance.pause(told) is not None
    attending = attendance.by_exchange(reports).get(status.exchange.id, attendance.NOBODY)
    acts = tuple(_sure(one, attending) for one in ACTS if one.kind is not (Kind.PAUSE if is_paused else Kind.RESUME))
    is_active = told.connection_state is State.ACTIVE
    ready = frozenset() if off else frozenset(KINDS if is_active else (Kind.STOP, CANCEL.kind))
    later = "" if off or is_active else NOT_YET
    called = words.plain(status.exchange.display_name, words.NAME_LIMIT)
    cancel, run = CANCEL if is_warming else None, attendance.run_id(told)
    return Controls(status.exchange.name, called, run, acts, WARM_UP, cancel, ready, off, later)


def _sure(act: Act, attending: Attendance) -> Act:
    """With what follows a stop: a standby goes on, or nobody does."""
    if act.kind is not Kind.STOP:
        return act
    then = f"{attending.follow} {STOP_FIRST} {attending.deaf}".rstrip() if attending.follow else UNSERVED
    return replace(act, sure=f"{act.sure} {then}")


@routes.post("")
@needs(Role.OPERATOR)
@sends
def command(name: str) -> BaseResponse:
    """Ask it of the instance that was shown, and of no other."""
    exchange, asked = exchange_of(name), request.form.get("what", "")
    if asked not in KINDS:
        raise BadParameter("what", f"must be one of {', '.join(KINDS)}.")
    kind = Kind(asked)
    if kind is Kind.STOP and request.form.get("host"):
        return _stop_of_a_start(exchange, request.form["host"], request.form.get("start", ""))
    if kind is Kind.STOP and request.form.get("standby"):
        return _stop_of_a_standby(exchange, request.form["standby"])
    is_full = kind is Kind.WARM_UP and request.form.get("full") == "yes"
    audited(name, order=kind, full="yes" if is_full else None)
    status = site().directory.exchange(exchange.id)
    told = status.status if status.live else None
    if told is None:
        return _not_asked(NOBODY)
    if attendance.run_id(told) != request.form.get("instance"):
        return _not_asked(ANOTHER)
    target = attendance.target(told)
    why = commanding().why_off() or _silent(target, commanding().reports())
    if why or target is None:
        return _not_asked(why)
    try:
        return ask(target, kind, exchange, {"full": is_full} if kind is Kind.WARM_UP else {}, told.instance_id)
    except PerseusError as error:
        return _not_asked(refused(error))


def _stop_of_a_start(exchange: Exchange, target: str, start: str) -> BaseResponse:
    """Of one that is still under way on that process, which may have no lease yet. `start`: the command, if known."""
    audited(exchange.name, order=Kind.STOP, host=words.plain(target, 120))
    commands, status = commanding(), site().directory.exchange(exchange.id)
    sent = commands.known_outcome(target, start)
    told = status.status if status.live else None
    is_active = told is not None and attendance.target(told) == target and told.connection_state is State.ACTIVE
    if is_active or (sent is not None and sent.is_final):
        return _not_asked(OVER)
    reports = commands.reports()
    is_begun = any(one.target == target and one.role in BEGINS and one.exchange_id == exchange.id for one in reports)
    why = commands.why_off() or _silent(target, reports) or ("" if start or is_begun else OVER)
    if why:
        return _not_asked(why)
    try:
        return ask(target, Kind.STOP, exchange, {})
    except PerseusError as error:
        return _not_asked(refused(error))


def _stop_of_a_standby(exchange: Exchange, target: str) -> BaseResponse:
    """Of one that waits there for the exchange, and only as long as it does."""
    audited(exchange.name, order=Kind.STOP, standby=words.plain(target, 120))
    commands = commanding()
    found = [one for one in reserves.reserves(commands.reports(), exchange.id) if one.target == target]
    why = commands.why_off() or ("" if found else NO_STANDBY)
    if why:
        return _not_asked(why)
    try:
        return ask(target, Kind.STOP, exchange, {"standby": True})
    except PerseusError as error:
        return _not_asked(refused(error))


def _silent(target: str | None, reports: Sequence[Report]) -> str:
    """Why its process cannot be asked; '' where it can."""
    if target is None:
        return NO_TARGET
    return "" if target in [one.target for one in reports] else SILENT


def _deaf(told: InstanceStatus, reports: Sequence[Report]) -> str:
    """That its process would refuse what is signed here; '' where nothing says so."""
    return commanding().other_keys(one for one in reports if one.target == attendance.target(told))


def _not_asked(why: str) -> BaseResponse:
    failed(why)
    return answer(Problem(409, why))
