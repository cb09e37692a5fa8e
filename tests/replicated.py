"""A primary and its replica of the tests' own, in step; the replica can be frozen and killed."""

from __future__ import annotations

from pathlib import Path

from tests.instances import eventually
from tests.redis_process import RedisProcess


class Pair:
    """Two servers on loopback."""

    def __init__(self, folder: Path) -> None:
        self.primary = RedisProcess(folder / "primary", "--repl-diskless-sync-delay", "0")
        self.replica = RedisProcess(folder / "replica", "--replicaof", "127.0.0.1", str(self.primary.port))

    @property
    def url(self) -> str:
        return self.primary.url

    def start(self) -> Pair:
        for server in (self.primary, self.replica):
            server.folder.mkdir(parents=True)
            server.start()
        eventually(lambda: self.in_step() == 1, 20)
        return self

    def in_step(self) -> int:
        """How many replicas have everything that was written so far."""
        with self.primary.client() as client:
            client.set("in step", "1")
            return int(client.wait(1, 100))

    def behind(self) -> int:
        """How much was written, in bytes, that the replica has not said it has: it says so once a second."""
        with self.primary.client() as client:
            told = client.info("replication")
        return int(told["master_repl_offset"]) - int(told["slave0"]["offset"])

    def kill(self) -> None:
        for server in (self.replica, self.primary):
            server.kill()
