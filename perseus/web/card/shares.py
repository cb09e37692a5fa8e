"""Uptime as a card says it: a share of the time that is known, and how much is not."""

from __future__ import annotations

from typing import NamedTuple

from perseus.web import words

HUNDREDTHS = 10_000


class Share(NamedTuple):
    """`window` is the span looked at (`24 h`); `percent` None: nothing is known of it. `no_data`: how much is not."""

    window: str
    percent: str | None
    no_data: str | None


def share(window: str, active_ms: int, down_ms: int, no_data_ms: int) -> Share:
    """Cut, not rounded: 100 % is only what was never down."""
    known_ms = active_ms + down_ms
    missing = words.coarse(no_data_ms) if no_data_ms >= words.MINUTE else None
    if not known_ms:
        return Share(window, None, missing)
    hundredths = active_ms * HUNDREDTHS // known_ms
    said = "100 %" if hundredths == HUNDREDTHS else f"{hundredths // 100}.{hundredths % 100:02} %"
    return Share(window, said, missing)
