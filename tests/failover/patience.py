"""Reading a store that fails over meanwhile: a test's own client meets the dead server too."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import redis

from perseus.store import Client
from tests.instances import events, eventually, last_record_of, moves, payload_of

#: A last record that is older than any lease, without its payload: who claims over it need not wait.
OLD = {"token": "1", "until_ms": 1, "beat_ms": 1, "closed": "1", "closed_ms": 1, "recorded_ms": 1, "nonce": ""}


WALK = ["idle>starting", "starting>warming", "warming>active"]


def patiently(check: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until it holds; what cannot be asked now is asked again."""

    def answered() -> bool:
        with contextlib.suppress(redis.RedisError):
            return check()
        return False

    eventually(answered, seconds)


def logged(text: str, client: Client) -> bool:
    """Does the log tell this error?"""
    return any(event.get("error") == text for event in events(client))


def shown(text: str, client: Client) -> bool:
    """Does the payload?"""
    status = payload_of(client)
    return status is not None and status.last_error == text


def is_held_under(token: str, client: Client) -> bool:
    """Is this the token of the last record, and is the walk to active in the log, in order and once?"""
    went = [move for move in moves(client) if move not in ("offline>active", "error")]
    return last_record_of(client)["token"] == token and went == WALK
