"""A plugin that writes down since when, and until when, this process itself takes its lease to be valid."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from perseus import Manifest, hookimpl
from perseus.network.exchange import Exchange
from perseus.network.instance import Instance
from perseus.pluginhost.context import IngestContext
from perseus.plugins import registry

PACE = 0.01


@hookimpl
def perseus_manifest() -> Manifest:
    return Manifest(api=">=1,<2")


@hookimpl
def perseus_join(exchange: Exchange, context: IngestContext) -> Instance:
    instance = registry.perseus_join(exchange, context)
    file = context.settings.home / "belief"
    threading.Thread(target=_watch, args=(instance, file), daemon=True).start()
    return instance


def _watch(instance: Instance, file: Path) -> None:
    last: float | None = None
    while True:
        if instance.valid():
            now = time.monotonic()
            if last is None:
                _note(file, "since", instance.token, now)
            last = now
        elif last is not None:
            _note(file, "until", instance.token, last)
            last = None
        time.sleep(PACE)


def _note(file: Path, word: str, token: str, at: float) -> None:
    with file.open("a") as notes:
        notes.write(f"{word} {token} {at}\n")
