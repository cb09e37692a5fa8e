"""A service of sentinels on two sides of a border that can be closed: a primary with a replica, and another replica.

What is near is 127.0.0.1, what is far 127.0.0.2: to the border a connection is of the side that it comes from.
"""

from __future__ import annotations

import contextlib
import socket
import time
from pathlib import Path

import redis

from tests.instances import eventually
from tests.redis_process import RedisProcess
from tests.redis_sentinel import QUORUM, SERVICE, SentinelProcess, role
from tests.tcp_proxy import Link

NEAR, FAR = "127.0.0.1", "127.0.0.2"
DOWN_AFTER_MS = 500


class Border(Link):
    """The way to a server that is near. Once `closed` what comes from afar is held."""

    def __init__(self, target: int) -> None:
        super().__init__(target)
        self.closed = False

    def pass_on(self, data: bytes, source: socket.socket, sink: socket.socket, *, is_request: bool) -> None:
        near = source if is_request else sink
        while self.closed and near.getpeername()[0] == FAR and not self.ending.is_set():
            time.sleep(0.02)
        super().pass_on(data, source, sink, is_request=is_request)


class Divided:
    """Near: `primary` and `second`. Far: `third`, and what `another` adds to it. A sentinel at each of `places`."""

    def __init__(self, folder: Path, places: tuple[str, ...], min_replicas: int) -> None:
        self._folder = folder
        self._options = ("--min-replicas-to-write", str(min_replicas), "--min-replicas-max-lag", "1")
        self._held = contextlib.ExitStack()
        self.primary = self._server("primary")
        self.way = Border(self.primary.port)
        self.second = self._server("second", "--replicaof", NEAR, str(self.way.port))
        self.way_to_second = Border(self.second.port)
        # What a sentinel sees of it is known by the way to it.
        self.second.options += ("--replica-announce-port", str(self.way_to_second.port))
        self.third = self._far("third", NEAR, self.way.port)
        self.sentinels = [self._sentinel(number, place) for number, place in enumerate(places)]

    @property
    def url(self) -> str:
        """For those afar and near."""
        hosts = ",".join(f"{place}:{one.port}" for one, place in self.sentinels)
        return f"redis+sentinel://{hosts}/{SERVICE}/0"

    def __enter__(self) -> Divided:
        with contextlib.ExitStack() as held:
            for link in (self.way, self.way_to_second):
                held.enter_context(link)
            for server in (self.primary, self.second, self.third):
                held.callback(server.kill)
                server.start()
            for sentinel, _ in self.sentinels:
                held.callback(sentinel.kill)
                sentinel.start()
            eventually(self._is_whole, 40)
            self._held = held.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def close(self) -> None:
        """From now on nothing from afar reaches what is near."""
        self.way.closed = self.way_to_second.closed = True

    def another(self, name: str) -> None:
        """One more replica of the one that was promoted, as who operates it would give it, in step."""
        server = self._far(name, FAR, self.third.port)
        self._held.callback(server.kill)
        server.start()
        with server.client() as client:
            eventually(lambda: client.info("replication")["master_link_status"] == "up", 20)
        with self.third.client() as client:
            eventually(lambda: server.port in _online(client), 20)

    def is_promoted(self) -> bool:
        """Is `third` a primary?"""
        return role(self.third) == "master"

    def _server(self, name: str, *options: str) -> RedisProcess:
        folder = self._folder / name
        folder.mkdir(parents=True)
        kept = ("--appendonly", "yes", "--appendfsync", "always", "--repl-diskless-sync-delay", "0")
        return RedisProcess(folder, *kept, *self._options, *options)

    def _far(self, name: str, host: str, port: int) -> RedisProcess:
        """Its own connections come from the first address."""
        own = ("--bind", FAR, NEAR, "--replica-announce-ip", FAR, "--replica-priority", "10")
        return self._server(name, *own, "--replicaof", host, str(port))

    def _sentinel(self, number: int, place: str) -> tuple[SentinelProcess, str]:
        made = SentinelProcess(self._folder / f"sentinel-{number}")
        made.write_config(
            f"bind {place} {NEAR}" if place == FAR else f"bind {NEAR}",
            f"sentinel announce-ip {place}",
            f"sentinel monitor {SERVICE} {NEAR} {self.way.port} {QUORUM}",
            f"sentinel down-after-milliseconds {SERVICE} {DOWN_AFTER_MS}",
            f"sentinel failover-timeout {SERVICE} 4000",
        )
        return made, place

    def _is_whole(self) -> bool:
        for sentinel, _ in self.sentinels:
            with sentinel.client() as client:
                rows = client.execute_command("SENTINEL MASTER", SERVICE)
            told = rows if isinstance(rows, dict) else dict(zip(rows[::2], rows[1::2], strict=True))
            if (int(told["num-slaves"]), int(told["num-other-sentinels"]), told["flags"]) != (2, 2, "master"):
                return False
        with self.primary.client() as client:
            return len(_online(client)) == 2


def _online(client: redis.Redis) -> list[int]:
    """The ports of the replicas that are in step with this primary."""
    told = client.info("replication")
    replicas = [told[f"slave{number}"] for number in range(told["connected_slaves"])]
    return [int(one["port"]) for one in replicas if one["state"] == "online"]
