"""Writes into the audit log what a command does to accounts."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import click

from perseus.access.audit import AuditLog
from perseus.access.auditentry import DONE, INVALID
from perseus.errors import PerseusError
from perseus.local import runfile
from perseus.settings import Settings
from perseus.store import answers, connect


def who(command: str) -> str:
    """Who did it, for a command that asks nobody who they are."""
    return f"perseus {command} on {socket.gethostname()}"[:200]


@contextmanager
def recorded(settings: Settings, command: str, what: str, target: str, **detail: str) -> Iterator[None]:
    """Record what is done inside, or refused there.

    Nothing waits for the store: whoever can write the database needs no leave of the log. That it is missing is said.
    """
    try:
        yield
    except PerseusError:
        _record(settings, command, what, target, INVALID, detail)
        raise
    _record(settings, command, what, target, DONE, detail)


def _record(settings: Settings, command: str, what: str, target: str, result: str, detail: dict[str, str]) -> None:
    try:
        url = runfile.store_url(settings)
        with connect(url, timeout=settings.store_timeout_seconds, name=f"perseus-{command}") as client:
            with answers(client):
                client.ping()
            AuditLog(client).write(who(command), what, target, result, detail)
    except PerseusError as error:
        click.echo(f"perseus: this is not in the audit log ({what}, {target}): {error}", err=True)
