"""The throw-away Redis of a run, and counting what reaches it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

import redis

from perseus.store import Client, connect
from tests.redis_process import RedisProcess

TIMEOUT = 10.0


@contextmanager
def throw_away() -> Iterator[str]:
    """A real server of this run's own on a free port; gives its URL, ends it by its process."""
    with tempfile.TemporaryDirectory(prefix="perseus-bench-") as folder:
        server = RedisProcess(Path(folder)).start()
        try:
            yield server.url
        finally:
            server.kill()


@contextmanager
def client_of(url: str, name: str = "bench") -> Iterator[Client]:
    """A client made as Perseus makes its own."""
    client = connect(url, timeout=TIMEOUT, name=name)
    try:
        yield client
    finally:
        client.close()


class Packets:
    """How many were sent: one packed command, or pipeline, is one round trip."""

    sent = 0


@contextmanager
def packets() -> Iterator[Packets]:
    """Count what goes out meanwhile, by any client of this process and to any node of a Cluster."""
    counted = Packets()
    plain = redis.Connection.send_packed_command

    def counting(self: redis.Connection, *args: Any, **options: Any) -> None:
        counted.sent += 1
        cast(Any, plain)(self, *args, **options)

    with patch.object(redis.Connection, "send_packed_command", counting):
        yield counted


def calls_of(client: Client, command: str) -> int:
    """How often the server has run `command`, from scripts too."""
    return int(client.info("commandstats").get(f"cmdstat_{command}", {"calls": 0})["calls"])


def commands_seen(url: str, call: Callable[[], object]) -> list[str]:
    """What clients sent while `call` ran, by MONITOR; commands inside scripts are left out."""
    with client_of(url, "marker") as marker:
        begin, end = f"ECHO begin-{time.monotonic_ns()}", f"ECHO end-{time.monotonic_ns()}"
        marker.ping()
        with client_of(url, "monitor") as watching, cast(Any, watching).monitor() as monitor:
            marker.echo(begin.split()[1])
            call()
            marker.echo(end.split()[1])
            sent = _until(monitor.listen(), end)
    return sent[sent.index(begin) + 1 :]


def _until(told: Iterable[Any], end: str) -> list[str]:
    sent = []
    for command in told:
        if command["command"] == end:
            break
        if command["client_type"] != "lua":
            sent.append(command["command"])
    return sent
