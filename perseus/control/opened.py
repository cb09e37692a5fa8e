"""Commands whose end is not in the audit log yet: one hash for all targets, so that anybody can write it."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any, NamedTuple

from redis.exceptions import ResponseError

from perseus import keys
from perseus.control.command import ID, TARGET, Command
from perseus.store import Client, answers

log = logging.getLogger(__name__)

KEPT_MS = 7 * 86_400_000


class Opened(NamedTuple):
    """What the audit log needs of one. `about`: its exchange, else its target; `expires_ms` by the store's clock."""

    id: str
    kind: str
    target: str
    about: str
    by: str
    ip: str
    expires_ms: int

    @classmethod
    def of(cls, command: Command) -> Opened:
        """Of a command that is about to be sent, or was taken."""
        about = command.exchange_name or command.target
        return cls(command.id, command.kind, command.target, about, command.by, command.ip, command.expires_ms)


def add(client: Client, command: Command) -> None:
    """It is about to be sent. Another type in place of the hash is deleted. Raises StoreUnavailable, StoreRefused."""
    with answers(client):
        try:
            _add(client, Opened.of(command))
        except ResponseError as error:
            if "WRONGTYPE" not in str(error):
                raise
            log.warning("%s held something that Perseus did not write; it was deleted.", keys.COMMANDS)
            client.delete(keys.COMMANDS)
            _add(client, Opened.of(command))


def read(client: Client) -> tuple[list[Opened], list[str]]:
    """Those of the last week, and the names of what is none: junk. Errors as `add`."""
    with answers(client):
        try:
            found: Mapping[str, str] = client.hgetall(keys.COMMANDS)  # type: ignore[assignment]
        except ResponseError as error:
            if "WRONGTYPE" not in str(error):
                raise
            return [], []
    told = {name: _parse(name, text) for name, text in found.items()}
    return [one for one in told.values() if one is not None], [name for name, one in told.items() if one is None]


def remove(client: Client, *names: str) -> None:
    """Their end is written down, or they are junk. Errors as `add`."""
    with answers(client):
        client.hdel(keys.COMMANDS, *names)


def _add(client: Client, one: Opened) -> None:
    pipeline: Any = client.pipeline(transaction=False)
    pipeline.hset(keys.COMMANDS, one.id, json.dumps(one._asdict()))
    pipeline.pexpire(keys.COMMANDS, KEPT_MS)
    pipeline.execute()


def _parse(name: str, text: str) -> Opened | None:
    try:
        raw = json.loads(text)
        said = {field: str(raw[field]) for field in Opened._fields[:-1]}
        one = Opened(**said, expires_ms=int(raw["expires_ms"]))
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        return None
    return one if one.id == name and ID.fullmatch(one.id) and TARGET.fullmatch(one.target) else None
