"""What a dispatcher says of itself, every 5 s: the write side of `perseus.notify.told.dispatchers`."""

from __future__ import annotations

import json
import logging
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from perseus import keys
from perseus.notify.configuration import Configuration
from perseus.notify.dispatcher import Dispatcher
from perseus.notify.memoryguard import resident_bytes
from perseus.notify.notifier import NotifierKind
from perseus.notify.told.dispatchers import GONE_AFTER_MS
from perseus.pluginhost.configuration import form
from perseus.pluginhost.info import PluginInfo
from perseus.pluginhost.kinds import OfferedKind
from perseus.settings import Settings
from perseus.store import Client, answers
from perseus.version import VERSION

log = logging.getLogger(__name__)

FORGOTTEN_MS = 4 * GONE_AFTER_MS


class Reporter:
    """Writes the report of one worker. `offered()`: kinds with their plugins; `plugins()`: all that were found."""

    def __init__(
        self,
        client: Client,
        settings: Settings,
        worker: str,
        dispatcher: Dispatcher,
        plugins: Callable[[], Sequence[PluginInfo]],
        offered: Callable[[], Sequence[OfferedKind]],
        configuration: Callable[[], Configuration],
        now_ms: Callable[[], int],
    ) -> None:
        self._client = client
        self._settings = settings
        self._worker = worker
        self._dispatcher = dispatcher
        self._plugins = plugins
        self._offered = offered
        self._configuration = configuration
        self._now_ms = now_ms
        self._started_ms = 0
        self._schemas: dict[str, tuple[NotifierKind, dict[str, Any]]] = {}

    def write(self) -> None:
        """Write it, and remove those of workers that are long gone. Raises StoreUnavailable, StoreRefused."""
        with answers(self._client):
            told: Any = self._client.hgetall(keys.DISPATCHERS)
            gone = [name for name, text in told.items() if self._is_gone(text)]
            if gone:
                self._client.hdel(keys.DISPATCHERS, *gone)
            self._client.hset(keys.DISPATCHERS, self._worker, json.dumps(self.report()))

    def remove(self) -> None:
        """This worker is no more. Raises StoreUnavailable, StoreRefused."""
        with answers(self._client):
            self._client.hdel(keys.DISPATCHERS, self._worker)

    def report(self) -> dict[str, Any]:
        """What it says now."""
        now_ms = self._now_ms()
        self._started_ms = self._started_ms or now_ms
        return {
            "worker": self._worker,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "version": VERSION,
            "startedMs": self._started_ms,
            "atMs": now_ms,
            "rssBytes": resident_bytes(),
            "memoryLimitMb": self._settings.dispatch_memory_mb,
            "safeMode": self._settings.safe_mode,
            "plugins": [_plugin(info) for info in self._plugins()],
            "kinds": [self._kind(one) for one in self._offered()],
            "destinations": list(self._destinations()),
        }

    def _kind(self, offered: OfferedKind) -> dict[str, Any]:
        kind = offered.kind
        known = self._schemas.get(kind.name)
        if known is None or known[0] is not kind:
            known = self._schemas[kind.name] = kind, form.schema_of(kind.config)
        able = [post.thread.lane.outlet for post in self._dispatcher.posts().values() if post.kind is kind]
        return {
            "name": kind.name,
            "plugin": offered.plugin,
            "about": kind.about,
            "maxBatch": kind.max_batch,
            "canUpdate": any(outlet.can_update for outlet in able),
            "canProbe": any(outlet.can_probe for outlet in able),
            "canPreview": any(outlet.can_preview for outlet in able),
            "schema": known[1],
        }

    def _destinations(self) -> Sequence[Mapping[str, Any]]:
        posts, problems = self._dispatcher.posts(), self._dispatcher.problems
        return [
            {
                "id": one.id,
                "kind": one.kind,
                "origin": one.origin,
                "problem": one.problem or problems.get(one.id),
                "holds": one.id in posts and posts[one.id].holding.token is not None,
            }
            for one in self._configuration().destinations
        ]

    def _is_gone(self, text: object) -> bool:
        try:
            return int(json.loads(str(text))["atMs"]) < self._now_ms() - FORGOTTEN_MS
        except (ValueError, TypeError, KeyError):
            return True


def _plugin(info: PluginInfo) -> dict[str, Any]:
    return {
        "name": info.name,
        "origin": info.origin,
        "version": info.version,
        "group": info.group,
        "state": info.state,
        "reason": info.reason,
        "hooks": info.hooks,
        "priority": info.priority,
        "api": info.api,
        "grade": info.grade,
        "about": info.about,
    }
