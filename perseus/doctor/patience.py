"""Servers whose answer does not come in time, asked once with more of it: are they slow, or dead?"""

from __future__ import annotations

from typing import Final

from perseus.clock import Clock
from perseus.errors import StoreRefused, StoreUnavailable
from perseus.store import answers, at
from perseus.store.layout import Place
from perseus.store.wording import is_late

#: Seconds: at least, and at most.
LEAST: Final = 2.0
MOST: Final = 10.0


def patience(timeout: float) -> float:
    """Seconds after which a server is dead and not slow, where processes wait for `timeout`."""
    return min(max(LEAST, 2 * timeout), MOST)


def late_ms(url: str, place: Place, timeout: float, silent: str | None, clock: Clock) -> float | None:
    """How long that server takes to answer whose `silent` says that `timeout` was not enough. None: it is dead."""
    if silent is None or not is_late(silent):
        return None
    with at(url, place, timeout=patience(timeout), name="perseus-doctor") as client:
        try:
            with answers(client):
                client.ping()
                asked_at = clock.elapsed()
                client.ping()
        except (StoreUnavailable, StoreRefused):
            return None
        return (clock.elapsed() - asked_at) * 1000
