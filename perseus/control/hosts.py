"""The ingest processes that take commands, and the standbys that take none: what each says of itself, every 5 s.

Readers tolerate junk.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from redis.exceptions import ResponseError

from perseus import keys
from perseus.store import Client, answers, now_ms
from perseus.store.batch import Batch

log = logging.getLogger(__name__)

GONE_AFTER_MS = 15_000
FORGOTTEN_MS = 4 * GONE_AFTER_MS
AHEAD_MS = 5_000
"""A store that failed over may be behind by so much. What is dated later was not written by a process that lives."""

#: `waiting`: it is to take an exchange over, and waits for its lease.
Role = Literal["idle", "serving", "waiting", "standby"]


class Report(BaseModel):
    """One process. `at`: Unix milliseconds of the store; `warm`: of a standby, None where it makes no sense.

    `doing`: what it is at, for people, None for nothing in particular. `key`: the fingerprint of its key of commands.
    `takes_commands` False: a standby without one. `takes_over_for`: who has told it to take its exchange over, until it
    has the lease.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_camel, populate_by_name=True)

    target: str
    hostname: str
    ip: str | None = None
    pid: int
    version: str = ""
    at: int
    role: Role
    exchange_id: int | None = None
    exchange_name: str | None = None
    instance_id: str | None = None
    warm: bool | None = None
    doing: str | None = None
    key: str | None = None
    takes_commands: bool = True
    takes_over_for: str | None = None


def read(client: Client) -> list[Report]:
    """Those that reported in the last 15 s, by host and pid. Raises StoreUnavailable, StoreRefused."""
    batch = Batch(client)
    add(batch)
    (answer,) = batch.run()
    return told(batch, answer)


def add(batch: Batch) -> None:
    """Ask for them along with what else the batch asks for; `told` makes reports of the answer."""
    batch.add("HGETALL", keys.HOSTS)


def told(batch: Batch, answer: object) -> list[Report]:
    """The reports in the answer to what `add` asked."""
    return living(answer, batch.now_ms(keys.HOSTS))


def living(answer: object, at_ms: int) -> list[Report]:
    """The reports of those that live at that time (store)."""
    entries = answer.items() if isinstance(answer, Mapping) else ()
    reports = [report for name, text in entries if (report := parse(text)) is not None and report.target == name]
    kept = [one for one in reports if at_ms - GONE_AFTER_MS < one.at <= at_ms + AHEAD_MS]
    return sorted(kept, key=lambda one: (one.hostname, one.pid, one.target))


def has_ended(answer: object, target: str, said_ms: int, at_ms: int) -> bool:
    """Has the process that spoke at `said_ms` ended for sure? `answer`: what stands for its target at `at_ms` (store).

    Without a report it was taken off in order, or all were lost a moment ago with what somebody else wrote there.
    """
    if answer is None:
        return at_ms - said_ms > GONE_AFTER_MS
    return parse(answer) is not None and not living({target: answer}, at_ms)


def has_another_key(one: Report, ours: str) -> bool:
    """Does it refuse what is signed with the key of that fingerprint? Of one that tells none nothing is known."""
    return one.key not in (None, ours)


def parse(text: object) -> Report | None:
    """None when it is no report."""
    try:
        return Report.model_validate_json(str(text))
    except ValidationError:
        return None


def write(client: Client, report: Report) -> None:
    """Say it anew, at the store's time, and sweep those long gone. Raises StoreUnavailable, StoreRefused."""
    with answers(client):
        at_ms = now_ms(client, keys.HOSTS)
        known = _known(client)
        gone = [name for name, text in known.items() if name != report.target and _is_long_gone(text, at_ms)]
        if gone:
            client.hdel(keys.HOSTS, *gone)
        client.hset(
            keys.HOSTS, report.target, json.dumps(report.model_copy(update={"at": at_ms}).model_dump(by_alias=True))
        )


def remove(client: Client, target: str) -> None:
    """This process is gone, or has nothing to say any more. Raises StoreUnavailable, StoreRefused."""
    with answers(client):
        if target in _known(client):
            client.hdel(keys.HOSTS, target)


def _known(client: Client) -> Mapping[str, str]:
    """What is there. Another type is nobody's: it would hide every process from those that command."""
    asked: Any = client
    try:
        found: Mapping[str, str] = asked.hgetall(keys.HOSTS)
    except ResponseError as error:
        if "WRONGTYPE" not in str(error):
            raise
        log.warning("%s held something that Perseus did not write; it was deleted.", keys.HOSTS)
        client.delete(keys.HOSTS)
        return {}
    return found


def _is_long_gone(text: object, at_ms: int) -> bool:
    report = parse(text)
    return report is None or not at_ms - FORGOTTEN_MS <= report.at <= at_ms + AHEAD_MS
