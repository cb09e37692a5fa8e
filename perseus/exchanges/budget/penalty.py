"""What an exchange does to who asks too much, read from its answer: how long nobody may send."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

from perseus.exchanges.wire.transport import Answer

TOO_MANY = 429
BANNED = 418
BLOCKED = 403
"""Too many requests; banned for going on; stopped by what stands before the exchange."""
UNTOLD_MS = {TOO_MANY: (0, 600_000), BANNED: (120_000, 3 * 86_400_000), BLOCKED: (60_000, 3_600_000)}
"""How long at first and at most, where an answer does not say it."""
LONGEST_MS = 3 * 86_400_000
"""The longest ban that is known."""
BANNED_UNTIL = re.compile(rb"banned until (\d{13})")
EPOCH_SECONDS = 1_000_000_000
DIGITS = 12
"""Of a number of seconds at most."""


@dataclass(frozen=True, slots=True)
class Penalty:
    """Until when (exchange time in ms), and which status said so."""

    until_ms: int
    status: int


def penalty(answer: Answer, now_ms: int, least_ms: int, before: int) -> Penalty | None:
    """What this answer asks for, or None.

    Where it does not say how long: after a 429 `least_ms`, after a ban or a block minutes, doubled for each of those
    `before` it in a row.
    """
    if answer.status not in (TOO_MANY, BANNED, BLOCKED):
        return None
    told = _told(answer, now_ms)
    if told is None:
        first, most = UNTOLD_MS[answer.status]
        told = now_ms + min(max(first, least_ms) * 2 ** min(before, 16), most)
    return Penalty(min(max(told, now_ms + 1), now_ms + LONGEST_MS), answer.status)


def retry_after_ms(answer: Answer, now_ms: int) -> int | None:
    """How long the header Retry-After asks to wait: seconds, or a date. None where it does not or cannot be read."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isdecimal() and len(text) <= DIGITS:
        return int(text) * 1000
    until = _date_ms(text)
    return None if until is None else max(0, until - now_ms)


def date_ms(answer: Answer, now_ms: int, within_ms: int) -> int:
    """When the answer was made, by its header Date; `now_ms` where there is none, or one that is far off."""
    told = _date_ms(answer.headers.get("date", ""))
    return told if told is not None and abs(told - now_ms) <= within_ms else now_ms


def _told(answer: Answer, now_ms: int) -> int | None:
    wait = retry_after_ms(answer, now_ms)
    banned = BANNED_UNTIL.search(answer.body)
    reset = _reset_ms(answer.headers.get("x-ratelimit-reset", ""), now_ms)
    told = [None if wait is None else now_ms + wait, int(banned[1]) if banned else None, reset]
    return max((each for each in told if each is not None), default=None)


def _reset_ms(text: str, now_ms: int) -> int | None:
    """Of x-ratelimit-reset, which is used for seconds from now and for seconds since 1970."""
    if not text.isdecimal() or len(text) > DIGITS:
        return None
    return int(text) * 1000 if int(text) >= EPOCH_SECONDS else now_ms + int(text) * 1000


def _date_ms(text: str) -> int | None:
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return int((date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() * 1000)
