"""A real Sentinel of the tests' own: a primary, its replica and three sentinels on loopback, ended by pid."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import redis

from tests.redis_process import RedisProcess

SERVICE = "perseus"
QUORUM = 2


class SentinelProcess(RedisProcess):
    """One sentinel. It writes what it learns into its configuration, so it comes back knowing it."""

    def __init__(self, folder: Path, *options: str) -> None:
        super().__init__(folder, *options)
        self.config = folder / "sentinel.conf"

    def command(self) -> list[str]:
        return [*self.program(), str(self.config), "--sentinel"]

    def write_config(self, *lines: str) -> None:
        """Its first configuration: before the first start."""
        self.folder.mkdir(parents=True, exist_ok=True)
        own = (f"port {self.port}", "bind 127.0.0.1", f"dir {self.folder}")
        self.config.write_text("\n".join((*own, *lines, "")))


class RedisSentinel:
    """One service of two servers and three sentinels; each can be frozen and killed.

    `primary` and `replica` are what the servers say of themselves now. A dead primary is replaced after about
    `down_after_ms` and a second.
    """

    server: type[RedisProcess] = RedisProcess
    sentinel: type[SentinelProcess] = SentinelProcess

    def __init__(self, folder: Path, *options: str, down_after_ms: int = 500) -> None:
        self.servers = [self.server(folder / f"server-{number}", *options) for number in range(2)]
        self.sentinels = [self.sentinel(folder / f"sentinel-{number}", *options) for number in range(3)]
        self.down_after_ms = down_after_ms

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)
        return f"redis+sentinel://{hosts}/{SERVICE}/0"

    @property
    def primary(self) -> RedisProcess:
        """The server that the sentinels name."""
        port = self.told()[1]
        (found,) = [server for server in self.servers if server.port == port]
        return found

    @property
    def replica(self) -> RedisProcess:
        """The other server."""
        (found,) = [server for server in self.servers if server is not self.primary]
        return found

    def start(self) -> RedisSentinel:
        first, second = self.servers
        for server in self.servers:
            server.folder.mkdir(parents=True, exist_ok=True)
            server.start()
        with second.client() as client:
            client.replicaof("127.0.0.1", first.port)
        for sentinel in self.sentinels:
            sentinel.write_config(*self._about(first))
            sentinel.start()
        self.wait_until_whole()
        return self

    def told(self) -> tuple[str, int]:
        """Where the first sentinel that answers says that the primary is."""
        for sentinel in self.sentinels:
            if sentinel.is_up():
                with sentinel.client() as client:
                    host, port = client.execute_command("SENTINEL GET-MASTER-ADDR-BY-NAME", SERVICE)
                    return host, int(port)
        raise RuntimeError("no sentinel is up")

    def wait_until_whole(self, seconds: float = 40) -> None:
        """Until the replica is in step and every sentinel knows the replica, the others and the same primary."""
        self._wait(self._is_whole, seconds, "the sentinels did not find each other")

    def failover(self, seconds: float = 40) -> RedisProcess:
        """Have the replica promoted although the primary lives; the new primary, once it says that it is one.

        The old primary goes on taking writes until the sentinels make it a replica, some seconds later: what was
        written to it meanwhile is lost. `wait_until_whole` waits for that.
        """
        old, new = self.primary, self.replica
        with self.sentinels[0].client() as client:
            client.execute_command("SENTINEL FAILOVER", SERVICE)
        self._wait(lambda: self.told()[1] == new.port and role(new) == "master", seconds, "no failover happened")
        assert old is not new
        return new

    def flush(self) -> None:
        with self.primary.client() as client:
            client.flushall()
            client.script_flush()

    def kill(self) -> None:
        for process in (*self.sentinels, *self.servers):
            process.kill()

    def _about(self, primary: RedisProcess) -> list[str]:
        return [
            f"sentinel monitor {SERVICE} 127.0.0.1 {primary.port} {QUORUM}",
            f"sentinel down-after-milliseconds {SERVICE} {self.down_after_ms}",
            f"sentinel failover-timeout {SERVICE} 4000",
        ]

    def _is_whole(self) -> bool:
        told = [_state(sentinel) for sentinel in self.sentinels]
        primary, replica = self.primary, self.replica
        others = len(self.sentinels) - 1
        return (
            all(int(each["port"]) == primary.port for each in told)
            and all(int(each["num-slaves"]) == 1 and int(each["num-other-sentinels"]) == others for each in told)
            and all(each["flags"] == "master" for each in told)
            and role(primary) == "master"
            and _is_in_step(replica, primary)
        )

    def _wait(self, is_done: Any, seconds: float, otherwise: str) -> None:
        give_up = time.monotonic() + seconds
        while not _told(is_done):
            if time.monotonic() > give_up:
                raise RuntimeError(otherwise)
            time.sleep(0.02)


def _told(is_done: Any) -> bool:
    """A sentinel that makes a server a replica ends every connection to it: who asks just then asks again."""
    try:
        return bool(is_done())
    except redis.ConnectionError:
        return False


def role(server: RedisProcess) -> str:
    """`master` or `slave`, as the server says."""
    with server.client() as client:
        return str(client.info("replication")["role"])


def _is_in_step(replica: RedisProcess, primary: RedisProcess) -> bool:
    with replica.client() as client:
        info = client.info("replication")
    return bool(info["role"] == "slave" and info["master_port"] == primary.port and info["master_link_status"] == "up")


def _state(sentinel: SentinelProcess) -> dict[str, str]:
    with sentinel.client() as client:
        told: Any = client.execute_command("SENTINEL MASTER", SERVICE)
    if isinstance(told, dict):
        return {str(name): str(value) for name, value in told.items()}
    return dict(zip(told[::2], told[1::2], strict=True))
