"""What people ask of a destination or a kind: pages and commands place it, a dispatcher carries it out and answers.

An order is carried out at most once: a dispatcher that dies meanwhile leaves it without an answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import uuid4

from perseus import keys
from perseus.store import Client, answers, now_ms

KEPT_MS = 600_000
WAITING_MAX = 100
CHANGED = "orders"


class What(StrEnum):
    """What can be asked. CHECK of a kind, the others of a destination.

    DRY_RUN: args `event`, a name or None. REPLAY: `fromMs`. REDRIVE, DISCARD: `ids` of dead letters, None for all.
    CHECK: `config`, its secret values sealed.
    """

    PROBE = "probe"
    TEST = "test"
    DRY_RUN = "dry_run"
    REPLAY = "replay"
    REDRIVE = "redrive"
    DISCARD = "discard"
    RESUME = "resume"
    CHECK = "check"


@dataclass(frozen=True, slots=True)
class Order:
    """One order. `by`: who asked. `at_ms`: when, by the store."""

    id: str
    what: str
    by: str
    at_ms: int
    args: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it. `text`: for people. `detail`: what else there is, JSON-able. `done_ms`: when, by the store."""

    ok: bool
    text: str
    detail: Any = None
    done_ms: int = 0


def place(client: Client, key: str, what: str, by: str, args: Mapping[str, Any] | None = None) -> str:
    """Put an order into the list `key` (`keys.destination(id, "orders")`, `keys.kind_orders(name)`); gives its id.

    Raises StoreUnavailable, StoreRefused. An order that nobody takes within ten minutes is gone.
    """
    order = uuid4().hex
    with answers(client):
        at_ms = now_ms(client, key)
        text = json.dumps({"id": order, "what": what, "by": by, "atMs": at_ms, "args": dict(args or {})})
        pipeline = client.pipeline(transaction=False)
        pipeline.rpush(key, text)
        pipeline.ltrim(key, -WAITING_MAX, -1)
        pipeline.pexpire(key, KEPT_MS)
        pipeline.publish(keys.NETWORK_CHANNEL, CHANGED)
        pipeline.execute()
    return order


def answer(client: Client, key: str) -> Answer | None:
    """What came of an order, by `keys.destination_answer` or `keys.kind_answer`; None while nothing has.

    Raises StoreUnavailable, StoreRefused.
    """
    with answers(client):
        text = client.get(key)
    try:
        raw = json.loads(str(text)) if text else None
        return Answer(bool(raw["ok"]), str(raw["text"]), raw.get("detail"), int(raw["doneMs"])) if raw else None
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def take(client: Client, key: str) -> Order | None:
    """The oldest order of the list, which holds it no longer; None when there is none. Junk is thrown away.

    Raises StoreUnavailable, StoreRefused.
    """
    while True:
        with answers(client):
            text = client.lpop(key)
        if text is None:
            return None
        try:
            raw = json.loads(str(text))
            return Order(str(raw["id"]), str(raw["what"]), str(raw["by"]), int(raw["atMs"]), dict(raw["args"]))
        except (ValueError, TypeError, KeyError):
            continue


def reply(client: Client, key: str, found: Answer) -> None:
    """Leave the answer to who ordered. Raises StoreUnavailable, StoreRefused."""
    text = json.dumps(
        {"ok": found.ok, "text": found.text, "detail": found.detail, "doneMs": found.done_ms}, default=str
    )
    with answers(client):
        client.set(key, text, px=KEPT_MS)
