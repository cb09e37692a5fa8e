"""What the log of an exchange adds to its card: a strip of the last day, uptimes, and whether it seems stuck."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

from perseus.network.exchange import Exchange
from perseus.network.log.spans import History
from perseus.network.log.uptime import WINDOWS, uptime
from perseus.network.log.usual import Usual, exceeded, usual
from perseus.network.states import State
from perseus.network.view.directory import ExchangeStatus
from perseus.web import words
from perseus.web.card import advice, badges
from perseus.web.card.shares import Share, share
from perseus.web.card.timeline import Strip, strip

STEP_MS = 5 * words.MINUTE  # a finer strip would change the page with every poll

Histories = Callable[[Exchange], History | None]


class Record(NamedTuple):
    """`strip` None: the log was not read yet. `stuck`: a sentence with the figures, None where nothing seems stuck."""

    strip: Strip | None = None
    shares: tuple[Share, ...] = ()
    stuck: str | None = None


class Known(NamedTuple):
    """What was made of one history at one step of time."""

    history: History
    at_ms: int
    record: Record
    usual: dict[State, Usual | None]


NONE = Record()


class Records:
    """One app's. Made anew when a history is another or five minutes have passed, and not with every poll."""

    def __init__(self, histories: Histories) -> None:
        self._histories = histories
        self._known: dict[int, Known] = {}

    def of(self, status: ExchangeStatus, now_ms: int) -> Record:
        """What is known of that exchange now."""
        history = self._histories(status.exchange)
        if history is None:
            return NONE
        at_ms = now_ms - now_ms % STEP_MS
        known = self._known.get(status.exchange.id)
        if known is None or known.history is not history or known.at_ms != at_ms:
            known = self._known[status.exchange.id] = Known(history, at_ms, _record(history, at_ms), {})
        return known.record._replace(stuck=_stuck(known, status, now_ms))


def _record(history: History, at_ms: int) -> Record:
    shares = ((window, uptime(history, at_ms, length_ms)) for window, length_ms in WINDOWS.items())
    return Record(strip(history, at_ms), tuple(share(window, *up) for window, up in shares))


def _stuck(known: Known, status: ExchangeStatus, now_ms: int) -> str | None:
    figures = exceeded(status, now_ms, functools.partial(_usual, known))
    if figures is None or status.status is None:
        return None
    count, median_ms, most_ms, _ = figures
    return advice.stuck(badges.of_state(status.status.connection_state.value), median_ms, most_ms, count)


def _usual(known: Known, state: State) -> Usual | None:
    if state not in known.usual:
        known.usual[state] = usual(known.history, state)
    return known.usual[state]
