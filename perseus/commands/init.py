"""`perseus init`: once for a new site. Safe to repeat; says what it did."""

from __future__ import annotations

import time
from collections.abc import Callable

import click

from perseus import db, keys
from perseus.commands import readiness
from perseus.db import access
from perseus.errors import PerseusError
from perseus.local import runfile
from perseus.local.runfile import Run
from perseus.sealing import Sealer
from perseus.settings import Settings
from perseus.store import Client, answers, where

NEXT = "Next: perseus web, perseus dispatch, and perseus ingest NAME for each of: {names}."
SIGN_IN = (
    "Nobody can sign in with a password yet: perseus web prints a link to sign in, and so does perseus sign-in-link."
)
NO_STORE = """\
Data store: none is named, so none was marked. `perseus up` brings and marks its own. For another: set
PERSEUS_REDIS_URL and run `perseus init` again."""
EMPTIED = """\
Data store {where}: it has no mark, and the database has its exchanges already. So the store is new to this site, or it
has lost its data, and a process that held a lease may not have noticed. Waiting {seconds:g} s, until it must have.
Ctrl-C leaves the store without the mark."""
UNFINISHED = "Not finished. Mend what is said next, then run `perseus init` again: it does what is left."

STOPPED = "Not finished. Run `perseus init` again: it does what is left."


def run(settings: Settings, pause: Callable[[float], object] = time.sleep) -> int:
    """Make the database, the key of secrets and the store ready.

    Errors as `perseus.db.initialise`, `Sealer.ready` and `readiness.store`; what was done before one is told.

    A site counts as new until its exchanges are added, so that comes last: who repeats what failed half way does not
    wait. The mark ends the hold-off of claims. A store without it, beside a database that had its exchanges already,
    may have been emptied: then it is set one TTL later.
    """
    done: list[str] = []
    try:
        _make_ready(settings, pause, done)
    except PerseusError:
        done.append(UNFINISHED)
        raise
    except KeyboardInterrupt:
        done.append(STOPPED)
        raise
    finally:
        if done:
            click.echo("\n".join(done))
    return 0


def _make_ready(settings: Settings, pause: Callable[[float], object], done: list[str]) -> None:
    url = runfile.database_url(settings)
    if settings.database_url is None:
        readiness.home(settings.home)
    living = Run.living(settings.home)
    has_store = settings.redis_url is not None or living is not None
    client = readiness.store(settings, "perseus-init") if has_store else None
    is_new = db.prepare(url)
    sealer = Sealer.of(settings)
    sealer.ready()
    done.append(f"Secrets: sealed with the key of {sealer.where}. Keep a copy of it, apart from the database.")
    if client is not None:
        kept = settings.redis_url is not None or living is None or living.store_kept
        done.append(_mark(client, "kept" if kept else "not kept", None if is_new else pause, settings.ttl_seconds))
    added = db.seed(url)
    names = ", ".join(exchange.name for exchange in db.exchanges(url))
    done.append(f"Database {db.where(url)}: ready, {added} exchanges added. Active: {names or 'none'}.")
    if client is None:
        done.append(NO_STORE)
        return
    if not access.is_set_up(url):
        done.append(SIGN_IN)
    done.append(NEXT.format(names=names or "an exchange that you switch on"))


def _mark(client: Client, mark: str, pause: Callable[[float], object] | None, seconds: float) -> str:
    place = where(client)
    with answers(client):
        is_marked = bool(client.exists(keys.INITIALISED))
    if not is_marked and pause is not None:
        click.echo(EMPTIED.format(where=place, seconds=seconds))
        pause(seconds)
    with answers(client):
        is_new = client.set(keys.INITIALISED, mark, nx=True)
    return f"Data store {place}: {'marked as new' if is_new else 'was marked before, nothing changed'}."
