"""One command to one target, as values and as the canonical text that is signed. Pure."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self
from uuid import uuid4

from perseus.errors import PerseusError

LIFE_MS = 30_000
LONGEST_LIFE_MS = 300_000
TARGET = re.compile(r"[A-Za-z0-9._-]{1,120}")
ID = re.compile(r"[0-9a-f]{32}")
BODY_MAX = 65_536


class Kind(StrEnum):
    """What can be asked of a target.

    START {simulator?}; STOP {standby?: only as long as it stands by}; WARM_UP {full}; TAKEOVER {from: instance id};
    HAND_OVER {to: target, host?: its host, for people, instanceId}; SET_SYMBOLS {symbols}; CHECK {environment: names}.
    The others have no arguments.
    """

    START = "start"
    STOP = "stop"
    PAUSE = "pause"
    RESUME = "resume"
    RELOAD = "reload"
    WARM_UP = "warm_up"
    CANCEL_WARM_UP = "cancel_warm_up"
    TAKEOVER = "takeover"
    HAND_OVER = "hand_over"
    SET_SYMBOLS = "set_symbols"
    CHECK = "check"


class BadCommand(PerseusError):
    """Raised when a text is no command."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"This is no command to an ingest process: {problem}.")
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Command:
    """`target`: the process that shall do it; `instance_id`: the run it is meant for, None for whichever runs.

    `by`, `by_name`, `ip`: who asks, for the audit log and the card. Times are the store's; `send` sets them.
    """

    target: str
    kind: Kind
    by: str
    by_name: str = ""
    ip: str = ""
    exchange_id: int | None = None
    exchange_name: str | None = None
    instance_id: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    id: str = field(default_factory=lambda: uuid4().hex)
    issued_ms: int = 0
    expires_ms: int = 0

    def issued(self, now_ms: int, life_ms: int = LIFE_MS) -> Self:
        """The same, from now until `life_ms` later."""
        return dataclasses.replace(self, issued_ms=now_ms, expires_ms=now_ms + life_ms)

    def to_json(self) -> str:
        """The canonical text: what is signed."""
        return json.dumps(
            {
                "id": self.id,
                "target": self.target,
                "kind": self.kind,
                "exchangeId": self.exchange_id,
                "exchangeName": self.exchange_name,
                "instanceId": self.instance_id,
                "arguments": dict(self.arguments),
                "by": self.by,
                "byName": self.by_name,
                "ip": self.ip,
                "issuedAtMs": self.issued_ms,
                "expiresAtMs": self.expires_ms,
            },
            sort_keys=True,
            separators=(",", ":"),
        )


def parse(body: str) -> Command:
    """The command that this text is. Raises BadCommand."""
    if len(body) > BODY_MAX:
        raise BadCommand(f"it is longer than {BODY_MAX} characters")
    try:
        raw = json.loads(body)
        if not isinstance(raw, dict):
            raise BadCommand("it is no JSON object")
        command = Command(
            target=_text(raw, "target", TARGET),
            kind=Kind(raw["kind"]),
            by=_text(raw, "by"),
            by_name=_text(raw, "byName"),
            ip=_text(raw, "ip"),
            exchange_id=None if raw["exchangeId"] is None else int(raw["exchangeId"]),
            exchange_name=None if raw["exchangeName"] is None else _text(raw, "exchangeName"),
            instance_id=None if raw["instanceId"] is None else _text(raw, "instanceId"),
            arguments=dict(raw["arguments"]),
            id=_text(raw, "id", ID),
            issued_ms=int(raw["issuedAtMs"]),
            expires_ms=int(raw["expiresAtMs"]),
        )
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError) as error:
        raise BadCommand(f"{type(error).__name__} in its fields") from None
    return command


def _text(raw: Mapping[str, Any], name: str, pattern: re.Pattern[str] | None = None) -> str:
    value = raw[name]
    if not isinstance(value, str) or (pattern is not None and not pattern.fullmatch(value)):
        raise BadCommand(f"its {name} is none")
    return value
