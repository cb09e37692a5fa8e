"""`perseus control`: finds the process that is meant, sends it a signed command, and shows what comes of it."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import click

from perseus import db, keys
from perseus.access.audit import AuditLog
from perseus.commands import readiness
from perseus.commands.statustable import cells
from perseus.control import audited, channel, hosts, key, reserves
from perseus.control.command import LIFE_MS, Command, Kind
from perseus.control.hosts import Report
from perseus.control.outcomes import Outcome, Status
from perseus.errors import EXIT_CONFIG, EXIT_FAILED, EXIT_HELD, PerseusError, SettingError, UnknownExchange
from perseus.network.exchange import Exchange
from perseus.network.payload import parse
from perseus.settings import Settings
from perseus.store import Client, answers

LOOK_SECONDS = 0.2
LOST_SECONDS = LIFE_MS / 1000 + 10
CODES = {Status.DONE: 0, Status.REFUSED: EXIT_HELD}
HEAD = ("TARGET", "HOST", "IP", "ROLE", "EXCHANGE", "DOING")
#: What is told to a process that serves the exchange; the others go to one that does not.
OF_HOLDER = (Kind.STOP, Kind.PAUSE, Kind.RESUME, Kind.RELOAD, Kind.WARM_UP, Kind.CANCEL_WARM_UP, Kind.SET_SYMBOLS)
FREE = ("idle", "standby")
AT_IT = ("serving", "waiting")


class NoTarget(PerseusError):
    """Raised when no process, or no one process, is meant. `known`: those that take commands."""

    exit_code = EXIT_CONFIG

    def __init__(self, problem: str, known: Sequence[Report]) -> None:
        there = "; ".join(
            f"{one.target} ({one.role}{f', {one.exchange_name}' if one.exchange_name else ''})"
            for one in known
            if one.takes_commands
        )
        mend = f"Those that take commands: {there}." if there else "None takes commands: start `perseus ingest --idle`."
        super().__init__(f"{problem} {mend}")
        self.known = tuple(known)


class TakesNone(PerseusError):
    """Raised when the process that is meant takes no commands."""

    exit_code = EXIT_HELD

    def __init__(self, one: Report) -> None:
        super().__init__(
            f"{reserves.named(one)} takes no commands: it was started without the key that signs them, or with one "
            f"that cannot be used. It stands by for {one.exchange_name} all the same: stop it on its host, or give it "
            f"the key. {key.WHAT_TO_DO}"
        )
        self.target = one.target


class Lost(PerseusError):
    """Raised when a command was sent and nothing is known of it any more."""

    def __init__(self, command_id: str) -> None:
        super().__init__(
            f"Nothing is known of the command {command_id} any more: the data store may have lost it. Look at the card "
            "of the exchange for what is so now, then send it again if it is still wanted."
        )


class Sent(NamedTuple):
    """One command that was sent."""

    target: str
    id: str


def run(settings: Settings, what: str, *arguments: Any) -> int:
    """`hosts`, or `send` a command. Errors as those."""
    return listed(settings, *arguments) if what == "hosts" else send(settings, *arguments)


def listed(settings: Settings, as_json: bool) -> int:
    """The processes that take commands, and the standbys that take none. Errors as `readiness.store`."""
    with readiness.store(settings, "perseus-control") as client:
        reports = hosts.read(client)
    if as_json:
        click.echo(json.dumps([one.model_dump(by_alias=True) for one in reports]))
        return 0
    if not reports:
        click.echo("No process takes commands. Start one where an exchange can be reached: perseus ingest --idle")
        return 0
    rows = [
        HEAD,
        *(
            (one.target, one.hostname, *map(_cell, (one.ip, one.role, one.exchange_name, _doing(one))))
            for one in reports
        ),
    ]
    widths = [max(cells(row[place]) for row in rows) for place in range(len(HEAD))]
    for row in rows:
        click.echo(
            "  ".join(f"{text}{' ' * (width - cells(text))}" for text, width in zip(row, widths, strict=True)).rstrip()
        )
    return 0


def send(settings: Settings, kind: Kind, name: str, on: str | None, arguments: Mapping[str, Any]) -> int:
    """Exit code by what came of it. Raises NoKey, SettingError, UnknownExchange, NoTarget, Lost; as `readiness`."""
    secret = key.required(settings)
    if settings.admin_email is None:
        raise SettingError(
            "PERSEUS_ADMIN_EMAIL", "is not set", "A command is signed with who gives it: set your address."
        )
    exchange = _exchange(settings, name)
    who = Command(
        "-", kind, settings.admin_email, settings.admin_name or "", exchange_id=exchange.id, exchange_name=exchange.name
    )
    with readiness.store(settings, "perseus-control") as client:
        command = _addressed(client, replace(who, arguments=arguments), exchange, on)
        channel.send(client, secret, command)
        audited.began(AuditLog(client), command, by=f"perseus control on {socket.gethostname()}")
        click.echo(f"{kind.value.replace('_', ' ')} of {exchange.name} sent to {command.target}")
        try:
            told = _followed(client, Sent(command.target, command.id), time.sleep)
        except KeyboardInterrupt:
            click.echo(f"The command goes on. To end it: perseus control stop {exchange.name}", err=True)
            return EXIT_FAILED
    click.echo(f"{told.status}: {told.text or ''}", err=told.status is not Status.DONE)
    return CODES.get(told.status, EXIT_FAILED)


def _addressed(client: Client, command: Command, exchange: Exchange, on: str | None) -> Command:
    """The command with the process that is meant, and its run where it serves one."""
    known = hosts.read(client)
    _refuse_deaf(known, command.kind, exchange, on)
    if command.kind is Kind.STOP and on is not None:
        return _stopped_on(known, command, exchange, on)
    if command.kind in OF_HOLDER:
        found = [one for one in known if one.exchange_name == exchange.name and one.role in AT_IT]
        found.sort(key=lambda one: AT_IT.index(one.role))
        if not found:
            raise NoTarget(_why_none(client, exchange), known)
        return replace(command, target=found[0].target, instance_id=found[0].instance_id)
    chosen = _chosen(known, exchange, command.kind, on)
    if command.kind is Kind.TAKEOVER:
        command = replace(command, arguments={**command.arguments, "from": _holder(client, exchange, known)})
    return replace(command, target=chosen.target)


def _refuse_deaf(known: Sequence[Report], kind: Kind, exchange: Exchange, on: str | None) -> None:
    """The name of a host is that of whoever takes commands there, if anybody does."""
    named = [one for one in known if on in (one.target, one.hostname)]
    meant = [one for one in named if on == one.target or one.exchange_name == exchange.name]
    if meant and not any(one.takes_commands for one in (meant if kind is Kind.STOP else named)):
        raise TakesNone(meant[0])


def _stopped_on(known: Sequence[Report], command: Command, exchange: Exchange, on: str) -> Command:
    """A stop of that process, whatever it is at with the exchange; of a standby only as long as it stands by."""
    asked = [one for one in known if one.takes_commands]
    found = [one for one in asked if on in (one.target, one.hostname) and one.exchange_name == exchange.name]
    if len(found) != 1:
        problem = "neither serves nor stands by for" if not found else "is not one process that is at"
        raise NoTarget(f"{on} {problem} {exchange.name}.", known)
    (one,) = found
    arguments = {**command.arguments, "standby": True} if one.role == reserves.STANDBY else command.arguments
    return replace(command, target=one.target, instance_id=one.instance_id, arguments=arguments)


def _chosen(known: Sequence[Report], exchange: Exchange, kind: Kind, on: str | None) -> Report:
    known = [one for one in known if one.takes_commands]
    if on is not None:
        named = [one for one in known if on in (one.target, one.hostname)]
        if len(named) != 1:
            raise NoTarget(f"{on} is {'not one' if named else 'no'} process that takes commands.", known)
        return named[0]
    free = [one for one in known if one.role in FREE and one.exchange_name in (None, exchange.name)]
    free = free or (known if kind is Kind.CHECK else [])
    if kind is Kind.CHECK and free:
        return free[0]
    if len(free) != 1:
        problem = "Several processes could do it: name one by --on." if free else "No idle host waits for a command."
        raise NoTarget(problem, known)
    return free[0]


def _holder(client: Client, exchange: Exchange, known: Sequence[Report]) -> str:
    """The run that shall hand over."""
    with answers(client):
        status = parse(str(client.get(keys.status(exchange.id)) or ""))
    if status is None:
        raise NoTarget(f"Nobody holds {exchange.name}: `perseus control start {exchange.name}` starts it.", known)
    return status.instance_id


def _why_none(client: Client, exchange: Exchange) -> str:
    with answers(client):
        status = parse(str(client.get(keys.status(exchange.id)) or ""))
    if status is None:
        return f"Nobody serves {exchange.name}."
    return (
        f"{exchange.name} is held by {status.instance_id}, which takes no commands: its host has no key, or is older."
    )


def _exchange(settings: Settings, name: str) -> Exchange:
    known = {exchange.name: exchange for exchange in db.exchanges(readiness.database(settings))}
    if name.lower() not in known:
        raise UnknownExchange(name, tuple(known))
    return known[name.lower()]


def _followed(client: Client, sent: Sent, pause: Callable[[float], object]) -> Outcome:
    """Print each step until the outcome. A store that is away meanwhile ends it: errors as `channel.outcome`."""
    said, gives_up = "", time.monotonic() + LOST_SECONDS
    while True:
        told = channel.outcome(client, *sent)
        if told is not None and told.is_final:
            return told
        if told is None and time.monotonic() > gives_up:
            raise Lost(sent.id)
        step = _step(told)
        if step and step != said:
            said = step
            click.echo(f"  {step}")
        pause(LOOK_SECONDS)


def _step(told: Outcome | None) -> str:
    if told is None:
        return ""
    percent = f" ({told.percent} %)" if told.percent is not None else ""
    return f"{told.step or told.status}{percent}"


def _doing(one: Report) -> str | None:
    return one.doing if one.takes_commands else f"{one.doing or one.role}; takes no commands"


def _cell(text: str | None) -> str:
    return text or "-"
