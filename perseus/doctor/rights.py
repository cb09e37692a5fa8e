"""Which commands the store's user may use: each is tried on a scratch key that none of them can change.

A server with rights of its own (ACL) refuses a command before it looks at it, so one that fails in any other way is
allowed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import redis

from perseus import keys
from perseus.store import refusal
from perseus.store.answers import REFUSED, is_no_answer

SCRATCH_MS: Final = 10_000
HINT_SECONDS: Final = 1.0
SHA: Final = "0" * 40
#: Without these there is no answer at all, so they are not tried.
CONNECTING: Final = frozenset(("info", "client", "select", "hello", "cluster|slots", "asking"))
#: Only the doctor asks these: without them a node of a Cluster that is gone is not known.
LOOKING: Final = frozenset(("cluster|nodes",))
HINTS: Final = frozenset(("publish", "subscribe", "unsubscribe"))
#: What a command is followed by: S is the scratch string, N a key that is not there, in the slot of S.
TRIED: Final = {
    "ping": "",
    "time": "",
    "get": "S",
    "exists": "N",
    "pttl": "S",
    "del": "N",
    "pexpire": "N 1",
    "hget": "N f",
    "hgetall": "N",
    "hmget": "N f",
    "hset": "S f v",
    "hsetnx": "S f v",
    "hdel": "N f",
    "hincrby": "S f 1",
    "incr": "S",
    "incrby": "S 1",
    "lpush": "S v",
    "rpush": "S v",
    "lpop": "N",
    "rpop": "N",
    "llen": "N",
    "lrange": "N 0 0",
    "ltrim": "N 0 0",
    "xadd": "S * f v",
    "xdel": "N 0-1",
    "xtrim": "N MAXLEN 1",
    "xlen": "N",
    "xrange": "N - + COUNT 1",
    "xrevrange": "N + - COUNT 1",
    "xread": "STREAMS N 0-0",
    "zadd": "S 1 v",
    "zrem": "N v",
    "zcard": "N",
    "zcount": "N 0 0",
    "zrange": "N 0 0",
    "zrangebyscore": "N 0 0",
    "zremrangebyrank": "N 0 0",
    "evalsha": f"{SHA} 1 N",
    "script|load": "return 1",
}
SET: Final = "set"
OF_COMMAND: Final = re.compile(r"the '(\S+)' command")
NO_PARAMETER: Final = "perseus-doctor"
PATTERNS: Final = (
    ("exchange:*", keys.status(0)),
    ("{exchange:*", keys.last_record(0)),
    ("logs:*", keys.activity("?")),
    ("{logs:*", keys.activity_meta("?")),
    ("perseus:*", keys.INITIALISED),
    ("{perseus:*", keys.destination("?", "lease")),
    ("candles:*", keys.candles(0, "?", "5m")),
    ("{candles:*", keys.candles_meta(0, "?", "5m")),
    ("ticker:*", keys.ticker(0, "?")),
    ("{weight:*", keys.weight_book(0, "?")),
)


def tried(client: redis.Redis, scratch: str, *, channel: bool) -> tuple[str, tuple[str, ...]]:
    """What the server says to a write ('' : it took one), and which rights are missing, as ACL SETUSER has them.

    Raises redis-py's errors for a server that does not answer. `channel`: try that as well.
    """
    written = answer(client, "SET", scratch, "x", "PX", SCRATCH_MS)
    denied = [f"+{SET}"] if is_denied(written) and not _is_about_a_key(written) else []
    if not isinstance(written, Exception):
        denied += _commands(client, scratch)
    denied += _patterns(client)
    if channel:
        denied += _channel(client)
    return (refusal.whole(written) if is_no_answer(written) else ""), tuple(denied)


def answer(client: redis.Redis, *command: str | int) -> Any:
    """What the server answers to one command, an error included. Raises redis-py's errors for no answer."""
    pipeline: Any = client.pipeline(transaction=False)
    pipeline.execute_command(*command)
    (answered,) = pipeline.execute(raise_on_error=False)
    return answered


def named(refusal_text: str) -> tuple[str, ...]:
    """The right that a refusal names, where not even a connection was let be; () for none."""
    found = OF_COMMAND.search(refusal_text)
    return (f"+{found[1].partition('|')[0]}",) if found else ()


def may_wait(client: redis.Redis) -> bool:
    """Is WAIT known and allowed? Asked for no replicas it answers at once. Not every site wants that right."""
    return isinstance(answer(client, "WAIT", 0, 1), int)


def may_configure(client: redis.Redis) -> bool:
    """Would CONFIG SET be taken? Tried with a parameter that no server has: who may not is refused before that."""
    return NO_PARAMETER in str(answer(client, "CONFIG SET", NO_PARAMETER, ""))


def full(user: str) -> tuple[str, ...]:
    """The words of ACL SETUSER that give `user` all that docs/operate.md lists, PASSWORD for its password."""
    patterns = (f"~{pattern}" for pattern, _ in PATTERNS)
    granted = (f"+{name}" for name in (*sorted(CONNECTING), *sorted(LOOKING), SET, *TRIED, *sorted(HINTS)))
    return (user, "on", ">PASSWORD", "resetkeys", *patterns, "resetchannels", "&channel:*", "-@all", *granted)


def _commands(client: redis.Redis, scratch: str) -> Iterator[str]:
    """Asked only while the scratch key is there: on none, half of them would make one."""
    places = {"S": scratch, "N": f"{{{scratch}}}:none"}
    pipeline: Any = client.pipeline(transaction=False)
    for name, arguments in TRIED.items():
        words = [arguments] if name == "script|load" else [places.get(word, word) for word in arguments.split()]
        pipeline.execute_command(name.replace("|", " ").upper(), *words)
    pipeline.execute_command("DEL", scratch)
    for name, answer in zip(TRIED, pipeline.execute(raise_on_error=False), strict=False):
        if is_denied(answer) and not _is_about_a_key(answer):
            yield f"+{name}"


def _patterns(client: redis.Redis) -> Iterator[str]:
    pipeline: Any = client.pipeline(transaction=False)
    for _, key in PATTERNS:
        pipeline.execute_command("EXISTS", key)
    for (pattern, _), answer in zip(PATTERNS, pipeline.execute(raise_on_error=False), strict=True):
        if is_denied(answer) and _is_about_a_key(answer):
            yield f"~{pattern}"


def _channel(client: redis.Redis) -> Iterator[str]:
    ear: Any = client.pubsub()  # type: ignore[no-untyped-call]
    try:
        ear.subscribe(keys.NETWORK_CHANNEL)
        ear.get_message(timeout=HINT_SECONDS)
        pipeline: Any = client.pipeline(transaction=False)
        # Nobody listens there, and a rule for the one holds for the other.
        pipeline.execute_command("PUBLISH", f"{keys.NETWORK_CHANNEL}:doctor", "")
        (answer,) = pipeline.execute(raise_on_error=False)
        if is_denied(answer):
            yield "+publish &channel:*"
    except redis.exceptions.NoPermissionError:
        yield "+subscribe &channel:*"
    finally:
        ear.close()


def _is_about_a_key(answer: object) -> bool:
    return " key" in str(answer)


def is_denied(answer: object) -> bool:
    """Is this answer the word that our user may not ask so?"""
    if isinstance(answer, redis.exceptions.NoPermissionError):
        return True
    return isinstance(answer, redis.exceptions.ResponseError) and bool(REFUSED.search(str(answer)))
