"""The stream of commands of each target, and the hash of what came of them. One key a call: any store will do.

The store is no judge of who may command: whatever stands in the stream is read as what a stranger wrote there.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

from redis.exceptions import ResponseError

from perseus import keys
from perseus.control import command as commands
from perseus.control import hosts, opened, outcomes, signing
from perseus.control.command import LIFE_MS, LONGEST_LIFE_MS, TARGET, BadCommand, Command
from perseus.control.outcomes import Outcome, Status
from perseus.errors import PerseusError, StoreCorrupt
from perseus.store import Client, answers, is_cluster, now_ms, where
from perseus.store.batch import Batch

log = logging.getLogger(__name__)

KEPT_MS = 3_600_000
OUTCOMES_KEPT_MS = 86_400_000
MOST = 100
START = "0-0"
LATE_MS = 2_000
"""A target that accepted in the last moment may say so this much later."""
INTERRUPTED = (
    "The process that did it has ended or lost the data store in the middle of it. Look at the exchange's card for "
    "what is so now, then send it again if it is still wanted."
)
UNTAKEN = (
    "No process took it in time: its target has ended, hangs, does not reach the data store, or has another key of "
    "commands than who sent it. `perseus doctor` tells which."
)


class BadTarget(PerseusError):
    """Raised when a text can be no target's name."""

    def __init__(self, target: str) -> None:
        super().__init__(f"{target[:120]!r} is no target: `perseus control hosts` lists those that take commands.")
        self.target = target


class Letter(NamedTuple):
    """One entry of a stream, as it stands there: anybody may have written it. '' for a field that it lacks."""

    stream_id: str
    body: str
    mac: str


def send(client: Client, key: bytes, command: Command, life_ms: int = LIFE_MS) -> str:
    """Sign `command` and put it in its target's stream; gives its id. It may be accepted for `life_ms` from now.

    Sent again it is the same command, and is done once. Raises BadTarget, BadCommand, StoreUnavailable, StoreRefused,
    StoreCorrupt.
    """
    _check(command.target)
    stream = keys.control(command.target, "commands")
    with answers(client):
        issued = command.issued(now_ms(client, stream), min(life_ms, LONGEST_LIFE_MS))
        body = issued.to_json()
        commands.parse(body)  # what its target could not read is not sent
        opened.add(client, issued)
        pipeline: Any = client.pipeline(transaction=False)
        pipeline.xadd(stream, {"body": body, "mac": signing.sign(key, body)}, maxlen=MOST, approximate=False)
        pipeline.pexpire(stream, KEPT_MS)
        added = pipeline.execute(raise_on_error=False)[0]
        if isinstance(added, ResponseError) and "WRONGTYPE" in str(added):
            raise StoreCorrupt(where(client), stream)
        if isinstance(added, Exception):
            raise added
    return command.id


def receive(client: Client, target: str, after: str, wait_ms: int) -> list[Letter]:
    """What stands in the stream behind `after`, oldest first; waits for some, `wait_ms` at most (0: not at all).

    Errors as `send`.
    """
    stream = keys.control(target, "commands")
    block = ("BLOCK", wait_ms) if wait_ms else ()
    near = {"near": stream} if is_cluster(client) else {}
    asked: Any = client
    with answers(client):
        try:
            told = asked.execute_command("XREAD", "COUNT", MOST, *block, "STREAMS", stream, after, **near)
        except ResponseError as error:
            if "WRONGTYPE" in str(error):
                raise StoreCorrupt(where(client), stream) from None
            raise
    entries = next(iter(told.values() if isinstance(told, dict) else (one[1] for one in told or ())), ())
    return [Letter(str(at), str(fields.get("body", "")), str(fields.get("mac", ""))) for at, fields in _flat(entries)]


def record(client: Client, told: Outcome, is_first: bool = False) -> None:
    """Leave what came of it, or how far it has come; `is_first`: unless there is an outcome already.

    Another type in its place is deleted. Raises StoreUnavailable, StoreRefused.
    """
    name = keys.control(told.target, "outcomes")
    with answers(client):
        try:
            _record(client, name, told, is_first)
        except ResponseError as error:
            if "WRONGTYPE" not in str(error):
                raise
            discard(client, name)
            _record(client, name, told, is_first)


def discard(client: Client, name: str) -> None:
    """Delete a key of ours that is of another type. Raises StoreUnavailable, StoreRefused."""
    log.warning("%s held something that Perseus did not write; it was deleted.", name)
    with answers(client):
        client.delete(name)


def _record(client: Client, name: str, told: Outcome, is_first: bool) -> None:
    pipeline: Any = client.pipeline(transaction=False)
    (pipeline.hsetnx if is_first else pipeline.hset)(name, told.id, told.to_json())
    pipeline.pexpire(name, OUTCOMES_KEPT_MS)
    pipeline.execute()


def forget(client: Client, target: str, command_ids: Sequence[str]) -> None:
    """Drop what came of these. Raises StoreUnavailable, StoreRefused."""
    with answers(client):
        client.hdel(keys.control(target, "outcomes"), *command_ids)


def outcome(client: Client, target: str, command_id: str) -> Outcome | None:
    """How far a command has come. None while its target has not accepted it, and for an id that nobody sent.

    One whose process has ended for sure is told as failed, and one that nobody took in time as expired.
    Raises BadTarget, StoreUnavailable, StoreRefused.
    """
    _check(target)
    name = keys.control(target, "outcomes")
    batch = Batch(client)
    batch.add("HGET", name, command_id)
    batch.add("HGET", keys.HOSTS, target)
    text, report = batch.run()
    found = outcomes.parse(text) if isinstance(text, str) else None
    if found is None:
        return _untaken(client, target, command_id)
    if not found.is_final and hosts.has_ended(report, target, found.at_ms, batch.now_ms(keys.HOSTS)):
        return dataclasses.replace(found, status=Status.FAILED, text=INTERRUPTED, ended_ms=found.at_ms)
    return found


def _untaken(client: Client, target: str, command_id: str) -> Outcome | None:
    """That it has expired without being accepted, as far as the stream still has it."""
    stream = keys.control(target, "commands")
    batch = Batch(client)
    batch.add("XRANGE", stream, "-", "+", "COUNT", MOST)
    (entries,) = batch.run()
    at_ms = batch.now_ms(stream)
    for _, fields in _flat(entries if isinstance(entries, list) else ()):
        try:
            sent = commands.parse(str(fields.get("body", "")))
        except BadCommand:
            continue
        if sent.id == command_id and at_ms > sent.expires_ms + LATE_MS:
            end_ms = sent.expires_ms
            return Outcome(sent.id, sent.kind, target, Status.EXPIRED, end_ms, sent.issued_ms, end_ms, text=UNTAKEN)
    return None


def _flat(entries: Any) -> list[tuple[Any, dict[Any, Any]]]:
    """Entries with their fields as a mapping; an entry that was deleted meanwhile has none."""
    return [(at, fields if isinstance(fields, dict) else {}) for at, fields in entries]


def _check(target: str) -> None:
    if not TARGET.fullmatch(target):
        raise BadTarget(target)
