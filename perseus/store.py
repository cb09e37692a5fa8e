"""The data store: how Perseus connects to Redis, runs its scripts, and what it makes of silence.

One server, a Redis Cluster, or what a Redis Sentinel watches: `Client` is all three, and hardly anything else needs
to know which. Every client here has short time-outs and retries nothing by itself: redis-py's defaults can block
longer than a lease lives. Who may wait decides so in its own loop.
"""

from __future__ import annotations

import importlib.resources
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import redis
from redis.backoff import NoBackoff
from redis.connection import ConnectionPool
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry

from perseus.cluster import Cluster
from perseus.connection import PlainConnection, TLSConnection, Untrusted
from perseus.errors import StoreCorrupt, StoreRefused, StoreUnavailable, StoreUntrusted
from perseus.finder import Finder, SentinelRefused
from perseus.layout import Place
from perseus.sentinel import Sentinel
from perseus.storeurl import StoreURL

Client = redis.Redis

IS_ONE_SERVER = "it is one server and no Redis Cluster: write redis:// or rediss://"
IS_SENTINEL = "it is a sentinel and no store: write redis+sentinel:// or rediss+sentinel://, and the service behind it"
IS_CLUSTER = "it is a node of a Redis Cluster: write redis+cluster:// or rediss+cluster://"

# An error inside a script carries the code of the command that failed in the middle of its text.
NO_ANSWER = re.compile(r"(^|-)(READONLY|OOM|NOREPLICAS|CLUSTERDOWN|LOADING|MASTERDOWN|BUSY|MISCONF|TRYAGAIN)\b")
OF_SENTINEL = re.compile(r"unknown command [`'](GET|TIME|EXISTS|HMGET|EVALSHA|SCRIPT)\b", re.IGNORECASE)
REFUSED = re.compile(
    r"(^|-)(NOAUTH|WRONGPASS|NOPERM|DENIED)\b|can't run this command or subcommand|ACL failure in script"
)
IN_SCRIPT = re.compile(r"^Error running script .*@user_script: \d+: -?| script: [0-9a-f]{40}, on @user_script:\d+")
NO_ANSWER_KINDS = (
    redis.exceptions.ReadOnlyError,
    redis.exceptions.OutOfMemoryError,
    redis.exceptions.ClusterDownError,
    redis.exceptions.TryAgainError,
    redis.exceptions.ConnectionError,
    redis.exceptions.TimeoutError,
)


def connect(url: str, *, timeout: float, name: str) -> Client:
    """A client of the store at `url` (see `perseus.storeurl`); opens no connection yet.

    `timeout` (seconds) bounds each connect and each answer; `name` is what CLIENT LIST shows. Raises SettingError.
    Errors: use `answers`.
    """
    address = StoreURL.parse(url)
    if address.service is not None:
        return _sentinel(address, address.service, timeout, name)
    if address.is_cluster:
        return Cluster(address.places[0], lambda place, seconds: _server(address, place, seconds, name), timeout)
    return _server(address, address.places[0], timeout, name)


def at(url: str, place: Place, *, timeout: float, name: str) -> redis.Redis:
    """A client of one server of that store alone, with its user, password and TLS: to look at it, not to use it."""
    return _server(StoreURL.parse(url), place, timeout, name)


def _server(address: StoreURL, place: Place, seconds: float, name: str) -> redis.Redis:
    return _pooled(place, {**_options(address, name), **_bounded(seconds)}, address.tls)


def _sentinel(address: StoreURL, service: str, timeout: float, name: str) -> Sentinel:
    def make(place: Place, seconds: float) -> redis.Redis:
        options = {**_options(address, name), **address.sentinel_login, "db": 0, **_bounded(seconds)}
        return _pooled(place, options, address.sentinel_tls)

    options = {**_options(address, name), **_bounded(timeout), **(address.tls or {})}
    return Sentinel(
        Finder(address.places, service, make, timeout), str(address), is_tls=address.tls is not None, **options
    )


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
    """Host and port of a client, or the sentinels and the service, without user or password: fit for messages."""
    if isinstance(client, Sentinel):
        return client.where
    options = client.connection_pool.connection_kwargs
    return f"{options['host']}:{options['port']}"


def where_url(url: str) -> str:
    """The same of a URL."""
    return str(StoreURL.parse(url))


@contextmanager
def answers(client: Client) -> Iterator[None]:
    """Translate redis-py's errors: StoreUnavailable for no usable answer, StoreRefused for a no.

    Only store calls belong inside. A refusal about one key (WRONGTYPE) passes through: it is about data.
    """
    try:
        yield
    except (redis.exceptions.AuthenticationError, redis.exceptions.NoPermissionError) as error:
        raise StoreRefused(where(client), _plain(error)) from None
    except Untrusted as error:
        raise StoreUntrusted(where(client), _plain(error)) from None
    except redis.exceptions.InvalidResponse:
        raise StoreRefused(where(client), "it does not speak the Redis protocol") from None
    except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError, OSError) as error:
        raise StoreUnavailable(where(client), _plain(error)) from None
    except redis.exceptions.ResponseError as error:
        if REFUSED.search(str(error)):
            raise StoreRefused(where(client), _plain(error)) from None
        if is_no_answer(error):
            raise StoreUnavailable(where(client), _plain(error)) from None
        if isinstance(error, redis.exceptions.MovedError):
            raise StoreRefused(where(client), IS_CLUSTER) from None
        if "cluster support disabled" in str(error):
            raise StoreRefused(where(client), IS_ONE_SERVER) from None
        if isinstance(error, SentinelRefused):
            raise StoreRefused(where(client), _plain(error)) from None
        if OF_SENTINEL.search(str(error)):
            raise StoreRefused(where(client), IS_SENTINEL) from None
        raise


def is_no_answer(error: object) -> bool:
    """Is this, as one answer of a pipeline, the silence of the store? Anything else is about one key, or a refusal."""
    if isinstance(error, NO_ANSWER_KINDS):
        return True
    return isinstance(error, redis.exceptions.ResponseError) and bool(NO_ANSWER.search(str(error)))


def _plain(error: Exception) -> str:
    return IN_SCRIPT.sub("", str(error) or type(error).__name__).rstrip(".")


class Script:
    """One Lua script of `<package>/lua`. Calling it is one round trip; it is loaded when the store lacks it.

    Its keys share one slot.
    """

    def __init__(self, client: Client, name: str, package: str = "perseus.network") -> None:
        source = importlib.resources.files(package).joinpath("lua", f"{name}.lua").read_text("utf-8")
        self._run = client.register_script(source)
        self._client = client

    def __call__(self, keys: Sequence[str], args: Sequence[str | int | float], by: Any = None) -> list[Any]:
        """Errors as `answers`, and StoreCorrupt when a key is of another type or holds what the script cannot use.

        `by` sends it in place of its client: see `perseus.acknowledged`.
        """
        try:
            with answers(self._client):
                return cast("list[Any]", self._run(keys=list(keys), args=[_writable(arg) for arg in args], client=by))
        except redis.exceptions.ResponseError as error:
            if "WRONGTYPE" in str(error) or "user_script" in str(error):
                raise StoreCorrupt(where(self._client), " or ".join(keys)) from None
            raise


def _writable(arg: str | int | float) -> bytes | int | float:
    """Text as UTF-8, with `?` for the halves of characters that undecodable file names leave in errors."""
    return arg.encode("utf-8", "replace") if isinstance(arg, str) else arg


def wait_until_up(
    client: Client,
    seconds: float,
    say: Callable[[str], None],
    pause: Callable[[float], object] = time.sleep,
) -> None:
    """Wait for the store to answer, telling `say` at each try.

    Raises StoreUnavailable after `seconds`; StoreRefused and StoreUntrusted at once, for waiting mends neither
    password nor certificate.
    """
    give_up = time.monotonic() + seconds
    while True:
        try:
            with answers(client):
                client.ping()
            return
        except StoreUntrusted:
            raise
        except StoreUnavailable as error:
            left = give_up - time.monotonic()
            if left <= 0:
                raise
            say(f"{error} Trying again for {left:.0f} s more.")
            pause(min(2.0, left))
