"""`perseus maintenance`: announce that an exchange is going to be offline on purpose, or that this is over."""

from __future__ import annotations

import getpass
import socket

import click

from perseus import db
from perseus.commands import readiness
from perseus.errors import UnknownExchange
from perseus.network.exchange import Exchange
from perseus.network.maintenance import MINUTES_MAX, Upkeep
from perseus.notify.texts.spans import moment, seconds
from perseus.settings import Settings


def run(settings: Settings, name: str, minutes: float | None, reason: str | None, end: bool) -> int:
    """0 when it was announced or ended. Raises UsageError for a wrong call, UnknownExchange; errors as `readiness`."""
    _check(minutes, reason, end)
    exchange = _exchange(settings, name)
    with readiness.store(settings, "perseus-maintenance") as client:
        upkeep = Upkeep(client, exchange, lambda: settings.admin_email or _user())
        if minutes is None or reason is None:
            was_on = upkeep.end()
            click.echo(f"{exchange.name}: maintenance {'has ended' if was_on else 'was not on, nothing changed'}.")
            return 0
        announced = upkeep.announce(minutes, reason)
    lasting = f"{seconds(minutes * 60)}, until {moment(announced.until_ms)}"
    click.echo(f"{exchange.name}: maintenance for {lasting}. To end it: perseus maintenance {exchange.name} --end")
    return 0


def _check(minutes: float | None, reason: str | None, end: bool) -> None:
    if end and (minutes is not None or reason is not None):
        raise click.UsageError("With --end give the exchange alone.")
    if end:
        return
    if minutes is None or not (reason or "").strip():
        raise click.UsageError("Give the minutes and a reason, or --end.")
    if not 0 < minutes <= MINUTES_MAX:
        raise click.UsageError(f"Give more than 0 and at most {MINUTES_MAX} minutes, which is a week.")


def _exchange(settings: Settings, name: str) -> Exchange:
    known = {exchange.name: exchange for exchange in db.exchanges(readiness.database(settings))}
    if name.lower() not in known:
        raise UnknownExchange(name, tuple(known))
    return known[name.lower()]


def _user() -> str:
    try:
        return f"{getpass.getuser()} on {socket.gethostname()}"
    except (KeyError, OSError):
        return socket.gethostname()
