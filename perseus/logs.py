"""Where log lines of a `perseus` command go and what they look like."""

from __future__ import annotations

import logging
import time

from perseus.pluginhost.calling import scrub


def configure(level: str) -> None:
    """Lines of `level` and above to stderr: time (UTC), level, name, message. Called once, by a command.

    Secrets that are registered with `perseus.pluginhost.calling.scrub` are in none of them.
    """
    scrub.install()
    handler = logging.StreamHandler()
    formatter = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    logging.basicConfig(level=level.upper(), handlers=[handler])
