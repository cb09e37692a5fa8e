"""A log of notifications: each as one line of JSON, in a file or in the log of the dispatcher."""

from __future__ import annotations

from collections.abc import Sequence

from perseus import Manifest, NotifierKind, hookimpl
from perseus.plugins.log.notifier import BATCH, Log, LogConfig

ABOUT = "JSON lines in a file, or in the dispatcher's own log"


@hookimpl
def perseus_manifest() -> Manifest:
    """The plugin as the plugin host wants to know it."""
    return Manifest(api=">=1,<2", about=ABOUT)


@hookimpl
def perseus_register_notifiers() -> Sequence[NotifierKind]:
    """One kind: `log`."""
    return [NotifierKind("log", Log, LogConfig, max_batch=BATCH, about=ABOUT)]
