"""When the next request may go out: by what the service says of its limits, and by seeds beside that. Pure.

Times: Unix milliseconds. Read are X-RateLimit-*, RateLimit-* and RateLimit (drafts of the IETF), Retry-After and
`retry_after` in a body; a time from now is believed rather than one of another clock, and nonsense is left out.
"""

from __future__ import annotations

import math
import threading
from collections import Counter, deque
from collections.abc import Mapping, Sequence

from perseus.notify.notifier import Limit
from perseus.notify.outgoing import ratelimit

LONGEST_MS = 3_600_000
RECENT_MAX = 100
BUCKETS_MAX = 8
TOO_MANY = 429
BUSY = 503
SLACK_MS = 20
#: After a 429 that says nothing else, or a last request of which nobody says when there are more.
UNTOLD_SECONDS = 1.0


class Limiter:
    """`limits`: kept to as sliding windows, whatever the service says. Safe on any thread."""

    def __init__(self, limits: Sequence[Limit] = ()) -> None:
        self._limits = tuple(limits)
        self._lock = threading.RLock()
        self._most = max([RECENT_MAX, *(limit.count for limit in limits)])
        self._recent: deque[int] = deque(maxlen=self._most)
        self._not_before_ms = 0
        #: By the service's name of a bucket: how many requests remain, and until when. Unanswered ones count as well.
        self._buckets: dict[str, tuple[int, int]] = {}

    @property
    def not_before_ms(self) -> int:
        """Before this the service wants no request."""
        with self._lock:
            return max([self._not_before_ms, *(until for remain, until in self._buckets.values() if remain <= 0)])

    @not_before_ms.setter
    def not_before_ms(self, value: int) -> None:
        with self._lock:
            self._not_before_ms = value

    @property
    def recent(self) -> list[int]:
        """When the newest requests were sent, oldest first."""
        with self._lock:
            return list(self._recent)

    def restore(self, not_before_ms: int, recent: Sequence[int]) -> None:
        """What was known before."""
        with self._lock:
            self._not_before_ms = max(self._not_before_ms, not_before_ms)
            both = Counter(self._recent) | Counter(recent)
            self._recent = deque(sorted(both.elements()), maxlen=self._most)

    def wait_ms(self, now_ms: int) -> int:
        """How long to wait before the next request; 0 for not at all."""
        with self._lock:
            self._mend(now_ms)
            return max(0, self.not_before_ms - now_ms, *(self._of_window(limit, now_ms) for limit in self._limits))

    def take(self, now_ms: int) -> int:
        """As `wait_ms`, and where that is 0 as `sent`: for limits that several threads share."""
        with self._lock:
            wait = self.wait_ms(now_ms)
            if wait == 0:
                self.sent(now_ms)
            return wait

    def sent(self, now_ms: int) -> None:
        """A request goes out."""
        with self._lock:
            self._recent.append(now_ms)
            # Which bucket it counts in is known when it is answered, if it is: until then it counts in all.
            self._buckets = {
                name: (remain - 1, until) for name, (remain, until) in self._buckets.items() if until > now_ms
            }

    def arrived(self, now_ms: int) -> None:
        """The last request that went out has arrived by now: a service counts from then, not from when it was sent."""
        with self._lock:
            if self._recent and self._recent[-1] < now_ms:
                self._recent[-1] = now_ms

    def heard(self, status: int, headers: Mapping[str, str], body: str, now_ms: int) -> float | None:
        """What the service answered. Names of headers in lower case. Gives the seconds that it wants to be left alone.

        That is a wait of the whole limiter after 429 alone: whether 503 is worth a wait is for whoever asked.
        """
        with self._lock:
            remain, reset = ratelimit.left(headers, now_ms / 1000)
            if remain is not None:
                until = now_ms + _bounded(UNTOLD_SECONDS if reset is None else reset)
                self._note(headers.get("x-ratelimit-bucket", "")[:100], remain, until)
            if status not in (TOO_MANY, BUSY):
                return None
            wait = ratelimit.pause(headers, body, now_ms / 1000)
            if status == TOO_MANY:
                told = [each for each in (wait, reset) if each is not None]
                wait = max(told, default=UNTOLD_SECONDS)
                self._not_before_ms = max(self._not_before_ms, now_ms + _bounded(wait))
            return wait

    def _note(self, bucket: str, remain: int, until: int) -> None:
        self._buckets.pop(bucket, None)
        self._buckets[bucket] = (remain, until)
        if len(self._buckets) > BUCKETS_MAX:
            forgotten = self.not_before_ms
            del self._buckets[next(iter(self._buckets))]
            self._not_before_ms = forgotten

    def _of_window(self, limit: Limit, now_ms: int) -> int:
        window = round(limit.seconds * 1000)
        within = [ms for ms in self._recent if ms > now_ms - window]
        return within[-limit.count] + window + SLACK_MS - now_ms if len(within) >= limit.count else 0

    def _mend(self, now_ms: int) -> None:
        """After the clock was set back: nothing was sent in the future, and no wait is longer than an hour."""
        latest = now_ms + LONGEST_MS
        self._not_before_ms = min(self._not_before_ms, latest)
        self._buckets = {name: (remain, min(until, latest)) for name, (remain, until) in self._buckets.items()}
        if self._recent and self._recent[-1] > now_ms:
            self._recent = deque((min(ms, now_ms) for ms in self._recent), maxlen=self._most)


def _bounded(seconds: float) -> int:
    return min(math.ceil(seconds * 1000) + SLACK_MS, LONGEST_MS)
