"""A command as a page shows it: what it is, how far it has come, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request

from perseus.control.command import ID, TARGET, Kind
from perseus.control.outcomes import Outcome, Status
from perseus.errors import StoreRefused, StoreUnavailable
from perseus.notify.told import records
from perseus.web import words
from perseus.web.control import unheard
from perseus.web.control.commanding import Sent
from perseus.web.problems import BadParameter
from perseus.web.site import access, commanding

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
ENDED = {
    Status.DONE: "done",
    Status.FAILED: "failed",
    Status.REFUSED: "refused",
    Status.CANCELLED: "cancelled",
    Status.EXPIRED: "not taken",
}
WAITED_MS = 60_000
#: Parameters: the store was silent over the sending; when it was silent last, in Unix milliseconds of this host.
UNSURE, AWAY = "unsure", "away"
COMMAND = "Command"
UNTAKEN = "Sent. Waiting for the process to take it."
NEVER = "Nothing is known of it: it was not taken within a minute, or is over for more than a day."


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


def seen(told: Outcome | None, target: str, sent: Sent, what: str, at_ms: int, now: int, again: str) -> CommandShown:
    """A command as a page shows it, `told` what is known of it. `at_ms`: when it was sent; `again`: where to ask next.

    Raises BadParameter for what is no command.
    """
    check(target, sent.command, what)
    host = host_of(target)
    if unheard.is_early(told, records.number(request.args, AWAY), access().clock.wall_ms()):
        return pending(target, what, unheard.BACK, again)
    if told is not None:
        return shown(told, host, again)
    is_late = now - at_ms > WAITED_MS
    if is_late:
        said = refusing(target) or (NEVER if sent.is_sure else unheard.untaken(sent.command, is_late=True))
        return CommandShown(WHAT[Kind(what)], "failed", "not taken", said, None, (), host, "")
    return pending(target, what, UNTAKEN if sent.is_sure else unheard.untaken(sent.command, is_late=False), again)


def waiting(target: str, sent: Sent, what: str, error: StoreUnavailable | StoreRefused, again: str) -> CommandShown:
    """While the data store does not say what became of it. Arguments as `seen`."""
    return pending(target, what, unheard.waiting(sent.command, error, is_sure=sent.is_sure), again)


def untold(named: str, error: StoreUnavailable | StoreRefused) -> CommandShown | None:
    """Of one that has ended, `<target>:<id>`, that what came of it cannot be read; None for any other text."""
    target, _, command = named.rpartition(":")
    if not is_named(target, command):
        return None
    return CommandShown(
        COMMAND, "unread", "not known now", unheard.untold(command, error), None, (), host_of(target), ""
    )


def check(target: str, command: str, what: str) -> None:
    """Raise BadParameter for what is no command."""
    if not is_named(target, command) or what not in WHAT:
        raise BadParameter("command", "is no command of this site.")


def is_named(target: str, command: str) -> bool:
    """Can there be such a command?"""
    return TARGET.fullmatch(target) is not None and ID.fullmatch(command) is not None


def pending(target: str, what: str, text: str, again: str) -> CommandShown:
    """One of which nothing is known but `text`."""
    return CommandShown(WHAT[Kind(what)], "pending", "", text, None, (), host_of(target), again)


def refusing(target: str) -> str:
    """That its process has another key than these pages, where that is why nobody took a command; else ''."""
    return commanding().other_keys(one for one in commanding().reports() if one.target == target)


def host_of(target: str) -> str:
    """The host that a target names."""
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
        variables(told),
        words.plain(host, 120),
        "" if told.is_final else again,
    )


def variables(told: Outcome) -> tuple[Variable, ...]:
    """What a test of a connection found of them."""
    present = told.data.get("present")
    if not isinstance(present, dict):
        return ()
    return tuple(Variable(words.plain(str(name), 100), there is True) for name, there in present.items())
