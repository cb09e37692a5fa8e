"""A no to writing: the store can be read, but no lease can be claimed or renewed and no event recorded."""

from __future__ import annotations

import re
from typing import Final

import redis

from perseus import keys
from perseus.errors import StoreRefusesWrites
from perseus.store.layout import Place

#: What each code means, in the words of who must mend it.
WHY: Final = {
    "NOREPLICAS": "fewer replicas follow it than its min-replicas-to-write asks for",
    "OOM": "its memory is full, up to its maxmemory",
    "MISCONF": "it could not save to its disk",
    "READONLY": "it is a replica, and those are only read",
}

# An error inside a script carries the code of the command that failed in the middle of its text.
CODE = re.compile(rf"(?:^|-)({'|'.join(WHY)})\b")
IN_SCRIPT = re.compile(r"^Error running script .*@user_script: \d+: -?| script: [0-9a-f]{40}, on @user_script:\d+")
SERVER = re.compile(r"^server (\S+): ")
# redis-py puts the command before the first error of a pipeline, with the key and its value.
IN_PIPELINE = re.compile(r"^(server \S+: )?Command # \d+ \(.*?\) of pipeline caused error: ", re.DOTALL)
#: redis-py takes the code off the text of these.
WITHOUT_CODE: Final = {
    redis.exceptions.ReadOnlyError: "READONLY",
    redis.exceptions.OutOfMemoryError: "OOM",
    redis.exceptions.ClusterDownError: "CLUSTERDOWN",
    redis.exceptions.MasterDownError: "MASTERDOWN",
    redis.exceptions.TryAgainError: "TRYAGAIN",
}


def said(answer: object) -> str:
    """What a server said, without the command of a pipeline that redis-py puts before it."""
    return IN_PIPELINE.sub(r"\1", str(answer))


def whole(answer: object) -> str:
    """The same with the code that a server begins with, where redis-py took it off."""
    text, taken = plain(said(answer)), WITHOUT_CODE.get(type(answer), "")
    return text if text.startswith(taken) else f"{taken} {text}"


def code(answer: object) -> str | None:
    """Why this answer, or error, refuses a write: a key of `WHY`. None for one that does not."""
    if not isinstance(answer, redis.exceptions.ResponseError):
        return None
    found = CODE.search(SERVER.sub("", said(answer)))
    why = found[1] if found else WITHOUT_CODE.get(type(answer))
    return why if why in WHY else None


def placed(error: redis.exceptions.ResponseError, place: Place) -> redis.exceptions.ResponseError:
    """The same refusal, with the server that gave it."""
    return type(error)(f"server {place[0]}:{place[1]}: {said(error)}")


def told(error: redis.exceptions.ResponseError, where: str) -> StoreRefusesWrites | None:
    """That refusal for people; None for an error that is none. `where`: the store, where it names no server."""
    why = code(error)
    if why is None:
        return None
    named = SERVER.match(said(error))
    text = plain(SERVER.sub("", said(error)))
    return StoreRefusesWrites(named[1] if named else where, why, text if text.startswith(why) else f"{why} {text}")


def plain(text: str) -> str:
    """What a server said, without the place in a script or a pipeline of ours."""
    return IN_SCRIPT.sub("", said(text)).rstrip(".")


def attempt(key: str) -> tuple[str | int, ...]:
    """A command that a server refuses when it refuses writes, and that writes nothing: its key is never there.

    It goes to the server that has `key`.
    """
    return "SET", keys.write_probe(key), "", "XX", "PX", 1
