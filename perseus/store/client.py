"""Clients of the store: of one server, of a Redis Cluster, or of what a Redis Sentinel watches.

Every client here has short time-outs and retries nothing by itself: redis-py's defaults can block longer than a lease
lives. Who may wait decides so in its own loop.
"""

from __future__ import annotations

from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.connection import ConnectionPool
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry

from perseus.store.cluster import Cluster
from perseus.store.connection import PlainConnection, TLSConnection
from perseus.store.finder import Finder
from perseus.store.layout import Place
from perseus.store.resolver import RESOLVER
from perseus.store.sentinel import Sentinel
from perseus.store.url import StoreURL

Client = redis.Redis


def connect(url: str, *, timeout: float, name: str) -> Client:
    """A client of the store at `url` (see `perseus.store.url`); opens no connection yet.

    `timeout` (seconds) bounds each connect and each answer; `name` is what CLIENT LIST shows. Raises SettingError.
    Errors: use `answers`.
    """
    address = StoreURL.parse(url)
    if address.service is not None:
        return _sentinel(address, address.service, timeout, name)
    if address.is_cluster:
        return _cluster(address, timeout, name)
    return _server(address, address.places[0], timeout, name)


def at(url: str, place: Place, *, timeout: float, name: str) -> redis.Redis:
    """A client of one server of that store alone, with its user, password and TLS: to look at it, not to use it."""
    return _server(StoreURL.parse(url), place, timeout, name)


def _server(address: StoreURL, place: Place, seconds: float, name: str) -> redis.Redis:
    return _pooled(place, {**_options(address, name), **_bounded(seconds)}, address.tls)


def _cluster(address: StoreURL, timeout: float, name: str) -> Cluster:
    def make(place: Place, seconds: float) -> redis.Redis:
        return _server(address, place, seconds, name)

    return Cluster(address.places, str(address), make, timeout, RESOLVER.prepare)


def _sentinel(address: StoreURL, service: str, timeout: float, name: str) -> Sentinel:
    def make(place: Place, seconds: float) -> redis.Redis:
        options = {**_options(address, name), **address.sentinel_login, "db": 0, **_bounded(seconds)}
        return _pooled(place, options, address.sentinel_tls)

    options = {**_options(address, name), **_bounded(timeout), **(address.tls or {})}
    finder = Finder(address.places, service, make, timeout, prepare=RESOLVER.prepare)
    return Sentinel(finder, str(address), is_tls=address.tls is not None, **options)


def _pooled(place: Place, options: dict[str, Any], tls: dict[str, Any] | None) -> redis.Redis:
    kind = PlainConnection if tls is None else TLSConnection
    return redis.Redis.from_pool(ConnectionPool(kind, host=place[0], port=place[1], **options, **(tls or {})))


def _options(address: StoreURL, name: str) -> dict[str, Any]:
    return {
        **address.login,
        "db": address.number,
        "client_name": name,
        "decode_responses": True,
        "encoding_errors": "replace",
        "retry": Retry(NoBackoff(), 0),
        "health_check_interval": 0,
        # A managed store may announce maintenance, and redis-py would then wait longer than the time-out.
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
    }


def _bounded(seconds: float) -> dict[str, float]:
    return {"socket_timeout": seconds, "socket_connect_timeout": seconds}


def is_cluster(client: Client) -> bool:
    """Do its keys live on several servers, each with a clock and a memory of its own?"""
    return isinstance(client, Cluster)


def now_ms(client: Client, key: str) -> int:
    """Unix milliseconds by the server that has this key. Errors: use `answers`."""
    asked: Any = client
    return milliseconds(asked.execute_command("TIME", near=key) if is_cluster(client) else asked.time())


def milliseconds(time_: tuple[int, int]) -> int:
    """What TIME answers, in milliseconds."""
    return time_[0] * 1000 + time_[1] // 1000


def where(client: Client) -> str:
    """Host and port of a client, those of all nodes or sentinels that the URL names: without user or password."""
    if isinstance(client, Sentinel | Cluster):
        return client.where
    options = client.connection_pool.connection_kwargs
    return f"{options['host']}:{options['port']}"


def where_url(url: str) -> str:
    """The same of a URL."""
    return str(StoreURL.parse(url))
