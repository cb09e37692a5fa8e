"""`perseus web`: gunicorn with threads."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import click
import gunicorn.http.wsgi
import gunicorn.util
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from perseus import db
from perseus.commands import readiness, signinlink
from perseus.commands.refusal import refuse
from perseus.commands.worker import Worker
from perseus.local.runfile import Run
from perseus.sealing import Sealer
from perseus.settings import Settings

GRACE_SECONDS = 2
SHARED_MEMORY = Path("/dev/shm")


class _Log(Logger):  # type: ignore[misc]
    """gunicorn's own lines, in the one form and place of all log lines."""

    def setup(self, cfg: Any) -> None:
        self.error_log.propagate = True
        self.error_log.setLevel(logging.WARNING)

    def access(self, *_: object) -> None:
        """Nothing: there is no access log, and to find that out took gunicorn 7 of 100 parts of a poll."""


class _Pages(BaseApplication):  # type: ignore[misc]
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        for name, value in _options(self._settings).items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        # Loaded in each worker: its threads and connections would not survive the fork.
        from perseus.web import create_app

        return create_app(self._settings)


def _options(settings: Settings) -> dict[str, object]:
    return {
        "bind": readiness.bound(settings.host, settings.port),
        "worker_class": Worker,
        "workers": settings.web_workers,
        "threads": settings.web_threads,
        "graceful_timeout": GRACE_SECONDS,
        "worker_tmp_dir": str(SHARED_MEMORY) if SHARED_MEMORY.is_dir() else None,
        "control_socket_disable": True,
        "logger_class": _Log,
    }


def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT. Errors as `readiness.free_port`, `.database`, `.store`, `Sealer.ready`."""
    readiness.free_port(settings.host, settings.port)
    url = readiness.database(settings)
    readiness.store(settings, "perseus-web").close()
    Sealer.of(settings).ready()
    if Run.living(settings.home) is None and (link := signinlink.first(settings, url)):
        click.echo(link)
    db.disconnect(url)  # the workers have their own, and this process asks no more
    # What serves the pages is nobody's business outside.
    gunicorn.http.wsgi.SERVER = "perseus"
    gunicorn.util.write_error = refuse
    logging.getLogger(__name__).info("serving %s/network", readiness.reached(settings.host, settings.port))
    _Pages(settings).run()
    return 0
