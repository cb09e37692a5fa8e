"""`perseus dispatch`: the watcher alone, in the foreground."""

from __future__ import annotations

import functools
import logging
import signal

from perseus import db
from perseus.clock import SystemClock
from perseus.commands import readiness
from perseus.db.known import KnownExchanges
from perseus.network.watcher import Watcher
from perseus.settings import Settings

END_SIGNALS = (signal.SIGTERM, signal.SIGINT)

log = logging.getLogger(__name__)


def run(settings: Settings) -> int:
    """Watch until SIGTERM or SIGINT. Errors as `readiness.store` and `readiness.database`."""
    known = KnownExchanges(functools.partial(db.exchanges, readiness.database(settings)), SystemClock())
    client = readiness.store(settings, "perseus-dispatch")
    watcher = Watcher(client, known, settings, SystemClock())
    _until_told(watcher)
    client.close()
    return 0


def _until_told(watcher: Watcher) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, END_SIGNALS)
    watcher.start()
    log.info("watching")
    signal.sigwait(END_SIGNALS)
    watcher.stop()
