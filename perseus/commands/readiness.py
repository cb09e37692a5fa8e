"""What a command needs before it begins: a store that answers, a database that fits, a port that is free."""

from __future__ import annotations

import errno
import logging
import socket

from perseus import db
from perseus.errors import SettingError
from perseus.local import runfile
from perseus.settings import Settings
from perseus.store import Client, connect, wait_until_up

HOST = "127.0.0.1"

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


def free_port(port: int) -> None:
    """Raise SettingError when the pages cannot be served on this port."""
    with socket.socket() as probe:
        # As gunicorn does: connections of a server that has just ended do not keep the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            problem = "is in use by another program" if taken else f"cannot be used ({error.strerror})"
            mend = f"End that program, or choose another port, for example PERSEUS_PORT={port + 1}."
            raise SettingError("PERSEUS_PORT", f"port {port} on {HOST} {problem}", mend) from None
