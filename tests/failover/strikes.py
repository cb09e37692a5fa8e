"""The faults of the staged failovers, on a Cluster and under Sentinel: how a primary is lost, and how all is mended."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import TypeVar

import redis

from tests.redis_cluster import RedisCluster
from tests.redis_process import RedisProcess
from tests.redis_sentinel import SERVICE, RedisSentinel, role

MIN_REPLICAS = ("--min-replicas-to-write", "1", "--min-replicas-max-lag", "1")
ORDERS = 3
Rig = TypeVar("Rig", RedisCluster, RedisSentinel)
PATIENCE = 60.0


def part(primary: RedisProcess, replica: RedisProcess) -> None:
    """From now on the replica hears nothing of what the primary confirms. Ended by `replica.thaw`."""
    replica.freeze()
    with primary.client() as client:
        client.execute_command("CLIENT", "KILL", "TYPE", "REPLICA")


class Strikes:
    """`strike(kind, key)` fails the server over that has this key; `mend` makes the set whole again."""

    kinds = ("planned", "killed", "lagging, killed", "lagging, frozen", "lagging, split")
    url: str

    def __init__(self, random: Random) -> None:
        self.random = random

    def strike(self, kind: str, key: str) -> None:
        primary, replica = self.pair(key)
        if kind == "planned":
            self.plan(replica)
            return
        if kind.startswith("lagging"):
            part(primary, replica)
            time.sleep(self.random.uniform(0.2, 1.2))
        if kind.endswith("killed"):
            primary.kill()
        if kind.endswith("frozen"):
            primary.freeze()
        replica.thaw()
        if kind.endswith("split"):
            self.split(primary, replica)
        self.take_over(replica)
        time.sleep(self.random.uniform(0.1, 1.0))
        if kind.endswith("frozen"):
            primary.thaw()

    def pair(self, key: str) -> tuple[RedisProcess, RedisProcess]:
        raise NotImplementedError

    def plan(self, replica: RedisProcess) -> None:
        raise NotImplementedError

    def split(self, primary: RedisProcess, replica: RedisProcess) -> None:
        """Have the replica promoted while the primary goes on."""
        raise NotImplementedError

    def take_over(self, replica: RedisProcess) -> None:
        raise NotImplementedError

    def mend(self) -> None:
        raise NotImplementedError

    def end(self) -> None:
        raise NotImplementedError


class ClusterStrikes(Strikes):
    """Three primaries, each with a replica. A vote among them, or the replica by itself as an operator may say."""

    def __init__(self, folder: Path, random: Random, *options: str) -> None:
        super().__init__(random)
        self.rig = _started(RedisCluster(folder, "--cluster-node-timeout", "1000", *options, replicas=1))
        self.url = self.rig.url

    def pair(self, key: str) -> tuple[RedisProcess, RedisProcess]:
        primary = self.rig.primary(key)
        return primary, self.rig.replica(primary)

    def plan(self, replica: RedisProcess) -> None:
        self.rig.failover(replica)

    def split(self, primary: RedisProcess, replica: RedisProcess) -> None:
        """In a Cluster the old primary hears of it within milliseconds."""

    def take_over(self, replica: RedisProcess) -> None:
        if self.random.random() < 0.3 and _eventually(lambda: _role(replica) == "master", 8):
            return
        self.rig.failover(replica, "TAKEOVER")

    def mend(self) -> None:
        for node in self.rig.everyone:
            if not node.is_up():
                node.start()
        self.rig.wait_until_whole(PATIENCE)

    def end(self) -> None:
        self.rig.kill()


class QuickSentinel(RedisSentinel):
    """It fails over again a moment after it did."""

    def _about(self, primary: RedisProcess) -> list[str]:
        return [
            line.replace("failover-timeout perseus 4000", "failover-timeout perseus 1000")
            for line in super()._about(primary)
        ]


class SentinelStrikes(Strikes):
    """A primary, its replica and three sentinels."""

    def __init__(self, folder: Path, random: Random, *options: str) -> None:
        super().__init__(random)
        self.rig = _started(QuickSentinel(folder, *options))
        self.url = self.rig.url

    def pair(self, key: str) -> tuple[RedisProcess, RedisProcess]:
        return self.rig.primary, self.rig.replica

    def plan(self, replica: RedisProcess) -> None:
        """Ordered again where the sentinels gave it up, as they do on a machine that is too busy."""
        for _ in range(ORDERS - 1):
            self.split(self.rig.primary, replica)
            if self._has_taken_over(replica):
                return
        self.split(self.rig.primary, replica)
        self.take_over(replica)

    def split(self, primary: RedisProcess, replica: RedisProcess) -> None:
        """The old primary goes on confirming until a sentinel makes it a replica."""
        with self.rig.sentinels[0].client() as client:
            _eventually(lambda: _asked(client), PATIENCE)

    def take_over(self, replica: RedisProcess) -> None:
        if not self._has_taken_over(replica):
            raise RuntimeError("no failover happened")

    def _has_taken_over(self, replica: RedisProcess) -> bool:
        return _eventually(lambda: self.rig.told()[1] == replica.port and _role(replica) == "master", PATIENCE)

    def mend(self) -> None:
        primary = self.rig.primary
        for server in self.rig.servers:
            if not server.is_up():
                server.start()
                with server.client() as client:
                    client.replicaof("127.0.0.1", primary.port)
        self.rig.wait_until_whole(PATIENCE)

    def end(self) -> None:
        self.rig.kill()


def _started(rig: Rig) -> Rig:
    """One that does not come together leaves no server behind: whoever reads what they say would wait for ever."""
    try:
        rig.start()
    except BaseException:
        rig.kill()
        raise
    return rig


def _asked(client: redis.Redis) -> bool:
    with contextlib.suppress(redis.ResponseError):
        client.execute_command("SENTINEL FAILOVER", SERVICE)
        return True
    return False


def _role(server: RedisProcess) -> str:
    with contextlib.suppress(redis.RedisError):
        return role(server)
    return ""


def _eventually(check: Callable[[], bool], seconds: float) -> bool:
    give_up = time.monotonic() + seconds
    while not check():
        if time.monotonic() > give_up:
            return False
        time.sleep(0.05)
    return True
