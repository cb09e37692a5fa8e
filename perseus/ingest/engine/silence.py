"""Has it known that the REST side of an exchange has not answered for a while, and that it does again."""

from __future__ import annotations

import logging
from collections.abc import Callable

from perseus.clock import iso
from perseus.exchanges.clock import ExchangeClock
from perseus.ingest.engine.writer import Say

log = logging.getLogger(__name__)

TOLD_SECONDS = 60.0
"""A silence that is shorter is told nowhere: the requests that met it are asked again."""
LIVE_SECONDS = 60.0


class Silence:
    """`since()`: loop time (s) since which nothing that was asked is answered, None: it answers.

    `say` is told when it begins; its end is in the log alone.
    """

    def __init__(self, exchange: str, since: Callable[[], float | None], clock: ExchangeClock, say: Say) -> None:
        self._exchange = exchange
        self._since = since
        self._clock = clock
        self._say = say
        self._told: float | None = None
        self._fact: str | None = None
        self._messages, self._heard = 0, 0.0

    def look(self, messages: int, now: float) -> None:
        """`messages`: how many have come from the streams until `now`, loop time."""
        if messages != self._messages:
            self._messages, self._heard = messages, now
        since = self._since()
        if since is None or now - since < TOLD_SECONDS:
            self._over(now, since)
            return
        at_ms = (self._clock.estimate_ms() or 0) - self._clock.passes_ms(now - since)
        at, is_live = f"{iso(at_ms)[11:19]} UTC", self._messages and now - self._heard < LIVE_SECONDS
        self._fact = f"since {at}, streams {'live' if is_live else 'silent too'}"
        if self._told is None:
            self._told = since
            streams = "its streams are live" if is_live else "its streams are silent too"
            self._say(f"REST of {self._exchange} has not answered since {at}; {streams}.")

    def fact(self) -> str | None:
        """For the card: since when, and whether the streams are live; None: it answers."""
        return self._fact

    def _over(self, now: float, since: float | None) -> None:
        if self._told is not None:
            log.warning("REST of %s answers again after %.0f s.", self._exchange, (since or now) - self._told)
        self._told = self._fact = None
