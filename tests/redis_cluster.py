"""A real Redis Cluster of the tests' own: three primaries on loopback, throw-away data, ended by pid."""

from __future__ import annotations

import contextlib
import random
import socket
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import redis
from redis.crc import key_slot

from tests.redis_process import AT_ONCE, RedisProcess

BUS_OFFSET = 10_000
SLOTS = 16_384
OPTIONS = ("--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-node-timeout", "2000")


def cluster_port() -> int:
    """A free loopback port whose bus port, 10,000 above it, is free too.

    Both are below 32,768, where Linux begins to give ports to outgoing connections, which may be gone a moment later.
    """
    chance = random.SystemRandom()
    while True:
        port = chance.randrange(10_000, 22_000)
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
    """Three nodes that share the slots in thirds. `node` finds that of a key; each node can be frozen and killed.

    `replicas`: so many of each, in `copies`; a dead primary is replaced after its node time-out and a second.
    """

    server: type[RedisProcess] = RedisProcess

    def __init__(self, folder: Path, *options: str, size: int = 3, replicas: int = 0) -> None:
        every = [self.server(folder / str(number), *OPTIONS, *options) for number in range(size * (1 + replicas))]
        self.nodes, self.copies = every[:size], every[size:]
        for node in every:
            node.port = cluster_port()

    @property
    def everyone(self) -> list[RedisProcess]:
        """All processes, whatever they are now."""
        return [*self.nodes, *self.copies]

    @property
    def url(self) -> str:
        """The URL of the first node, which leads to all."""
        return self.url_of(self.nodes[0])

    def url_of(self, node: RedisProcess) -> str:
        return f"redis+cluster://127.0.0.1:{node.port}"

    def start(self) -> RedisCluster:
        for node in self.everyone:
            node.folder.mkdir(parents=True, exist_ok=True)
            node.start()
        bounds = [SLOTS * number // len(self.nodes) for number in range(len(self.nodes) + 1)]
        for number, node in enumerate(self.nodes):
            with node.client() as client:
                client.execute_command("CLUSTER SET-CONFIG-EPOCH", number + 1)
                client.execute_command("CLUSTER ADDSLOTS", *range(bounds[number], bounds[number + 1]))
                for other in self.nodes[:number]:
                    client.execute_command("CLUSTER MEET", "127.0.0.1", other.port)
        self.wait_until_whole(copies=False)
        for number, copy in enumerate(self.copies):
            self._follow(copy, self.nodes[number % len(self.nodes)])
        self.wait_until_whole()
        return self

    def wait_until_whole(self, seconds: float = 30, *, copies: bool = True) -> None:
        """Until every node that is up finds every slot served, and every replica among them is in step."""
        among = [node for node in (self.everyone if copies else self.nodes) if node.is_up()]
        wanted = ["master"] * len(self.nodes) + ["slave"] * (len(among) - len(self.nodes))
        _eventually(lambda: sorted(_role(node, len(self.nodes)) for node in among) == wanted, seconds, "did not form")

    def primary(self, key: str) -> RedisProcess:
        """The process that serves the slot of `key` now, by what most of them say."""
        told = Counter(port for node in self.everyone if (port := _owner(node, key)) is not None)
        (port, _), *_ = told.most_common(1)
        return next(node for node in self.everyone if node.port == port)

    def replica(self, primary: RedisProcess) -> RedisProcess:
        """A process that follows this one and answers."""
        return next(node for node in self.everyone if node.is_up() and _followed(node) == primary.port)

    def failover(self, replica: RedisProcess, how: str = "") -> RedisProcess:
        """Have this replica take over, and give it. "" loses nothing; "FORCE", "TAKEOVER" do not ask the primary."""
        with replica.client() as client:
            # A vote that the others do not grant in time is not asked for again by the node itself.
            for _ in range(5):
                with contextlib.suppress(redis.ResponseError, RuntimeError):
                    client.execute_command("CLUSTER FAILOVER", *([how] if how else []))
                    _eventually(lambda: client.info("replication")["role"] == "master", 4, "did not fail over")
                    return replica
        raise RuntimeError("the cluster did not fail over")

    def _follow(self, copy: RedisProcess, primary: RedisProcess) -> None:
        with primary.client() as client:
            id_ = client.execute_command("CLUSTER MYID")
        with copy.client() as client:
            client.execute_command("CLUSTER MEET", "127.0.0.1", primary.port)
            nodes: Callable[[], Any] = partial(client.execute_command, "CLUSTER NODES")
            _eventually(lambda: str(id_) in str(nodes()), 20, "did not meet")
            try:
                client.execute_command("CLUSTER REPLICATE", id_)
            except redis.ResponseError:  # not empty: who looked for a server that has ended found this one at its port
                client.flushall()
                client.execute_command("CLUSTER REPLICATE", id_)

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
        for node in self.everyone:
            node.kill()


def _slots(client: redis.Redis) -> list[tuple[int, int, tuple[str, int]]]:
    found = client.execute_command("CLUSTER SLOTS")
    if isinstance(found, dict):
        return [(first, last, owner["primary"]) for (first, last), owner in found.items()]
    return [(first, last, (owner[0], owner[1])) for first, last, owner, *_ in found]


def _role(node: RedisProcess, size: int) -> str:
    """`master` or `slave`, and nothing while it misses slots or its primary."""
    with node.client() as client:
        info, own = client.execute_command("CLUSTER INFO"), client.info("replication")
    is_whole = info["cluster_state"] == "ok" and int(info["cluster_size"]) == size
    return str(own["role"]) if is_whole and own.get("master_link_status", "up") == "up" else ""


def _owner(node: RedisProcess, key: str) -> int | None:
    """The port of the primary that serves this key as the node knows it; None where it does not answer."""
    slot = key_slot(key.encode())
    with (
        contextlib.suppress(redis.RedisError),
        redis.Redis(port=node.port, socket_timeout=0.3, retry=AT_ONCE) as client,
    ):
        return next((int(owner[1]) for first, last, owner in _slots(client) if first <= slot <= last), None)
    return None


def _followed(node: RedisProcess) -> int | None:
    with (
        contextlib.suppress(redis.RedisError),
        redis.Redis(port=node.port, socket_timeout=0.3, retry=AT_ONCE) as client,
    ):
        told = client.info("replication").get("master_port")
        return None if told is None else int(told)
    return None


def _eventually(check: Callable[[], bool], seconds: float, otherwise: str) -> None:
    give_up = time.monotonic() + seconds
    while not check():
        if time.monotonic() > give_up:
            raise RuntimeError(f"the cluster {otherwise}")
        time.sleep(0.02)
