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
#: The same of what stands in the way of scripts alone, and of a right that a trial lacks.
HALF_MOVED: Final = "TRYAGAIN"
NO_RIGHT: Final = "NOPERM"
MOVE: Final = "a slot is half moved, and scripts on its keys are refused until the move has ended"
EXPLAINED: Final = {
    **WHY,
    HALF_MOVED: MOVE,
    NO_RIGHT: "its user lacks rights: docs/operate.md lists them",
}

# An error inside a script carries the code of the command that failed in the middle of its text.
CODE = re.compile(rf"(?:^|-)({'|'.join((*WHY, HALF_MOVED))})\b")
SLOT = re.compile(r"\bslot (\d+) is half moved")
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
    """Why this answer, or error, refuses a write: a key of `EXPLAINED`. None for one that does not."""
    if not isinstance(answer, redis.exceptions.ResponseError):
        return None
    found = CODE.search(SERVER.sub("", said(answer)))
    why = found[1] if found else WITHOUT_CODE.get(type(answer))
    return why if why in EXPLAINED else None


def half_moved(error: redis.exceptions.TryAgainError, slot: int) -> redis.exceptions.TryAgainError:
    """The same with the slot, of which Redis does not tell the number."""
    told_already = SLOT.search(str(error))
    return error if told_already else type(error)(f"slot {slot} is half moved: the move of its keys has not ended")


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
    text = text if text.startswith(why) else f"{why} {text}"
    slot = SLOT.search(text)
    return StoreRefusesWrites(named[1] if named else where, why, text, int(slot[1]) if slot else None)


def plain(text: str) -> str:
    """What a server said, without the place in a script or a pipeline of ours."""
    return IN_SCRIPT.sub("", said(text)).rstrip(".")


def attempts(key: str) -> tuple[tuple[str | int, ...], ...]:
    """Commands that a server refuses when it refuses writes, and that write nothing: their key is never there.

    What a lease is written by, and what a log is. They go to the server that has `key`.
    """
    probe = keys.write_probe(key)
    return ("SET", probe, "", "XX", "PX", 1), ("XADD", probe, "NOMKSTREAM", "*", "f", "v")


def of_attempt(answer: object, where: str) -> StoreRefusesWrites | None:
    """What the answer to an attempt refuses; that a right is missing too. None for one that would have written."""
    if isinstance(answer, redis.exceptions.NoPermissionError):
        named = SERVER.match(said(answer))
        text = plain(SERVER.sub("", said(answer))).removeprefix(f"{NO_RIGHT} ")
        return StoreRefusesWrites(named[1] if named else where, NO_RIGHT, f"{NO_RIGHT} {text}")
    return told(answer, where) if isinstance(answer, redis.exceptions.ResponseError) else None


def why(code: str, slot: int | None = None) -> str:
    """A key of `EXPLAINED` in words. `slot`: which one is half moved."""
    return EXPLAINED[code] if slot is None else EXPLAINED[code].replace("a slot", f"slot {slot}")
