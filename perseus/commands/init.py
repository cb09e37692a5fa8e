"""`perseus init`: once for a new site. Safe to repeat; says what it did."""

from __future__ import annotations

import click

from perseus import db, keys
from perseus.commands import readiness
from perseus.local import runfile
from perseus.local.runfile import Run
from perseus.settings import Settings
from perseus.store import answers, where

NEXT = "Next: perseus web, perseus dispatch, and perseus ingest NAME for each of: {names}."
NO_STORE = """\
Data store: none is named, so none was marked. `perseus up` brings and marks its own. For another: set
PERSEUS_REDIS_URL and run `perseus init` again."""


def run(settings: Settings) -> int:
    """Make the database ready, then the store. Errors as `perseus.db.initialise` and `readiness.store`."""
    url = runfile.database_url(settings)
    added = db.initialise(url)
    names = ", ".join(exchange.name for exchange in db.exchanges(url))
    click.echo(f"Database {db.where(url)}: ready, {added} exchanges added. Active: {names or 'none'}.")
    living = Run.living(settings.home)
    if settings.redis_url is None and living is None:
        click.echo(NO_STORE)
        return 0
    click.echo(_mark(settings, kept=settings.redis_url is not None or living is None or living.store_kept))
    click.echo(NEXT.format(names=names or "an exchange that you switch on"))
    return 0


def _mark(settings: Settings, *, kept: bool) -> str:
    client = readiness.store(settings, "perseus-init")
    with answers(client):
        is_new = client.set(keys.INITIALISED, "kept" if kept else "not kept", nx=True)
    done = "marked as new" if is_new else "was marked before, nothing changed"
    return f"Data store {where(client)}: {done}."
