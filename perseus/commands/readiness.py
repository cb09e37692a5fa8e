"""What a command needs before it begins: a store that answers, a database that fits, a port that is free."""

from __future__ import annotations

import errno
import logging
import socket
from pathlib import Path

from perseus import db
from perseus.errors import SettingError
from perseus.local import runfile
from perseus.settings import Settings
from perseus.store import Client, connect, wait_until_up

WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}

log = logging.getLogger(__name__)


def store(settings: Settings, name: str) -> Client:
    """A client of the store, which answers. Waits for it as long as PERSEUS_STORE_WAIT_SECONDS says, and says so.

    Raises SettingError when none is named, StoreRefused at once, StoreUnavailable after the wait.
    """
    client = connect(runfile.store_url(settings), timeout=settings.store_timeout_seconds, name=name)
    wait_until_up(client, settings.store_wait_seconds, log.warning)
    return client


def database(settings: Settings) -> str:
    """URL of the database, which fits. Errors as `perseus.db.check`."""
    url = runfile.database_url(settings)
    db.check(url)
    return url


def home(path: Path) -> None:
    """Make the home where it is missing. Raises SettingError that names it, and not the database in it."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        said = f"{path} cannot be made ({error.strerror})"
        raise SettingError("PERSEUS_HOME", said, "Name a folder that this user may write to.") from None


def free_port(host: str, port: int) -> None:
    """Raise SettingError when the pages cannot be served there."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise SettingError("PERSEUS_HOST", f"{host} is no address ({error.strerror})", "Try 127.0.0.1.") from None
    with socket.socket(family, kind, protocol) as probe:
        # As gunicorn does: connections of a server that has just ended do not keep the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(place)
        except OSError as error:
            raise _unusable(host, port, error) from None


def bound(host: str, port: int) -> str:
    """Host and port as addresses write them."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def reached(host: str, port: int) -> str:
    """The address under which this machine itself reaches pages that are served there."""
    return f"http://{bound(WILDCARDS.get(host, host), port)}"


def _unusable(host: str, port: int, error: OSError) -> SettingError:
    if error.errno == errno.EADDRNOTAVAIL:
        return SettingError("PERSEUS_HOST", f"{host} is no address of this machine", "Try 127.0.0.1 or 0.0.0.0.")
    taken = error.errno == errno.EADDRINUSE
    problem = "is in use by another program" if taken else f"cannot be used ({error.strerror})"
    mend = f"End that program, or choose another port, for example PERSEUS_PORT={port + 1}."
    return SettingError("PERSEUS_PORT", f"port {port} on {host} {problem}", mend)
