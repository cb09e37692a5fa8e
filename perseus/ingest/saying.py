"""What a person should know of a feed: an error of its instance, and a line in the log of the process."""

from __future__ import annotations

import logging
from collections.abc import Callable

from perseus.network.log.throttle import ErrorThrottle

log = logging.getLogger(__name__)


class Saying:
    """A Say. The same text within a minute is logged once; `report` hears each. `time`: seconds."""

    def __init__(self, exchange: str, report: Callable[[str], None], time: Callable[[], float]) -> None:
        self._exchange = exchange
        self._report = report
        self._time = time
        self._throttle = ErrorThrottle()

    def __call__(self, text: str) -> None:
        self._report(text)
        now = self._time()
        for repeated, count in self._throttle.due(now):
            log.warning("%s (%d times more)", self._named(repeated), count)
        first = self._throttle.report(text, now)
        if first is not None:
            log.warning("%s", self._named(first))

    def _named(self, text: str) -> str:
        return text if text.startswith(self._exchange) else f"{self._exchange}: {text}"
