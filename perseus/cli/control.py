"""`perseus control`: commands to ingest processes, from a terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from perseus.cli.running import run
from perseus.control.command import Kind

ON = click.option("--on", metavar="TARGET", help="The process that shall do it, as `perseus control hosts` names it.")


@click.group()
def control() -> None:
    """Tell ingest processes what to do.

    PERSEUS_ADMIN_EMAIL says who asks, and PERSEUS_CONTROL_KEY or control.key of the home signs it. Progress is printed
    until the outcome. Exit codes: 0 done, 1 failed, cancelled, nobody took it or its outcome was not heard, 2 no such
    command or option, 69 refused or its process cannot be asked, 78 no such exchange or process, no key or bad setting.
    """


@control.command("hosts")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def hosts(as_json: bool) -> None:
    """List the processes that take commands, and the standbys that take none. One with another key is marked."""
    run("control", "hosts", as_json)


def _of_exchange(name: str) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a function the command of that name, whose first argument is EXCHANGE."""
    return lambda act: control.command(name)(click.argument("exchange")(act))


@_of_exchange("start")
@ON
@click.option("--simulator", metavar="URL", help="Take in what `perseus simulate` serves at this URL.")
def start(exchange: str, on: str | None, simulator: str | None) -> None:
    """Have an idle host serve EXCHANGE."""
    _send(Kind.START, exchange, on, simulator=simulator)


@_of_exchange("stop")
@click.option("--on", metavar="TARGET", help="The process that is meant, also one that stands by for EXCHANGE.")
def stop(exchange: str, on: str | None) -> None:
    """Stop EXCHANGE in order, at whatever stage it is; with --on a standby of it."""
    _send(Kind.STOP, exchange, on)


@_of_exchange("pause")
def pause(exchange: str) -> None:
    """Close the feed of EXCHANGE and keep its lease."""
    _send(Kind.PAUSE, exchange)


@_of_exchange("resume")
def resume(exchange: str) -> None:
    """Let a paused EXCHANGE go on."""
    _send(Kind.RESUME, exchange)


@_of_exchange("reload")
def reload(exchange: str) -> None:
    """Have EXCHANGE take in the symbols that are wanted now."""
    _send(Kind.RELOAD, exchange)


@_of_exchange("warm-up")
@click.option("--full", is_flag=True, help="Doubt what is kept, and fetch it again.")
def warm_up(exchange: str, full: bool) -> None:
    """Fetch the past of EXCHANGE that is missing."""
    _send(Kind.WARM_UP, exchange, full=full)


@_of_exchange("cancel-warm-up")
def cancel_warm_up(exchange: str) -> None:
    """Fetch no more of the past of EXCHANGE."""
    _send(Kind.CANCEL_WARM_UP, exchange)


@_of_exchange("takeover")
@ON
def takeover(exchange: str, on: str | None) -> None:
    """Move EXCHANGE from its holder to another process."""
    _send(Kind.TAKEOVER, exchange, on)


@_of_exchange("check")
@ON
@click.option("--environment", "names", multiple=True, metavar="NAME", help="Is this variable there? May be repeated.")
def check(exchange: str, on: str | None, names: tuple[str, ...]) -> None:
    """Ask whether EXCHANGE answers a host."""
    _send(Kind.CHECK, exchange, on, environment=list(names))


def _send(kind: Kind, exchange: str, on: str | None = None, **arguments: object) -> None:
    run("control", "send", kind, exchange, on, {name: value for name, value in arguments.items() if value is not None})
