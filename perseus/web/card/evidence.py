"""Why a badge and its signs say what they say, and what to type to see it with one's own eyes."""

from __future__ import annotations

from typing import NamedTuple

from perseus import keys
from perseus.local.byhand import ByHand
from perseus.network.exchange import Exchange
from perseus.network.view.directory import Condition
from perseus.web import moments, words
from perseus.web.card import badges, signs
from perseus.web.card.beats import LATE_AFTER_HEARTBEATS, Limits
from perseus.web.card.cards import Card, Outlook
from perseus.web.card.facts import SKEW_WARNS_MS
from perseus.web.card.signs import Sign

LIVE = "Its lease is there, and ends by itself unless it is renewed. The payload in it says {word}."
WHY = {
    Condition.OFFLINE: "Its lease is gone, and its last record was never closed: nobody released it, it ran out.",
    Condition.STOPPED: "Its lease is gone, and its last record is closed: the instance released it itself.",
    Condition.UNKNOWN: "There is no evidence either way, so it is neither called dead nor alive.",
    Condition.CORRUPT: "A key of it holds what no Perseus process writes, so nothing is concluded from it.",
    Condition.NEVER_SEEN: "There is no lease, no last record and no event of it.",
}


class Reason(NamedTuple):
    """`what` is shown on the card; `why` is a sentence."""

    what: str
    why: str


class Check(NamedTuple):
    """`command` is to be typed; `shows`: what its answer tells."""

    command: str
    shows: str


def reasons(seen: Outlook, card: Card, limits: Limits) -> tuple[Reason, ...]:
    """The badge first, then each sign, then the colour of the heartbeat."""
    why = LIVE.format(word=card.badge.word.lower()) if seen.live else WHY[seen.condition]
    said = f"{why} {card.reason}" if card.reason else why
    found = [Reason(badges.spoken(card.badge), f"{said}{_since(seen)}")]
    found += [Reason(sign.text, _of_sign(sign, seen, card, limits)) for sign in card.signs]
    if card.beat is not None:
        found.append(Reason(f"heartbeat {card.beat.grade}", _of_grade(limits)))
    return tuple(found)


def checks(exchange: Exchange, by_hand: ByHand) -> tuple[Check, ...]:
    """Commands for the network's own, then for the data store."""
    status, last, log = keys.status(exchange.id), keys.last_record(exchange.id), keys.activity(exchange.name)
    asked = (
        (f"GET {status}", "the payload of the lease; nothing while nobody holds it"),
        (f"PTTL {status}", "milliseconds until the lease ends; -2 when there is none"),
        (f"HGETALL '{last}'", "the last record: the end of the lease, its token, and 1 where it was closed"),
        (f"XREVRANGE {log} + - COUNT 5", "the newest five entries of its activity log"),
    )
    return (
        Check(by_hand.typed(f"perseus status {exchange.name}"), "what this page shows, read anew"),
        *(Check(by_hand.typed(f"perseus redis-cli {command}"), shows) for command, shows in asked),
    )


def _since(seen: Outlook) -> str:
    at = moments.utc(seen.since_ms)
    return f" So since {at} UTC." if at else ""


def _of_sign(sign: Sign, seen: Outlook, card: Card, limits: Limits) -> str:
    beats = seen.told.heartbeat_seconds * LATE_AFTER_HEARTBEATS if seen.told else 0
    said = {
        signs.STUCK: card.stuck or "",
        signs.SILENT: f"It says active, but its feed had brought nothing for more than {words.span(limits.silent_ms)} "
        "when it told of itself last.",
        signs.HELD_OFF: "It has the lease, which does not count yet: an old holder may still be at work, or a failover "
        "may forget the claim. It starts by itself then.",
        signs.PAUSED: "Its payload says who has closed its feed. It keeps the lease, and nobody else may serve the "
        "exchange.",
        signs.LATE: f"Its newest heartbeat is older than {beats:g} s, {LATE_AFTER_HEARTBEATS:g} times its interval.",
        signs.DEGRADED: "Fewer replicas of the data store have acknowledged its lease than are asked for. The lease "
        "stands; a failover now may lose it.",
        signs.SKEWED: f"The clock of its host differs from the data store's by {words.tenths(SKEW_WARNS_MS)} or more. "
        "Leases are not judged by it, but times in the host's own logs mislead.",
    }
    return said[sign]


def _of_grade(limits: Limits) -> str:
    return (
        f"Green under {limits.green_ms / 1000:g} s, yellow under {limits.yellow_ms / 1000:g} s, red from there. "
        "Between two heartbeats yellow is usual; the word beside it says whether it is late."
    )
