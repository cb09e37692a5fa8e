"""The candles of one stream of messages, over all of its connections, and what is said when they stay away."""

from __future__ import annotations

from collections.abc import Callable

from perseus.clock import iso
from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.streams.pulse import Pulse

TOLD_EVERY = 3600.0


class Candles:
    """`time`: loop time (s); `say` is told what a person should know."""

    def __init__(self, clock: ExchangeClock, time: Callable[[], float], say: Callable[[str], None]) -> None:
        self.pulse = Pulse()
        self._clock = clock
        self._time = time
        self._say = say
        self._told: float | None = None

    def stay_away(self, streams: int, do_tickers_come: bool) -> None:
        """None came of so many streams, though all was tried: said once an hour."""
        now = self._time()
        if self._told is not None and now - self._told < TOLD_EVERY:
            return
        self._told = now
        exchange_ms = self._clock.estimate_ms()
        since = ""
        if exchange_ms is not None:
            since = f" since {iso(exchange_ms - self._clock.passes_ms(now - self.pulse.spoke))}"
        besides = ", though tickers do" if do_tickers_come else ""
        self._say(f"No candles come of {streams} streams{since}{besides}. They are tried again each hour.")
