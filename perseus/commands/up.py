"""`perseus up`: everything on this machine, for a newcomer or a small site."""

from __future__ import annotations

import functools
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import click

from perseus import db, keys
from perseus.clock import SystemClock
from perseus.commands import readiness, signinlink
from perseus.commands.invocation import command_line
from perseus.control import key
from perseus.exchanges.registry import DIALECTS
from perseus.local import embedded, homelock, orphans, runfile, simulated
from perseus.local.child import Task
from perseus.local.embedded import EmbeddedStore
from perseus.local.pids import ProcessMark
from perseus.local.runfile import Run
from perseus.local.supervisor import LOOK_SECONDS, Supervisor
from perseus.sealing import Sealer
from perseus.settings import Settings
from perseus.store import answers, where_url

DEMO = ("coinbase", "binance", "binance_us")
STORE_SECONDS = 0.6
SIMULATOR_SECONDS = 20.0
UNMARKED = """\
The data store has no mark of `perseus init`: it may have lost its data, so claims wait until no old holder can be left.
If it is new, run: {init}"""


def run(settings: Settings) -> int:
    """Run everything until Ctrl-C or SIGTERM. What was started is ended, whatever happens.

    Errors as `homelock.held`, `readiness`, `perseus.db.initialise`, `Sealer.ready` and `embedded.of`.
    """
    home = _home(settings)
    _on_signals(signal.default_int_handler)
    with suppress(KeyboardInterrupt), homelock.held(home, os.getpid()), ExitStack() as stack:
        _clear(home, settings)
        database = runfile.database_url(settings)
        db.initialise(database)
        Sealer.of(settings).ready()
        key.make(settings)
        environ = {**os.environ, "PERSEUS_HOME": str(home), **orphans.badge(home, _me())}
        own = stack.enter_context(_embedded(home, environ)) if settings.redis_url is None else None
        typed = functools.partial(command_line, sys.argv[0], home)
        about = _about(settings, own, database)
        _say(_banner(home, own, database, about))
        if own is None:
            _require_store(settings, typed(["init"]))
        supervisor = Supervisor(home, about, own, environ, typed, _say)
        stack.callback(supervisor.stop)
        stack.callback(_on_signals, signal.SIG_IGN)
        told = _told()
        link = signinlink.first(settings, database)
        ingests = _ingests(database)
        db.disconnect(database)  # from here on the children ask
        supervisor.start(_tasks(about, simulated.since(home, SystemClock().wall_ms())))
        _await(supervisor, f"{about.simulator}/control/clock", told)
        supervisor.start(ingests)
        _keep_running(supervisor, about.web, link, told)
        _say("Stopping ...")
    _say("Stopped.")
    return 0


def _home(settings: Settings) -> Path:
    home = settings.home.resolve()
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        (home / "logs").mkdir(exist_ok=True)
    except OSError as error:
        raise homelock.unusable(home, error) from None
    return home


def _on_signals(handler: Callable[[int, Any], None] | signal.Handlers) -> None:
    """`nohup` has SIGHUP ignored, and it stays so."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handler)


def _clear(home: Path, settings: Settings) -> None:
    ended = orphans.end(home)
    if ended:
        _say(f"Ended {ended} processes that a killed `perseus up` had left in {home}.")
    readiness.free_port(settings.host, settings.port)


@contextmanager
def _embedded(home: Path, environ: Mapping[str, str]) -> Iterator[EmbeddedStore]:
    store = embedded.of(home, environ)
    try:
        yield store.open()
    finally:
        store.stop(STORE_SECONDS)


def _me() -> ProcessMark:
    me = ProcessMark.of(os.getpid())
    assert me is not None
    return me


def _about(settings: Settings, own: EmbeddedStore | None, database: str) -> Run:
    url = own.url if own is not None else runfile.store_url(settings)
    return Run(
        up=_me(),
        web=readiness.reached(settings.host, settings.port),
        store_url=url,
        store_kept=own is None or own.kept,
        store_process=None,
        database_url=database,
        simulator=f"http://127.0.0.1:{_free_port()}",
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _banner(home: Path, own: EmbeddedStore | None, database: str, about: Run) -> str:
    return "\n".join(
        (
            f"Perseus Network starts, with its state in {home}",
            f"  data store  {own.described if own is not None else where_url(about.store_url)}",
            f"  database    {db.where(database)}",
            f"  logs        {home / 'logs'}",
        )
    )


def _require_store(settings: Settings, init: str) -> None:
    client = readiness.store(settings, "perseus-up")
    with answers(client):
        is_marked = client.exists(keys.INITIALISED)
    client.close()
    if not is_marked:
        _say(UNMARKED.format(init=init))


def _tasks(about: Run, since: str) -> list[Task]:
    """What needs no exchange. The simulator that is started again has the same past: its time and seed stay."""
    port = str(urlsplit(about.simulator or "").port)
    simulate = ("simulate", "--port", port, "--since", since)
    return [Task("web", ("web",)), Task("dispatch", ("dispatch",)), Task("simulate", simulate)]


def _ingests(database: str) -> list[Task]:
    active = [exchange.name for exchange in db.exchanges(database)]
    return [Task(f"ingest {name}", ("ingest", name, "--idle", *_source(name)), name) for name in DEMO if name in active]


def _source(name: str) -> tuple[str, ...]:
    """What is not simulated is made up."""
    return () if name in DIALECTS else ("--made-up",)


def _told() -> list[int]:
    """Signals as they come. From here on nothing may be interrupted: a child just started would belong to nobody."""
    told: list[int] = []
    _on_signals(lambda number, _: told.append(number))
    return told


def _await(supervisor: Supervisor, address: str, told: list[int]) -> None:
    """Until it answers: an ingest process that finds no exchange at its start ends. Not for ever: it would say why."""
    gives_up = time.monotonic() + SIMULATOR_SECONDS
    while not told and not _answers(address) and time.monotonic() < gives_up:
        supervisor.look()
        time.sleep(LOOK_SECONDS)


def _keep_running(supervisor: Supervisor, web: str, link: str | None, told: list[int]) -> None:
    is_open = False
    while not told:
        supervisor.look()
        if not is_open and _answers(f"{web}/health"):
            is_open = True
            _say(f"\nOpen {web}/network    Ctrl-C stops everything.\n" + (f"{link}\n" if link else ""))
        time.sleep(LOOK_SECONDS)


def _answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=0.5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _say(text: str) -> None:
    """A terminal that has gone away must not end the processes."""
    with suppress(OSError):
        click.echo(text)
