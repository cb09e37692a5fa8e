"""`perseus init`: once for a new site. Safe to repeat; says what it did."""

from __future__ import annotations

import time
from collections.abc import Callable

import click

from perseus import db, keys
from perseus.commands import readiness
from perseus.db import access
from perseus.local import runfile
from perseus.local.runfile import Run
from perseus.sealing import Sealer
from perseus.settings import Settings
from perseus.store import answers, where

NEXT = "Next: perseus web, perseus dispatch, and perseus ingest NAME for each of: {names}."
SIGN_IN = (
    "Nobody can sign in with a password yet: perseus web prints a link to sign in, and so does perseus sign-in-link."
)
NO_STORE = """\
Data store: none is named, so none was marked. `perseus up` brings and marks its own. For another: set
PERSEUS_REDIS_URL and run `perseus init` again."""


EMPTIED = """\
Data store {where}: it has no mark although this site is not new, so it may have lost its data, and a process that held
a lease may not have noticed. Waiting {seconds:g} s, until it must have. Ctrl-C leaves the store without the mark."""


def run(settings: Settings, pause: Callable[[float], object] = time.sleep) -> int:
    """Make the database, the key of secrets, then the store ready.

    Errors as `perseus.db.initialise`, `Sealer.ready` and `readiness.store`.

    The mark ends the hold-off of claims. A store without it, beside a database that had its exchanges already, may
    have been emptied: then it is set one TTL later.
    """
    url = runfile.database_url(settings)
    added = db.initialise(url)
    names = ", ".join(exchange.name for exchange in db.exchanges(url))
    click.echo(f"Database {db.where(url)}: ready, {added} exchanges added. Active: {names or 'none'}.")
    sealer = Sealer.of(settings)
    sealer.ready()
    click.echo(f"Secrets: sealed with the key of {sealer.where}. Keep a copy of it, apart from the database.")
    living = Run.living(settings.home)
    if settings.redis_url is None and living is None:
        click.echo(NO_STORE)
        return 0
    kept = settings.redis_url is not None or living is None or living.store_kept
    click.echo(_mark(settings, "kept" if kept else "not kept", pause if added == 0 else None))
    if not access.is_set_up(url):
        click.echo(SIGN_IN)
    click.echo(NEXT.format(names=names or "an exchange that you switch on"))
    return 0


def _mark(settings: Settings, mark: str, pause: Callable[[float], object] | None) -> str:
    client = readiness.store(settings, "perseus-init")
    place = where(client)
    with answers(client):
        is_marked = bool(client.exists(keys.INITIALISED))
    if not is_marked and pause is not None:
        click.echo(EMPTIED.format(where=place, seconds=settings.ttl_seconds))
        pause(settings.ttl_seconds)
    with answers(client):
        is_new = client.set(keys.INITIALISED, mark, nx=True)
    return f"Data store {place}: {'marked as new' if is_new else 'was marked before, nothing changed'}."
