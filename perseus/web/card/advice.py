"""What a card says when no instance serves its exchange: why, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass

from perseus import keys
from perseus.network.exchange import Exchange
from perseus.network.holdoff import HoldOff
from perseus.network.view.reading import RAN_OUT
from perseus.web import moments, words
from perseus.web.card import badges
from perseus.web.card.badges import Badge

SENTENCES = {RAN_OUT: "no heartbeat came before its lease ended"}


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do next, and what to type or look at for it."""

    text: str
    lines: tuple[str, ...] = ()


def reason(badge: Badge, given: str | None) -> str | None:
    """The reader's reason as a sentence; a stop in order says that it was one."""
    said = words.plain(SENTENCES.get(given, given)).rstrip(".") if given else ""
    if badge is badges.CLOSED:
        return f"Stopped in order: {said}." if said else "Stopped in order."
    return f"{said[:1].upper()}{said[1:]}." if said else None


def held_off(held: HoldOff) -> str:
    """Why an instance with a lease does not start, until when, and that nobody need do anything."""
    until = words.plain((moments.utc(moments.read(held.until)) or held.until)[11:], words.NAME_LIMIT)
    why = words.plain(held.reason).rstrip(".")
    return f"Not started yet, until {until} UTC: {why}. It starts by itself."


def stuck(badge: Badge, median_ms: int, most_ms: int, count: int) -> str:
    """That a state lasts longer than it does here, with the figures of the `count` times before."""
    usual, longest = words.span(median_ms), words.span(most_ms)
    return f"{badge.word} mostly took {usual} here and hardly ever over {longest}, the last {count:,} times."


def advice(
    badge: Badge, exchange: Exchange, free_at_ms: int | None = None, standby: str = "", idle: int = 0
) -> Advice | None:
    """The next step; None for an exchange that is served. `free_at_ms`: until then nobody may claim it.

    `standby`: a process that goes on by itself, '' for none. `idle`: how many wait for a start: one of them is
    connected, and nothing need be typed.
    """
    if standby and badge.token in ("failed", "lost", "closed", "never_seen"):
        until = (moments.utc(free_at_ms) or "")[11:] if badge.token == "lost" and free_at_ms is not None else ""
        when = f"after {until} UTC, before which no claim is granted" if until else "within seconds"
        return Advice(f"Nothing: its standby on {standby} goes on by itself {when}. If it does not, look at its log.")
    start = () if idle else (f"perseus ingest {exchange.name}",)
    again = f"connect it: {waiting(idle)}" if idle else "start it again:"
    known = {
        "failed": Advice(f"See the error in its log, then {again}", start),
        "lost": Advice(f"See what happened on its host, then {again}", start),
        "closed": Advice(_sentence(again), start),
        "never_seen": Advice(_sentence(again) if idle else "Start the first instance:", start),
        "unknown": Advice("Wait: this does not mean that it is down. An instance may still be at work."),
        "corrupt": Advice(
            "Look at its keys in the data store, and delete what no Perseus process wrote:",
            (keys.status(exchange.id), keys.last_record(exchange.id), keys.activity(exchange.name)),
        ),
    }
    if badge.token == "lost" and free_at_ms is not None:
        until = (moments.utc(free_at_ms) or "a later time")[11:]
        return Advice(
            f"No claim is granted before {until} UTC (PERSEUS_SETTLE_SECONDS after its lease ended): a process that is "
            "started now, or was already, waits until then. See what happened on its host"
            + (f", then {again}" if idle else "."),
            start,
        )
    return known.get(badge.token)


def waiting(idle: int) -> str:
    """That so many wait for a start."""
    return f"{words.counted(idle, 'idle host')} {'waits' if idle == 1 else 'wait'} for a start."


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
