"""Runs what a `perseus` command does, with the settings of its environment. Loaded only when it is asked for."""

from __future__ import annotations

import sys

from perseus import logs
from perseus.cli import earlystop, loaded
from perseus.settings import Settings

#: They run until they are told to end, and a start may wait.
LASTING = frozenset(("ingest", "web", "dispatch"))


def run(command: str, *arguments: object) -> None:
    """`perseus.commands.<command>.run(settings, *arguments)`, whose result ends the process."""
    try:
        if command in LASTING:
            earlystop.install()
        else:
            earlystop.hand_over(command)
        settings = Settings.from_environment()
        logs.configure(settings.log_level)
        code = loaded.command(command).run(settings, *arguments)
    except KeyboardInterrupt as error:
        code = earlystop.code(error)
    sys.exit(code)
