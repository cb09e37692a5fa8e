"""The candles of one stream of messages, over all of its connections, and what is said when they stay away."""

from __future__ import annotations

import logging
from collections.abc import Callable

from perseus.clock import iso
from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.events import Subject
from perseus.exchanges.streams.pulse import Pulse

log = logging.getLogger(__name__)

TOLD_EVERY = 3600.0
BACK_SECONDS = 60.0
"""They come again when they have for so long: a few that come and stay away again are no end of it."""


class Candles:
    """`name`: of the stream, for the log; `time`: loop time (s); `say` is told what a person should know."""

    def __init__(self, name: str, clock: ExchangeClock, time: Callable[[], float], say: Callable[[str], None]) -> None:
        self.pulse = Pulse(spoke=time())
        self._name = name
        self._clock = clock
        self._time = time
        self._say = say
        self._told: float | None = None
        self._away = 0
        self._back: set[Subject] = set()
        self._since = self._came = self._patience = 0.0

    def stay_away(self, streams: int, do_tickers_come: bool) -> None:
        """None came of so many streams, though all was tried: said once an hour."""
        now = self._time()
        if self._told is not None and now - self._told < TOLD_EVERY:
            return
        if self._told is None:
            self._patience = self.pulse.patience
        self._told, self._away = now, streams
        exchange_ms = self._clock.estimate_ms()
        since = ""
        if exchange_ms is not None and self.pulse.spoken:
            since = f" since {iso(exchange_ms - self._clock.passes_ms(now - self.pulse.spoke))}"
        besides = ", though tickers do" if do_tickers_come else ""
        self._say(f"No candles come of {_streams(streams)}{since}{besides}. They are tried again each hour.")

    def came(self, subject: Subject) -> None:
        """One of it has come, and not because it was subscribed to: the end of their absence is in the log once."""
        if self._told is None:
            return
        now = self._time()
        if not self._back or now - self._came >= self._patience:
            self._back.clear()
            self._since = now
        self._back.add(subject)
        self._came = now
        if now - self._since >= BACK_SECONDS:
            back = len(self._back)
            streams = _streams(back) if back >= self._away else f"{back} of {_streams(self._away)} so far"
            log.warning("%s: Candles come again of %s.", self._name, streams)
            self._told = None
            self._back.clear()


def _streams(count: int) -> str:
    return "1 stream" if count == 1 else f"{count} streams"
