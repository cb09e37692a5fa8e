"""Follows a command that was sent until its outcome, also while the data store is silent."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

import click

from perseus.control import channel
from perseus.control.command import LIFE_MS
from perseus.control.outcomes import Outcome
from perseus.errors import PerseusError, StoreCorrupt, StoreRefused, StoreUnavailable
from perseus.store import Client

LOOK_SECONDS = 0.2
LOST_SECONDS = LIFE_MS / 1000 + 10
BACK_SECONDS = 10.0
"""So long after a silence of the data store a process has for saying what it knows of a command."""
WAITS = "  the data store does not answer; it is waited for"


class Sent(NamedTuple):
    """One command that was sent. `is_sure` False: the data store was silent over it."""

    target: str
    id: str
    is_sure: bool = True


class Lost(PerseusError):
    """Raised when a command was sent and nothing is known of it any more."""

    def __init__(self, command_id: str) -> None:
        super().__init__(
            f"Nothing is known of the command {command_id} any more: the data store may have lost it. Look at the card "
            "of the exchange for what is so now, then send it again if it is still wanted."
        )


class Unheard(PerseusError):
    """Raised when it cannot be read what came of a command that was sent."""

    def __init__(self, sent: Sent, why: PerseusError) -> None:
        was = "was sent" if sent.is_sure else "was perhaps sent"
        super().__init__(
            f"{why} The command {sent.id} {was} to {sent.target}, and may be done or be under way: its outcome was not "
            "heard. Once the data store answers, look for that id in the audit log (the Audit page, `control: ...`), "
            "and at the card of the exchange for what is so now, before you send it again."
        )


def followed(client: Client, sent: Sent, pause: Callable[[float], object]) -> Outcome:
    """Print each step until the outcome. A silent store is waited for. Raises Lost, Unheard."""
    said, heard_at = "", time.monotonic()
    known_by, is_silent = heard_at + LOST_SECONDS, False
    while True:
        told, why = _outcome(client, sent)
        now = time.monotonic()
        if why is not None:
            if now >= heard_at + LOST_SECONDS:
                raise Unheard(sent, why)
            if not is_silent:
                click.echo(WAITS, err=True)
        else:
            if told is not None and told.is_final:
                return told
            heard_at, known_by = now, max(known_by, now + BACK_SECONDS) if is_silent else known_by
            if told is None and now > known_by:
                raise Lost(sent.id)
            step = _step(told)
            if step and step != said:
                said = step
                click.echo(f"  {step}")
        is_silent = why is not None
        pause(LOOK_SECONDS)


def _outcome(client: Client, sent: Sent) -> tuple[Outcome | None, StoreUnavailable | None]:
    """What came of it, or why that cannot be read now. Raises Unheard where waiting mends nothing."""
    try:
        return channel.outcome(client, sent.target, sent.id), None
    except StoreUnavailable as error:
        return None, error
    except (StoreRefused, StoreCorrupt) as error:
        raise Unheard(sent, error) from error


def _step(told: Outcome | None) -> str:
    if told is None:
        return ""
    percent = f" ({told.percent} %)" if told.percent is not None else ""
    return f"{told.step or told.status}{percent}"
