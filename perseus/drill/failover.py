"""Making a replica the primary of the store, where the drill may, and seeing when it is one."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

import redis
from redis.crc import key_slot

from perseus.clock import SystemClock
from perseus.drill.runner import DrillFailed
from perseus.errors import PerseusError
from perseus.store import Client, answers
from perseus.store.cluster import Cluster
from perseus.store.layout import Place
from perseus.store.sentinel import Sentinel

LOOK = 0.02
AGAIN_SECONDS = 5.0
BY_HAND_SECONDS = 300
CLOCK = SystemClock()

MakeNode = Callable[[Place], Client]
OF_NODES = "the store's user the rights +cluster|failover +role"
OF_SENTINELS = "the sentinels' user the right +sentinel|failover"
NO_REPLICA = "its primary has no replica that could take over"


class CannotFailOver(PerseusError):
    """Raised when there is nothing to fail over to, or the store does not let us. Nothing has happened then.

    `is_owed`: there is, and so something is to be mended before the drill has shown anything of it.
    """

    def __init__(self, why: str, *, is_owed: bool = True) -> None:
        super().__init__(why)
        self.is_owed = is_owed


class Failover(Protocol):
    """One failover of the server that has `key`."""

    def strike(self) -> float:
        """Ask for it. The elapsed second at which it began. Raises CannotFailOver."""

    def is_done(self) -> bool:
        """Is another server the primary now?"""


def kind(client: Client) -> str:
    """The store of this client in words. A single server that does not tell of replicas is called one without."""
    if isinstance(client, Cluster):
        return "a Redis Cluster"
    if isinstance(client, Sentinel):
        return "a store with sentinels"
    count = 0
    with suppress(redis.RedisError, OSError, KeyError, TypeError, ValueError):
        count = int(client.info("replication")["connected_slaves"])
    return f"one primary with {count} {'replica' if count == 1 else 'replicas'}" if count else "one server"


def scope(client: Client, key: str) -> str:
    """Which part of the store a drill of that key is about, in a sentence; '' for all of it. Errors: use `answers`."""
    if not isinstance(client, Cluster):
        return ""
    (host, port), others = client.place(key), len(client.layout().primaries) - 1
    return (
        f"Its lease is at the node {host}:{port}, so it is that node alone which is drilled: "
        f"nothing is shown of the other {others}. docs/drill.md says how to drill those."
    )


def of(client: Client, key: str, node: MakeNode) -> Failover:
    """How the store of this client fails over; `node` makes a client of one server. Raises CannotFailOver for one."""
    if isinstance(client, Cluster):
        return OfCluster(client, key, node)
    if isinstance(client, Sentinel):
        return OfSentinel(client)
    raise CannotFailOver(
        "the store is one server to us, with neither sentinels nor a Cluster that could be asked. A managed one fails "
        "over at its provider: --failover by-hand waits for that",
        is_owed=False,
    )


class OfSentinel:
    """By the sentinels, which promote the replica although the primary lives."""

    def __init__(self, client: Sentinel) -> None:
        self._finder = client.finder
        self._old = _primary(client)

    def strike(self) -> float:
        began = CLOCK.elapsed()
        try:
            self._finder.at_one("SENTINEL", "FAILOVER", self._finder.service)
        except redis.ResponseError as error:
            if "NOGOODSLAVE" in str(error):
                raise CannotFailOver(NO_REPLICA, is_owed=False) from None
            raise CannotFailOver(f"the sentinels do not do it ({error}){_lacking(error, OF_SENTINELS)}") from None
        except (redis.RedisError, OSError) as error:
            raise CannotFailOver(f"no sentinel answers ({error})") from None
        return began

    def is_done(self) -> bool:
        self._finder.doubt(self._old)
        return self._finder.primary() != self._old


class OfCluster:
    """By a replica of the node that has the key: CLUSTER FAILOVER, for which the primary waits.

    A replica that the others do not vote for in time gives up without a word, so it is asked again.
    """

    def __init__(self, client: Cluster, key: str, node: MakeNode) -> None:
        self._client = client
        self._key = key
        self._node = node
        self._replica: Place | None = None
        self._asked_at = 0.0

    def strike(self) -> float:
        replicas = _replicas(self._client, self._key)
        if not replicas:
            raise CannotFailOver(NO_REPLICA, is_owed=False)
        self._replica = replicas[0]
        try:
            # Without that right nobody could say when it is done.
            self._ask("ROLE")
            began = self._asked_at = CLOCK.elapsed()
            self._ask("CLUSTER FAILOVER")
        except (redis.RedisError, OSError) as error:
            said = f"replica {self._replica[0]}:{self._replica[1]} does not do it ({error})"
            raise CannotFailOver(f"{said}{_lacking(error, OF_NODES)}") from None
        return began

    def is_done(self) -> bool:
        with suppress(redis.RedisError, OSError):
            if self._ask("ROLE")[0] in ("master", b"master"):
                return True
            if CLOCK.elapsed() - self._asked_at > AGAIN_SECONDS:
                self._asked_at = CLOCK.elapsed()
                self._ask("CLUSTER FAILOVER")
        return False

    def _ask(self, command: str) -> Any:
        assert self._replica is not None
        with self._node(self._replica) as node:
            asked: Any = node
            return asked.execute_command(command)


class ByHand:
    """Somebody else does it, while we wait so many seconds: told by the id of the server that answers."""

    def __init__(self, client: Client, key: str, seconds: float = BY_HAND_SECONDS) -> None:
        self.seconds = seconds
        self._client = client
        self._near = {"near": key} if isinstance(client, Cluster) else {}
        self._old = self._run_id()

    def strike(self) -> float:
        """Returns at the first sign of it: another server answers, or none."""
        give_up = CLOCK.elapsed() + self.seconds
        while self._run_id() == self._old:
            if CLOCK.elapsed() > give_up:
                raise CannotFailOver(f"nobody made one within {self.seconds:g} s (--wait gives more)")
            time.sleep(LOOK)
        return CLOCK.elapsed()

    def is_done(self) -> bool:
        return self._run_id() not in (None, self._old)

    def _run_id(self) -> str | None:
        """None while nobody answers. Raises DrillFailed where the store may not be asked."""
        asked: Any = self._client
        try:
            with answers(self._client):
                return str(asked.execute_command("INFO", "server", **self._near)["run_id"])
        except redis.ResponseError as error:
            raise DrillFailed(
                f"the store does not tell which server answers ({error})", "Let its user run INFO."
            ) from None
        except PerseusError:
            return None


def _lacking(error: Exception, rights: str) -> str:
    is_right = isinstance(error, redis.exceptions.NoPermissionError)
    return f": give {rights}, at each server" if is_right else ""


def _primary(client: Sentinel) -> Place:
    with answers(client):
        return client.finder.primary()


def _replicas(client: Cluster, key: str) -> list[Place]:
    """Of the primary that has this key, as its Cluster tells it."""
    slot = key_slot(key.encode())
    asked: Any = client
    with answers(client):
        primary = client.place(key)
        ranges = asked.execute_command("CLUSTER SLOTS", near=key)
    nodes: list[Any] = next((nodes for first, last, *nodes in ranges if int(first) <= slot <= int(last)), [])
    places = [(str(host or primary[0]), int(port)) for host, port, *_ in nodes]
    return [place for place in places if place != primary]
