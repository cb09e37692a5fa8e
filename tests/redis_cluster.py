"""A real Redis Cluster of the tests' own: three primaries on loopback, throw-away data, ended by pid."""

from __future__ import annotations

import random
import socket
import time
from pathlib import Path

import redis
from redis.crc import key_slot

from tests.redis_process import RedisProcess

BUS_OFFSET = 10_000
SLOTS = 16_384
OPTIONS = ("--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-node-timeout", "2000")


def cluster_port() -> int:
    """A free loopback port whose bus port, 10,000 above it, is free and a port too."""
    while True:
        port = random.randrange(20_000, 50_000)
        if _is_free(port) and _is_free(port + BUS_OFFSET):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as sock:
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class RedisCluster:
    """Three nodes that share the slots in thirds. `node` finds that of a key; each node can be frozen and killed."""

    def __init__(self, folder: Path, *options: str, size: int = 3) -> None:
        self.nodes = [RedisProcess(folder / str(number), *OPTIONS, *options) for number in range(size)]
        for node in self.nodes:
            node.port = cluster_port()

    @property
    def url(self) -> str:
        """The URL of the first node, which leads to all."""
        return self.url_of(self.nodes[0])

    def url_of(self, node: RedisProcess) -> str:
        return f"redis+cluster://127.0.0.1:{node.port}"

    def start(self) -> RedisCluster:
        for node in self.nodes:
            node.folder.mkdir(parents=True, exist_ok=True)
            node.start()
        bounds = [SLOTS * number // len(self.nodes) for number in range(len(self.nodes) + 1)]
        for number, node in enumerate(self.nodes):
            with node.client() as client:
                client.execute_command("CLUSTER SET-CONFIG-EPOCH", number + 1)
                client.execute_command("CLUSTER ADDSLOTS", *range(bounds[number], bounds[number + 1]))
                for other in self.nodes[:number]:
                    client.execute_command("CLUSTER MEET", "127.0.0.1", other.port)
        self.wait_until_whole()
        return self

    def wait_until_whole(self, seconds: float = 30) -> None:
        """Until every node finds every slot served."""
        give_up = time.monotonic() + seconds
        while not all(_is_whole(node, len(self.nodes)) for node in self.nodes):
            if time.monotonic() > give_up:
                raise RuntimeError("the cluster did not form")
            time.sleep(0.02)

    def node(self, key: str) -> RedisProcess:
        """The node that serves the slot of `key` as the first node knows it."""
        slot = key_slot(key.encode())
        with self.nodes[0].client() as client:
            (port,) = [int(owner[1]) for first, last, owner in _slots(client) if first <= slot <= last]
        (found,) = [node for node in self.nodes if node.port == port]
        return found

    def flush(self) -> None:
        for node in self.nodes:
            with node.client() as client:
                client.flushall()
                client.script_flush()

    def kill(self) -> None:
        for node in self.nodes:
            node.kill()


def _slots(client: redis.Redis) -> list[tuple[int, int, tuple[str, int]]]:
    found = client.execute_command("CLUSTER SLOTS")
    if isinstance(found, dict):
        return [(first, last, owner["primary"]) for (first, last), owner in found.items()]
    return [(first, last, (owner[0], owner[1])) for first, last, owner, *_ in found]


def _is_whole(node: RedisProcess, size: int) -> bool:
    with node.client() as client:
        info = client.execute_command("CLUSTER INFO")
    return info["cluster_state"] == "ok" and int(info["cluster_size"]) == size
