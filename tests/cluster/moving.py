"""Moving one slot of a Cluster step by step, as an operator's tool does it."""

from __future__ import annotations

from typing import Any

from redis.crc import key_slot

from tests.redis_cluster import RedisCluster
from tests.redis_process import RedisProcess


class Move:
    """The slot of one key on its way to another node. `back` undoes it, whatever step it was in."""

    def __init__(self, cluster: RedisCluster, key: str) -> None:
        self.key, self.old = key, cluster.node(key)
        self.new = next(node for node in cluster.nodes if node is not self.old)
        self._nodes = cluster.nodes
        self._slot = key_slot(key.encode())
        self._has_ended = False

    def begin(self) -> None:
        self._announce(self.old, self.new)

    def carry(self, *names: str) -> None:
        """Move these keys; the others stay behind until the end."""
        with self.old.client() as client:
            for name in names:
                client.execute_command("MIGRATE", "127.0.0.1", self.new.port, name, 0, 2_000)

    def end(self) -> None:
        self._settle(self.new)
        self._has_ended = True

    def back(self) -> None:
        for node in (self.old, self.new):
            with node.client() as client:
                client.flushall()
            self._set(node, "STABLE")
        if self._has_ended:
            self._announce(self.new, self.old)
            self._settle(self.old)

    def _announce(self, giver: RedisProcess, taker: RedisProcess) -> None:
        self._set(taker, "IMPORTING", _id(giver))
        self._set(giver, "MIGRATING", _id(taker))

    def _settle(self, owner: RedisProcess) -> None:
        """The owner first: it gives the change an epoch that the others believe."""
        for node in (owner, *self._nodes):
            self._set(node, "NODE", _id(owner))

    def _set(self, node: RedisProcess, *how: str) -> None:
        with node.client() as client:
            client.execute_command("CLUSTER SETSLOT", self._slot, *how)


def _id(node: RedisProcess) -> Any:
    with node.client() as client:
        return client.execute_command("CLUSTER MYID")
