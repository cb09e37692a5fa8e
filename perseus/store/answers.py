"""What the store's answers and its silence mean: redis-py's errors in the words of `perseus.errors`."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import redis

from perseus.errors import StoreRefused, StoreRefusesWrites, StoreRightsMissing, StoreUnavailable, StoreUntrusted
from perseus.store import refusal, wording
from perseus.store.client import Client, where
from perseus.store.connection import Untrusted
from perseus.store.finder import SentinelRefused
from perseus.store.inquiry import NoneServes

IS_ONE_SERVER = "it is one server and no Redis Cluster: write redis:// or rediss://"
IS_SENTINEL = "it is a sentinel and no store: write redis+sentinel:// or rediss+sentinel://, and the service behind it"
IS_CLUSTER = "it is a node of a Redis Cluster: write redis+cluster:// or rediss+cluster://"

# An error inside a script carries the code of the command that failed in the middle of its text.
NO_ANSWER = re.compile(r"(^|-)(CLUSTERDOWN|LOADING|MASTERDOWN|BUSY|TRYAGAIN)\b")
OF_SENTINEL = re.compile(r"unknown command [`'](GET|TIME|EXISTS|HMGET|EVALSHA|SCRIPT)\b", re.IGNORECASE)
REFUSED = re.compile(
    r"(^|-)(NOAUTH|WRONGPASS|NOPERM|DENIED)\b|can't run this command or subcommand|ACL failure in script"
)
US = re.compile(r"(^|-)(NOAUTH|WRONGPASS|DENIED)\b")
NO_ANSWER_KINDS = (
    redis.exceptions.ClusterDownError,
    redis.exceptions.TryAgainError,
    redis.exceptions.ConnectionError,
    redis.exceptions.TimeoutError,
)


@contextmanager
def answers(client: Client) -> Iterator[None]:
    """Translate redis-py's errors: StoreUnavailable for no usable answer, StoreRefused for a no.

    StoreRefusesWrites, which is a StoreUnavailable, for a no to this write.

    Only store calls belong inside. A refusal about one key (WRONGTYPE) passes through: it is about data.
    """
    try:
        yield
    except redis.exceptions.AuthenticationError as error:
        user = client.connection_pool.connection_kwargs.get("username")
        raise wording.user_refused(_plain(error), where(client), user) from None
    except redis.exceptions.NoPermissionError as error:
        raise _rights(error, client) from None
    except Untrusted as error:
        raise StoreUntrusted(where(client), _plain(error)) from None
    except redis.exceptions.InvalidResponse:
        raise StoreRefused(where(client), "it does not speak the Redis protocol") from None
    except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError, OSError) as error:
        raise wording.unavailable(_plain(error), where(client), _seconds(client)) from None
    except redis.exceptions.ResponseError as error:
        if REFUSED.search(refusal.said(error)):
            is_us = US.search(refusal.said(error))
            raise (StoreRefused(where(client), _plain(error)) if is_us else _rights(error, client)) from None
        refused = refusal.told(error, where(client))
        if refused is not None:
            raise refused from None
        if is_no_answer(error):
            raise StoreUnavailable(where(client), _plain(error)) from None
        if isinstance(error, redis.exceptions.MovedError):
            raise StoreRefused(where(client), IS_CLUSTER) from None
        if "cluster support disabled" in refusal.said(error):
            raise StoreRefused(where(client), IS_ONE_SERVER) from None
        if isinstance(error, SentinelRefused | NoneServes):
            raise StoreRefused(where(client), _plain(error)) from None
        if OF_SENTINEL.search(refusal.said(error)):
            raise StoreRefused(where(client), IS_SENTINEL) from None
        raise


def is_no_answer(error: object) -> bool:
    """Is this, as one answer of a pipeline, the silence of the store, or its no to writing?

    Anything else is about one key, or a refusal of us.
    """
    if isinstance(error, NO_ANSWER_KINDS) or refusal.code(error) is not None:
        return True
    return isinstance(error, redis.exceptions.ResponseError) and bool(NO_ANSWER.search(refusal.said(error)))


def _seconds(client: Client) -> float | None:
    """The longest wait of this client for one answer."""
    found: float | None = client.connection_pool.connection_kwargs.get("socket_timeout")
    return found


def _rights(error: Exception, client: Client) -> StoreRightsMissing:
    """With the server's own word, which redis-py takes off."""
    text = _plain(error)
    return StoreRightsMissing(where(client), text if refusal.NO_RIGHT in text else f"{refusal.NO_RIGHT} {text}")


def _plain(error: Exception) -> str:
    return refusal.plain(str(error) or type(error).__name__)


def wait_until_up(
    client: Client,
    seconds: float,
    say: Callable[[str], None],
    pause: Callable[[float], object] = time.sleep,
    *written: tuple[str, ...],
) -> None:
    """Wait for the store to answer, telling `say` at each try; with `written`, until scripts may write these keys.

    Each of them: the keys of one script, which share a slot.

    Raises StoreUnavailable after `seconds`; StoreRefused and StoreUntrusted at once, for waiting mends neither
    password nor certificate.
    """
    give_up = time.monotonic() + seconds
    while True:
        try:
            with answers(client):
                for names in written:
                    _try_to_write(client, names)
                if not written:
                    client.ping()
            return
        except StoreUntrusted:
            raise
        except StoreUnavailable as error:
            if not written and isinstance(error, StoreRefusesWrites):
                return  # a PING is refused too by a server that cannot save
            left = give_up - time.monotonic()
            if left <= 0:
                raise
            say(f"{error} Trying again for {left:.0f} s more.")
            pause(min(2.0, left))


def _try_to_write(client: Client, names: tuple[str, ...]) -> None:
    """Raises redis-py's errors, those of rights too: what starts now would claim and then fail."""
    asked: Any = client
    for attempt in refusal.attempts(names[0]):
        asked.execute_command(*attempt)
    asked.execute_command("EXISTS", *names)
