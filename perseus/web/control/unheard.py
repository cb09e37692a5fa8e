"""A command of which the data store does not say what became: it is silent, was so a moment ago, or over the sending.

Pure. Such a command is not sent again, but waited for.
"""

from __future__ import annotations

from typing import Final

from perseus.control.channel import INTERRUPTED
from perseus.control.outcomes import Outcome, Status
from perseus.errors import StoreRefused, StoreUnavailable
from perseus.network.view.reading import StoreNotice

#: So long after a silence of the data store a process has for saying what it knows of a command.
BACK_MS: Final = 10_000
SENT = "It was sent, as command {command}. The data store {silence} now. "
PERHAPS = "It may have been sent, as command {command}: the data store did not answer over it. "
STILL = "It {silence} now. "
GOES_ON = "This page waits for it, and goes on by itself. "
DONE_ALREADY = "Do not send it again: it may be done already."
LOOK = "Before you send it again, look for that id in the audit log, and at the exchange."
BACK = "The data store answers again. The process has a moment for saying what became of it."
UNTOLD = "What came of {command} cannot be read: the data store {silence}. Load this page again in a moment."
UNKNOWN = "Nothing is known of it: it may never have been sent, for the data store did not answer over it. "


def waiting(command: str, error: StoreUnavailable | StoreRefused, *, is_sure: bool) -> str:
    """While its outcome cannot be read. `is_sure`: it was sent."""
    silence = StoreNotice.failing(error).silence
    if is_sure:
        return (SENT + GOES_ON + DONE_ALREADY).format(command=command, silence=silence)
    return (PERHAPS + STILL + GOES_ON + LOOK).format(command=command, silence=silence)


def untold(command: str, error: StoreUnavailable | StoreRefused) -> str:
    """Of one that has ended."""
    return UNTOLD.format(command=command, silence=StoreNotice.failing(error).silence)


def untaken(command: str, *, is_late: bool) -> str:
    """Of one that may have been sent, and of which nothing is known; `is_late`: nor will be."""
    if is_late:
        return f"{UNKNOWN}{LOOK.replace('that id', command)}"
    return PERHAPS.format(command=command) + "Waiting for a process to take it."


def is_early(told: Outcome | None, away_ms: int | None, at_ms: int) -> bool:
    """May its process know more than this? `away_ms`: when the data store was silent, as `at_ms` by our clock."""
    is_back = away_ms is not None and 0 <= at_ms - away_ms < BACK_MS
    return is_back and (told is None or told.status is Status.EXPIRED or told.text == INTERRUPTED)
