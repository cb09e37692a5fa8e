"""Which process a command from a terminal is for, and why there is none that could do it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from perseus import keys
from perseus.control import hosts, key, reserves, unasked
from perseus.control.command import Command, Kind
from perseus.control.hosts import Report
from perseus.errors import EXIT_CONFIG, EXIT_HELD, PerseusError
from perseus.network.exchange import Exchange
from perseus.network.payload import InstanceStatus, parse
from perseus.store import Client, answers
from perseus.store.batch import Batch

#: What is told to a process that serves the exchange; the others go to one that does not.
OF_HOLDER = (Kind.STOP, Kind.PAUSE, Kind.RESUME, Kind.RELOAD, Kind.WARM_UP, Kind.CANCEL_WARM_UP, Kind.SET_SYMBOLS)
FREE = ("idle", "standby")
AT_IT = ("serving", "waiting")


class NoTarget(PerseusError):
    """Raised when no process, or no one process, is meant. `known`: those that say what they are.

    `ours`: the fingerprint of the key here; those that have another are marked.
    """

    exit_code = EXIT_CONFIG

    def __init__(self, problem: str, known: Sequence[Report], ours: str) -> None:
        there = "; ".join(_named(one, ours) for one in known if one.takes_commands)
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


class Deaf(PerseusError):
    """Raised when the process that holds the exchange takes no commands."""

    exit_code = EXIT_HELD

    def __init__(self, exchange: Exchange, instance_id: str) -> None:
        super().__init__(
            f"{exchange.name} is held by {instance_id}, which takes no commands: its host has no key, or is older. "
            f"Stop it on its host, or give it the key. {key.WHAT_TO_DO}"
        )


class AnotherKey(PerseusError):
    """Raised when the process that is meant has another key than this terminal. Nothing was sent."""

    exit_code = EXIT_HELD

    def __init__(self, one: Report) -> None:
        super().__init__(
            f"{reserves.named(one)} {unasked.OTHER_KEY} than here: it would refuse what is signed here. Nothing was "
            f"sent. {key.WHAT_TO_DO}"
        )
        self.target = one.target


class Silent(PerseusError):
    """Raised when the process that holds the exchange does not say now that it takes commands."""

    exit_code = EXIT_HELD

    def __init__(self, exchange: Exchange, instance_id: str) -> None:
        super().__init__(f"{exchange.name} is held by {instance_id}. {unasked.SILENT}")


class Unread(PerseusError):
    """Raised when it cannot be read which processes there are."""

    exit_code = EXIT_HELD

    def __init__(self) -> None:
        super().__init__(unasked.UNREAD)


def reports(client: Client) -> list[Report]:
    """The processes that say what they are. Raises Unread, StoreUnavailable, StoreRefused."""
    batch = Batch(client)
    hosts.add(batch)
    (answer,) = batch.run()
    if isinstance(answer, Exception):
        raise Unread
    return hosts.told(batch, answer)


def addressed(client: Client, command: Command, exchange: Exchange, on: str | None, ours: str) -> Command:
    """The command with the process that is meant. `ours`: the fingerprint of the key that signs it.

    Raises NoTarget, TakesNone, Deaf, AnotherKey, Silent; as `reports`.
    """
    known = reports(client)
    _refuse_deaf(known, command.kind, exchange, on)
    addressed = _meant(client, known, command, exchange, on, ours)
    for one in known:
        if one.target == addressed.target and hosts.has_another_key(one, ours):
            raise AnotherKey(one)
    return addressed


def _meant(
    client: Client, known: Sequence[Report], command: Command, exchange: Exchange, on: str | None, ours: str
) -> Command:
    """The same with its run, where it serves one."""
    if command.kind is Kind.STOP and on is not None:
        return _stopped_on(client, known, command, exchange, on, ours)
    if command.kind in OF_HOLDER:
        found = [one for one in known if one.exchange_name == exchange.name and one.role in AT_IT]
        found.sort(key=lambda one: AT_IT.index(one.role))
        if not found:
            raise _unserved(client, exchange, known, ours)
        return replace(command, target=found[0].target, instance_id=found[0].instance_id)
    if on is not None and not any(on in (one.target, one.hostname) for one in known):
        _refuse_unheard(client, exchange, on)
    chosen = _chosen(known, exchange, command.kind, on, ours)
    if command.kind is Kind.TAKEOVER:
        command = replace(command, arguments={**command.arguments, "from": _holder(client, exchange, known, ours)})
    return replace(command, target=chosen.target)


def _refuse_deaf(known: Sequence[Report], kind: Kind, exchange: Exchange, on: str | None) -> None:
    """The name of a host is that of whoever takes commands there, if anybody does."""
    named = [one for one in known if on in (one.target, one.hostname)]
    meant = [one for one in named if on == one.target or one.exchange_name == exchange.name]
    if meant and not any(one.takes_commands for one in (meant if kind is Kind.STOP else named)):
        raise TakesNone(meant[0])


def _refuse_unheard(client: Client, exchange: Exchange, on: str) -> None:
    """Who holds it and does not say what it is cannot be asked, and is no unknown name."""
    held = _status(client, exchange)
    if held is not None and on in (held.fields.get("target"), held.hostname):
        raise _unasked(exchange, held)


def _stopped_on(
    client: Client, known: Sequence[Report], command: Command, exchange: Exchange, on: str, ours: str
) -> Command:
    """A stop of that process, whatever it is at with the exchange; of a standby only as long as it stands by."""
    asked = [one for one in known if one.takes_commands]
    found = [one for one in asked if on in (one.target, one.hostname) and one.exchange_name == exchange.name]
    if not found:
        _refuse_unheard(client, exchange, on)
    if len(found) != 1:
        problem = "neither serves nor stands by for" if not found else "is not one process that is at"
        raise NoTarget(f"{on} {problem} {exchange.name}.", known, ours)
    (one,) = found
    arguments = {**command.arguments, "standby": True} if one.role == reserves.STANDBY else command.arguments
    return replace(command, target=one.target, instance_id=one.instance_id, arguments=arguments)


def _chosen(known: Sequence[Report], exchange: Exchange, kind: Kind, on: str | None, ours: str) -> Report:
    known = [one for one in known if one.takes_commands]
    if on is not None:
        named = [one for one in known if on in (one.target, one.hostname)]
        if len(named) != 1:
            raise NoTarget(f"{on} is {'not one' if named else 'no'} process that takes commands.", known, ours)
        return named[0]
    free = [one for one in known if one.role in FREE and one.exchange_name in (None, exchange.name)]
    free = free or (known if kind is Kind.CHECK else [])
    refusing = [one for one in free if hosts.has_another_key(one, ours)]
    if refusing and len(refusing) == len(free):
        raise AnotherKey(free[0])
    free = [one for one in free if one not in refusing]
    if kind is Kind.CHECK and free:
        return free[0]
    if len(free) != 1:
        problem = "Several processes could do it: name one by --on." if free else "No idle host waits for a command."
        raise NoTarget(problem, known, ours)
    return free[0]


def _holder(client: Client, exchange: Exchange, known: Sequence[Report], ours: str) -> str:
    """The run that shall hand over."""
    status = _status(client, exchange)
    if status is None:
        raise NoTarget(f"Nobody holds {exchange.name}: `perseus control start {exchange.name}` starts it.", known, ours)
    return status.instance_id


def _unserved(client: Client, exchange: Exchange, known: Sequence[Report], ours: str) -> PerseusError:
    """Why nobody can be asked who serves it."""
    status = _status(client, exchange)
    if status is None:
        return NoTarget(f"Nobody serves {exchange.name}.", known, ours)
    return _unasked(exchange, status)


def _unasked(exchange: Exchange, holder: InstanceStatus) -> PerseusError:
    told = Silent if holder.fields.get("target") else Deaf
    return told(exchange, holder.instance_id)


def _status(client: Client, exchange: Exchange) -> InstanceStatus | None:
    """What the instance says that holds it; None where nobody does."""
    with answers(client):
        return parse(str(client.get(keys.status(exchange.id)) or ""))


def _named(one: Report, ours: str) -> str:
    """A process and what it is, for a list in a sentence."""
    serves = f", {one.exchange_name}" if one.exchange_name else ""
    other = f", {unasked.OTHER_KEY}" if hosts.has_another_key(one, ours) else ""
    return f"{one.target} ({one.role}{serves}{other})"
