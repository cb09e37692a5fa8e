"""When the next request may go out: by what the service says of its limits, and by seeds until it does. Pure.

Times: Unix milliseconds. What a service says (X-RateLimit-*, Retry-After) comes first; nonsense is left out.
"""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime

from perseus.notify.notifier import Limit

LONGEST_MS = 3_600_000
RECENT_MAX = 100
TOO_MANY = 429
SLACK_MS = 20


class Limiter:
    """`limits`: kept to as sliding windows, whatever the service says. Not for several threads at once."""

    def __init__(self, limits: Sequence[Limit] = ()) -> None:
        self._limits = tuple(limits)
        self._recent: deque[int] = deque(maxlen=RECENT_MAX)
        self.not_before_ms = 0

    @property
    def recent(self) -> list[int]:
        """When the newest requests were sent, oldest first."""
        return list(self._recent)

    def restore(self, not_before_ms: int, recent: Sequence[int]) -> None:
        """What was known before."""
        self.not_before_ms = max(self.not_before_ms, not_before_ms)
        self._recent = deque(sorted({*self._recent, *recent}), maxlen=RECENT_MAX)

    def wait_ms(self, now_ms: int) -> int:
        """How long to wait before the next request; 0 for not at all."""
        waits = [self.not_before_ms - now_ms]
        for limit in self._limits:
            window = round(limit.seconds * 1000)
            within = [ms for ms in self._recent if now_ms - window < ms <= now_ms + LONGEST_MS]
            if len(within) >= limit.count:
                waits.append(within[-limit.count] + window + SLACK_MS - now_ms)
        return max(0, min(max(waits), LONGEST_MS))

    def sent(self, now_ms: int) -> None:
        """A request goes out."""
        self._recent.append(now_ms)

    def heard(self, status: int, headers: Mapping[str, str], body: str, now_ms: int) -> None:
        """What the service answered. Names of headers in lower case."""
        waits = [_seconds(headers.get("retry-after"), now_ms)] if status in (TOO_MANY, 503) else []
        if status == TOO_MANY:
            waits.append(_told(body))
            waits.append(_reset(headers, now_ms))
        elif _number(headers.get("x-ratelimit-remaining") or headers.get("ratelimit-remaining")) == 0:
            waits.append(_reset(headers, now_ms))
        known = [wait for wait in waits if wait is not None]
        if known:
            self.not_before_ms = max(self.not_before_ms, now_ms + _bounded(max(known)))
        elif status == TOO_MANY:
            self.not_before_ms = max(self.not_before_ms, now_ms + 1_000)


def _reset(headers: Mapping[str, str], now_ms: int) -> float | None:
    after = _number(headers.get("x-ratelimit-reset-after") or headers.get("ratelimit-reset"))
    if after is not None:
        return after
    at = _number(headers.get("x-ratelimit-reset"))
    return None if at is None else max(0.0, at - now_ms / 1000)


def _seconds(text: str | None, now_ms: int) -> float | None:
    number = _number(text)
    if number is not None or text is None:
        return number
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now_ms / 1000)
    except (ValueError, TypeError, OverflowError):
        return None


def _told(body: str) -> float | None:
    """`retry_after` of a JSON body, seconds."""
    try:
        found = json.loads(body)
        return _number(found.get("retry_after")) if isinstance(found, dict) else None
    except (ValueError, RecursionError):
        return None


def _number(value: object) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _bounded(seconds: float) -> int:
    return min(math.ceil(seconds * 1000) + SLACK_MS, LONGEST_MS)
