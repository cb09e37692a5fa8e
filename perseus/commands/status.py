"""`perseus status`: who serves which exchange, on a terminal, from the same reading as the Network page."""

from __future__ import annotations

import functools
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import click

from perseus import db
from perseus.clock import SystemClock
from perseus.commands import readiness, statustable
from perseus.db import DatabaseReadOnly, DatabaseUnavailable
from perseus.db.known import KnownExchanges
from perseus.doctor.lacking import Lacking
from perseus.errors import EXIT_FAILED, ExchangeOff, StoreUnavailable, UnknownExchange
from perseus.local import runfile
from perseus.network.exchange import Exchange
from perseus.network.log.stuck import StuckReader
from perseus.network.view import document
from perseus.network.view.directory import Directory, NetworkView
from perseus.settings import Settings
from perseus.store import answers, connect
from perseus.web.card.beats import Limits

EXIT_SILENT = 69  # EX_UNAVAILABLE of sysexits.h: nothing follows for any exchange
WATCH_SECONDS = 2.0
HOME, CLEAR_LINE, CLEAR_BELOW = "\x1b[H", "\x1b[K", "\x1b[J"

Sleep = Callable[[float], None]


def run(settings: Settings, names: Sequence[str], as_json: bool, is_watching: bool, sleep: Sleep = time.sleep) -> int:
    """0, 1 when an exchange has a problem or none is active, 69 when store or database is silent.

    `names`: of exchanges; none: all. Raises UnknownExchange, ExchangeOff, StoreRefused, DatabaseMismatch, SettingError.
    Waits for nothing: silence is an answer here.
    """
    try:
        database_url, read_only = _database(settings)
        known = KnownExchanges(
            functools.partial(db.exchanges, database_url),
            SystemClock(),
            functools.partial(db.all_off, database_url),
        )
        _check(names, known(), database_url)
        url, timeout = runfile.store_url(settings), settings.store_timeout_seconds
        with connect(url, timeout=timeout, name="perseus-status") as client:
            with answers(client):
                client.ping()
            stuck = StuckReader(client, SystemClock())
            directory = Directory(client, known, lacking=Lacking(client, url, timeout))
            screen = _Screen(directory, stuck, known, names, as_json, Limits.of(settings), read_only)
            return screen.show(is_watching, sleep)
    except (StoreUnavailable, DatabaseUnavailable) as error:
        click.echo(f"perseus: {error}", err=True)
        return EXIT_SILENT


def _database(settings: Settings) -> tuple[str, DatabaseReadOnly | None]:
    """Its URL, and that it takes no changes: here it is only read."""
    try:
        return readiness.database(settings), None
    except DatabaseReadOnly as error:
        return runfile.database_url(settings), error


class _Screen:
    """What is shown, once or again and again."""

    def __init__(
        self,
        directory: Directory,
        stuck: StuckReader,
        known: KnownExchanges,
        names: Sequence[str],
        as_json: bool,
        limits: Limits,
        read_only: DatabaseReadOnly | None = None,
    ) -> None:
        self._directory = directory
        self._stuck = stuck
        self._known = known
        self._names = frozenset(names)
        self._as_json = as_json
        self._limits = limits
        self._read_only = read_only

    def show(self, is_watching: bool, sleep: Sleep) -> int:
        """The exit code of what was shown last; Ctrl-C ends watching."""
        view = self._view()
        (self._draw if is_watching else self._print)(view)
        try:
            while is_watching:
                sleep(WATCH_SECONDS)
                view = self._view()
                self._draw(view)
        except KeyboardInterrupt:
            click.echo()
        return _code(view)

    def _view(self) -> NetworkView:
        view = self._directory.view(1)
        wanted = [one for one in view.exchanges if not self._names or one.exchange.name in self._names]
        return replace(view, exchanges=tuple(wanted))

    def _print(self, view: NetworkView) -> None:
        told = json.dumps(self._document(view), indent=2) if self._as_json else "\n".join(self._lines(view))
        click.echo(told, color=_colour())

    def _draw(self, view: NetworkView) -> None:
        if self._as_json:
            # One line a reading. A silent store has no instances to tell of: what was last read is no reading.
            silent = {"now": document.iso(view.now_ms), "problem": view.store.reason}
            click.echo(json.dumps(self._document(view) if view.store.answers else silent))
        elif sys.stdout.isatty():
            rows = self._lines(view)[: os.get_terminal_size().lines - 1]
            click.echo(HOME + "".join(f"{row}{CLEAR_LINE}\n" for row in rows) + CLEAR_BELOW, nl=False, color=_colour())
        else:
            self._print(view)
            click.echo()
        sys.stdout.flush()

    def _lines(self, view: NetworkView) -> list[str]:
        width = os.get_terminal_size().columns if sys.stdout.isatty() else None
        trouble = self._known.trouble or self._read_only
        return list(statustable.lines(view, trouble, width, self._limits, self._stuck.of(view), self._known.off))

    def _document(self, view: NetworkView) -> dict[str, Any]:
        stuck = self._stuck.of(view)
        return document.network(view, lambda status: stuck.get(status.exchange))


def _check(names: Sequence[str], known: Sequence[Exchange], database_url: str) -> None:
    listed = tuple(exchange.name for exchange in known)
    for name in names:
        if name not in listed:
            is_off = name in db.switched_off(database_url)
            raise ExchangeOff(name) if is_off else UnknownExchange(name, listed)


def _code(view: NetworkView) -> int:
    if not view.store.answers:
        return EXIT_SILENT
    return EXIT_FAILED if statustable.has_problem(view) else 0


def _colour() -> bool | None:
    """None: as click finds, which is colours on a terminal. NO_COLOR (no-color.org) wants none."""
    return False if os.environ.get("NO_COLOR") else None
