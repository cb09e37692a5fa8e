"""What is wrong with an exchange although its badge may not say so: a few words each, beside the badge."""

from __future__ import annotations

from typing import NamedTuple

from perseus.network.payload import InstanceStatus
from perseus.web.card import facts
from perseus.web.card.beats import Beat


class Sign(NamedTuple):
    """`kind` (`danger`, `warning`) gives the colour, `icon` the shape, `text` the words."""

    kind: str
    icon: str
    text: str


LATE = Sign("warning", "sign-beat", "heartbeat late")
SILENT = Sign("danger", "sign-error", "feed silent")
STUCK = Sign("warning", "sign-error", "possibly stuck")
HELD_OFF = Sign("warning", "sign-clock", "held off")
PAUSED = Sign("warning", "sign-clock", "paused")
SKEWED = Sign("warning", "sign-clock", "clock off")
DEGRADED = Sign("warning", "sign-error", "durability degraded")


def signs(
    beat: Beat | None,
    told: InstanceStatus | None,
    *,
    silent: bool,
    stuck: bool,
    held_off: bool = False,
    paused: bool = False,
) -> tuple[Sign, ...]:
    """The signs of a card, gravest first. An instance that is gone has none: its badge says it all."""
    if beat is None:
        return ()
    skewed = told is not None and facts.is_skewed(told.clock_skew_ms)
    degraded = told is not None and facts.is_degraded(told)
    known = (
        (SILENT, silent),
        (STUCK, stuck),
        (HELD_OFF, held_off),
        (PAUSED, paused),
        (LATE, beat.late),
        (DEGRADED, degraded),
        (SKEWED, skewed),
    )
    return tuple(sign for sign, shown in known if shown)
