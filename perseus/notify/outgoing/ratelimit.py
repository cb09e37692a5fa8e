"""What the headers and bodies of services say of their limits. Pure. Nonsense says nothing; seconds are from now."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,15})?")
#: `"default";r=5;t=30`, and `limit=10, remaining=5, reset=30` of earlier drafts.
REMAINING = re.compile(r"\b(?:r|remaining)=(\d{1,15})\b")
RESET = re.compile(r"\b(?:t|reset)=(\d{1,15})\b")
#: A larger number is a time by the service's clock, Unix seconds; a smaller one counts from now.
FIRST_MOMENT = 1_000_000_000


def left(headers: Mapping[str, str], now: float) -> tuple[int | None, float | None]:
    """How many requests remain, and after how many seconds there are more; None where it is not said.

    `headers`: names in lower case. `now`: Unix seconds.
    """
    draft = headers.get("ratelimit", "")
    remain = _first(
        number(headers.get("x-ratelimit-remaining")), number(headers.get("ratelimit-remaining")), _in(REMAINING, draft)
    )
    after = _first(
        number(headers.get("x-ratelimit-reset-after")),
        number(headers.get("ratelimit-reset")),
        _in(RESET, draft),
        number(headers.get("x-ratelimit-reset")),
    )
    if after is not None and after > FIRST_MOMENT:
        after = max(0.0, after - _first(_moment(headers.get("date")), now))
    return None if remain is None else int(remain), after


def pause(headers: Mapping[str, str], body: str, now: float) -> float | None:
    """For how many seconds the service wants to be left alone: the longer of Retry-After and of what its body says."""
    text = headers.get("retry-after")
    moment = _moment(text)
    after = number(text) if moment is None else max(0.0, moment - now)
    return max([each for each in (after, _told(body)) if each is not None], default=None)


def is_of_all(headers: Mapping[str, str], body: str) -> bool:
    """Is it meant for whoever sends from this address, and not for one bucket? As Discord says it."""
    if headers.get("x-ratelimit-scope") == "global" or headers.get("x-ratelimit-global", "").lower() == "true":
        return True
    return _field(body, "global") is True


def number(value: object) -> float | None:
    """A finite number of 0 or more, written plainly; None for anything else."""
    text = str(value).strip()
    return float(text) if NUMBER.fullmatch(text) else None


def _told(body: str) -> float | None:
    found = _field(body, "retry_after")
    return None if isinstance(found, bool) else number(found)


def _field(body: str, name: str) -> object:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found.get(name) if isinstance(found, dict) else None


def _in(pattern: re.Pattern[str], text: str) -> float | None:
    found = pattern.search(text)
    return None if found is None else float(found[1])


def _moment(text: str | None) -> float | None:
    """Unix seconds of an HTTP date."""
    try:
        return None if text is None else parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def _first(*found: float | None) -> Any:
    return next((each for each in found if each is not None), None)
