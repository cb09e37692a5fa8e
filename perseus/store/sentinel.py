"""A client of the one primary that a Redis Sentinel watches over, whichever server that is now.

redis-py has one, and three things keep it from carrying a lease: it asks the sentinels one after the other with a
whole time-out each, it takes the word of one that lags behind, and it stays with a primary that was replaced for as
long as that answers, some ten seconds in which all that is written is lost. Here the connection looks once a second
whether the sentinels tell of another primary, a newer configuration is believed that half of those tell that answer,
all of it takes no longer than a command may, and nothing is sent twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
from redis.connection import Connection, ConnectionPool

from perseus.store import refusal
from perseus.store.connection import PlainConnection, TLSConnection
from perseus.store.finder import Finder
from perseus.store.layout import Place

# What a server says that is no longer the primary, or is one without its replicas.
DOUBTFUL = frozenset(("READONLY", "NOREPLICAS"))


class Found(Connection):
    """A connection to the primary that `finder` names when it is made, left when the finder names another.

    Errors are redis-py's and say which server it was. What it meets goes to the finder as a reason to ask again.
    """

    def __init__(self, *, finder: Finder, **options: Any) -> None:
        self._finder = finder
        self._is_left = False
        parent: Any = super()
        parent.__init__(**options)

    def connect(self) -> None:
        """Be connected to the primary of this moment."""
        parent: Any = super()
        if self.is_connected and (self._is_left or self._finder.has_moved_from(self._place())):
            parent.disconnect()
        parent.connect()

    def can_read(self, timeout: float = 0) -> bool:
        """Is there an answer? Who listens asks this again and again, and goes over to another primary so too."""
        self.connect()
        return super().can_read(timeout)

    def on_connect_check_health(self, check_health: bool = True) -> None:
        """Sign in, and refuse to take a replica for a primary: its HELLO says what it is."""
        with self._named():
            super().on_connect_check_health(check_health=check_health)
            told: Any = self.handshake_metadata or {}
            if told.get("role", told.get(b"role", "master")) not in ("master", b"master"):
                raise redis.ConnectionError("it is a replica: no failover to it has ended yet")

    def read_response(self, *args: Any, **options: Any) -> Any:
        """One answer."""
        with self._named():
            try:
                return super().read_response(*args, **options)
            except redis.ResponseError as error:
                if refusal.code(error) in DOUBTFUL:
                    self._finder.doubt(self._place())
                    self._is_left = True
                if refusal.code(error) is None:
                    raise
                raise refusal.placed(error, self._place()) from None

    def _connect(self) -> Any:
        self.host, self.port = self._finder.primary()
        self._is_left = False
        parent: Any = super()
        with self._named():
            try:
                return parent._connect()
            except TimeoutError:
                raise redis.TimeoutError("Timeout connecting") from None
            except OSError as error:
                raise redis.ConnectionError(error.strerror or str(error)) from None

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Say which server it was that fails, and ask for the primary again."""
        try:
            yield
        except (redis.ConnectionError, redis.TimeoutError) as error:
            self._finder.doubt(self._place())
            name = f"server {self.host}:{self.port}: "
            raise type(error)(name + str(error).removeprefix(name)) from None

    def _place(self) -> Place:
        return self.host, self.port


class FoundPlainConnection(Found, PlainConnection):
    """The same without TLS."""


class FoundTLSConnection(Found, TLSConnection):
    """The same over TLS."""


class Sentinel(redis.Redis):
    """A client of the primary. `options` are those of its connections; `where` is fit for messages.

    Its first call asks the sentinels; a call that must ask takes at most twice as long as a command may.
    """

    def __init__(self, finder: Finder, where: str, *, is_tls: bool, **options: Any) -> None:
        self.finder = finder
        self.where = where
        kind: type[Found] = FoundTLSConnection if is_tls else FoundPlainConnection
        super().__init__(connection_pool=ConnectionPool(connection_class=kind, finder=finder, **options))

    def close(self) -> None:
        """End every connection."""
        self.connection_pool.disconnect()
        self.finder.close()

    def at_each(self, *command: str) -> dict[Place, Any]:
        """What each sentinel answers to this command; redis-py's error in the place of one that does not."""
        return self.finder.at_each(*command)
