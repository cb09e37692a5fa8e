"""A primary and its replica behind two addresses, as a managed store has them, for failovers that go step by step.

Nothing fails over by itself here: a test says what is cut, when, and who is promoted.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import redis

from tests.redis_process import RedisProcess
from tests.tcp_proxy import Link


class RedisPair:
    """`way` is the address that clients know; `old_way` leads to the first primary always.

    The replica follows by `line`: cut it, and the primary confirms what the replica never hears.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self.primary = RedisProcess(folder / "primary", *options)
        self.replica = RedisProcess(folder / "replica", *options)
        self.way = Link(self.primary.port)
        self.old_way = Link(self.primary.port)
        self.line = Link(self.primary.port)
        self._held = contextlib.ExitStack()

    def __enter__(self) -> RedisPair:
        for process in (self.primary, self.replica):
            process.folder.mkdir(parents=True)
            process.start()
            self._held.callback(process.kill)
        for link in (self.way, self.old_way, self.line):
            self._held.enter_context(link)
        with self.replica.client() as client:
            client.replicaof("127.0.0.1", self.line.port)
        self.wait_until_in_step()
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def wait_until_in_step(self, seconds: float = 20) -> None:
        """Until the replica has all that the primary has confirmed."""
        with self.primary.client() as primary, self.replica.client() as replica:
            give_up = time.monotonic() + seconds
            while not _is_in_step(primary, replica):
                if time.monotonic() > give_up:
                    raise RuntimeError("the replica does not follow")
                time.sleep(0.02)

    def part(self) -> None:
        """From now on the replica hears nothing; the primary does not know."""
        self.line.cut()

    def promote(self) -> None:
        """Make the replica, with what it has heard, the primary that clients are led to."""
        with self.replica.client() as client:
            client.replicaof("NO", "ONE")
        self.way.lead_to(self.replica.port)


def _is_in_step(primary: redis.Redis, replica: redis.Redis) -> bool:
    told, heard = primary.info("replication"), replica.info("replication")
    return bool(heard["master_link_status"] == "up" and heard["slave_repl_offset"] >= told["master_repl_offset"])
