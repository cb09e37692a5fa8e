"""`perseus control`: finds the process that is meant, sends it a signed command, and shows what comes of it."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import click

from perseus import db
from perseus.access.audit import AuditLog
from perseus.commands import addressing, following, readiness
from perseus.commands.following import Sent
from perseus.commands.statustable import cells
from perseus.control import audited, channel, hosts, key, unasked
from perseus.control.command import Command, Kind
from perseus.control.hosts import Report
from perseus.control.key import KeyUnusable
from perseus.control.outcomes import Status
from perseus.errors import (
    EXIT_FAILED,
    EXIT_HELD,
    ExchangeOff,
    SettingError,
    StoreRefusesWrites,
    StoreUnavailable,
    UnknownExchange,
)
from perseus.network.exchange import Exchange
from perseus.settings import Settings
from perseus.store import Client

UNSURE = "The data store did not answer: whether {} reached {} is not known; its outcome is waited for ({})"
CODES = {Status.DONE: 0, Status.REFUSED: EXIT_HELD}
HEAD = ("TARGET", "HOST", "IP", "ROLE", "EXCHANGE", "DOING")


def run(settings: Settings, what: str, *arguments: Any) -> int:
    """`hosts`, or `send` a command. Errors as those."""
    return listed(settings, *arguments) if what == "hosts" else send(settings, *arguments)


def listed(settings: Settings, as_json: bool) -> int:
    """The processes that take commands, and the standbys that take none. Raises Unread; as `readiness.store`."""
    with readiness.store(settings, "perseus-control") as client:
        reports = addressing.reports(client)
    if as_json:
        click.echo(json.dumps([one.model_dump(by_alias=True) for one in reports]))
        return 0
    if not reports:
        click.echo("No process takes commands. Start one where an exchange can be reached: perseus ingest --idle")
        return 0
    ours = _ours(settings)
    rows = [
        HEAD,
        *(
            (one.target, one.hostname, *map(_cell, (one.ip, one.role, one.exchange_name, _doing(one, ours))))
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
    """Exit code by what came of it.

    Raises NoKey, SettingError, UnknownExchange, ExchangeOff, and before anything is sent NoTarget, TakesNone, Deaf,
    AnotherKey, Silent, Unread; afterwards Lost, Unheard; as `readiness`.
    """
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
        command = addressing.addressed(client, replace(who, arguments=arguments), exchange, on, key.fingerprint(secret))
        said = f"{kind.value.replace('_', ' ')} of {exchange.name}"
        is_sent = _sent(client, secret, command)
        click.echo(f"{said} sent to {command.target}" if is_sent else UNSURE.format(said, command.target, command.id))
        audit = AuditLog(client)
        audited.began(audit, command, by=f"perseus control on {socket.gethostname()}")
        try:
            told = following.followed(client, Sent(command.target, command.id, is_sent), time.sleep)
        except KeyboardInterrupt:
            click.echo(f"The command goes on. To end it: perseus control stop {exchange.name}", err=True)
            return EXIT_FAILED
        finally:
            audit.flush()
    click.echo(f"{told.status}: {told.text or ''}", err=told.status is not Status.DONE)
    return CODES.get(told.status, EXIT_FAILED)


def _sent(client: Client, secret: bytes, command: Command) -> bool:
    """False where the data store was silent over it: it may have it. Errors as `channel.send` otherwise."""
    try:
        channel.send(client, secret, command)
    except StoreRefusesWrites:
        raise
    except StoreUnavailable:
        return False
    return True


def _exchange(settings: Settings, name: str) -> Exchange:
    database = readiness.database(settings)
    known = {exchange.name: exchange for exchange in db.exchanges(database)}
    found = known.get(name.lower())
    if found is None:
        is_off = name.lower() in db.switched_off(database)
        raise ExchangeOff(name.lower()) if is_off else UnknownExchange(name, tuple(known))
    return found


def _doing(one: Report, ours: str | None) -> str | None:
    if not one.takes_commands:
        return f"{one.doing or one.role}; takes no commands"
    return f"{one.doing or one.role}; {unasked.OTHER_KEY}" if ours and hosts.has_another_key(one, ours) else one.doing


def _ours(settings: Settings) -> str | None:
    """The fingerprint of the key here; None without one that can be used."""
    with suppress(KeyUnusable):
        found = key.of(settings)
        return key.fingerprint(found) if found is not None else None
    return None


def _cell(text: str | None) -> str:
    return text or "-"
