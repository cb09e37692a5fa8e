"""What a person should know of a feed: an error of its instance, and a line in the log of the process."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

from perseus.network.log.throttle import ErrorThrottle

log = logging.getLogger(__name__)


class Saying:
    """A Say. The same text within a minute is logged once; `report` hears each. `time`: seconds."""

    def __init__(self, exchange: str, report: Callable[[str], None], time: Callable[[], float]) -> None:
        self._exchange = exchange
        self._own = re.compile(rf"(?<!\S){re.escape(exchange)}(?=[:,.]?(\s|$))")
        self._report = report
        self._time = time
        self._throttle = ErrorThrottle()

    def __call__(self, text: str) -> None:
        self._report(text)
        now = self._time()
        for repeated, count in self._throttle.due(now):
            log.warning("%s (%s more)", self._named(repeated), "once" if count == 1 else f"{count} times")
        first = self._throttle.report(text, now)
        if first is not None:
            log.warning("%s", self._named(first))

    def _named(self, text: str) -> str:
        """With the name of the exchange, once. One within an address is none."""
        return text if self._own.search(text) else f"{self._exchange}: {text}"
