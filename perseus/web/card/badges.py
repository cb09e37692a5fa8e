"""Conditions and states as badges: a token for shape and colour, a word for everybody, and which is worse."""

from __future__ import annotations

from dataclasses import dataclass

from perseus.network.states import OFFLINE, State
from perseus.network.view.directory import Condition, ExchangeStatus
from perseus.web import words
from perseus.web.card.failures import failure


@dataclass(frozen=True, slots=True)
class Badge:
    """`token` names the icon (`#state-<token>`) and the colours (`data-state`); `detail` tells equal words apart."""

    token: str
    word: str
    detail: str | None = None


FAILED = Badge("failed", "Failed")
LOST = Badge("lost", "Offline", "lost")
CLOSED = Badge("closed", "Offline", "stopped")
UNKNOWN = Badge("unknown", "Unknown")

# Worst first: cards and the summary stand in this order, so it may not depend on anything but states.
RANKED = (
    Badge("corrupt", "Corrupt"),
    FAILED,
    LOST,
    UNKNOWN,
    Badge("stopping", "Stopping"),
    Badge("stopped", "Stopped"),
    Badge("idle", "Idle"),
    Badge("starting", "Starting"),
    Badge("warming", "Warming"),
    Badge("active", "Active"),
    CLOSED,
    Badge("never_seen", "Never seen"),
)
PROBLEMS = ("corrupt", "failed", "lost", "unknown")

_BY_TOKEN = {badge.token: badge for badge in RANKED}
_BY_STATE = {state.value: _BY_TOKEN[state.value] for state in State} | {OFFLINE: LOST}
_RANK = {badge.token: rank for rank, badge in enumerate(RANKED)}


def of_exchange(status: ExchangeStatus) -> Badge:
    """The badge of a card."""
    if status.condition is Condition.OFFLINE:
        return LOST
    if status.condition is Condition.STOPPED and not status.live:
        return FAILED if failure(status.reason) else CLOSED
    return _BY_TOKEN[status.condition.value]


def of_state(state: str | None) -> Badge:
    """The badge of a state in the feed. Words that are no state are shown as they are."""
    if not state:
        return UNKNOWN
    return _BY_STATE.get(state) or Badge(UNKNOWN.token, words.plain(state, 40))


def spoken(badge: Badge) -> str:
    """`Offline, lost`: for where there is no shape and no colour."""
    return badge.word if badge.detail is None else f"{badge.word}, {badge.detail}"


def rank(badge: Badge) -> int:
    """0 is the worst."""
    return _RANK.get(badge.token, _RANK["unknown"])
