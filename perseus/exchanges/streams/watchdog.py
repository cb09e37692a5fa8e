"""Which streams are silent for longer than they should be, and what to do about each.

A quiet market is silent by right. So each stream is measured by its own past, and by the others of its symbol: when
they go on without it, it is dead. Those of a connection that fall silent all at once, as the past of all of them
together says, are dead too, whatever heartbeats say; and so are all candles, whatever tickers say. First it is
subscribed to again, then what it should have said is in doubt, and at last, if it is dead by the others, the connection
is left for a new one. Times are loop times (s).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from perseus.exchanges.dialect import Subscription
from perseus.exchanges.events import Subject
from perseus.exchanges.streams.moves import LATE_AFTER, Moves
from perseus.exchanges.streams.pulse import STILL_AFTER, TIMES, Pulse, longest_of_late
from perseus.market.candle import Pair

DEAD_AFTER = STILL_AFTER
"""Seconds of silence while the others of the symbol speak."""
SILENT = "its stream was silent"
"""Why something is in doubt that a watchdog has found."""
ROUNDS = 3
"""How often each of the others must have spoken meanwhile."""
STEP = 20.0
SHORTEST, LONGEST = 60.0, 1800.0
AGAIN = 3600.0
"""Seconds after which all is tried again, while they are silent all at once."""


class Step(Enum):
    """What to do about a silent stream, in this order."""

    RESUBSCRIBE = 1
    DOUBT = 2
    RECONNECT = 3
    REPORT = 4


@dataclass(frozen=True, slots=True)
class Alarm:
    """`subscription` is silent since `since`. `was_heard`: on this connection it has spoken before.

    `is_dead`: by what the others say, not by its own past alone.
    """

    subscription: Subscription
    step: Step
    since: float
    was_heard: bool
    is_dead: bool


@dataclass(frozen=True, slots=True)
class Back:
    """A stream speaks. `since`: it was silent for too long, from then on; None when it is just the first time."""

    since: float | None


@dataclass(slots=True)
class _Symbol:
    spoken: int = 0
    speakers: int = 0
    candles: int = 0


@dataclass(slots=True)
class _Watch:
    subscription: Subscription
    symbol: _Symbol
    speaks: bool
    since: float
    heard: float | None = None
    expected: float = 0.0
    spoken: int = 0
    step: int = 0
    next: float = 0.0
    price: str | None = None


@dataclass
class Watchdog:
    """`first`: seconds within which a stream should be heard at first.

    `is_ticker_proof`: a ticker moves only when there was a trade, so that candles must have moved as well.
    `candles`: of all candles, also of the connections before this one.
    """

    first: float
    is_ticker_proof: bool
    candles: Pulse
    _watches: dict[Subject, _Watch] = field(default_factory=dict)
    _symbols: dict[str, _Symbol] = field(default_factory=dict)
    _all: Pulse = field(default_factory=Pulse)
    _began: float = 0.0
    _moves: Moves = field(default_factory=Moves)
    _ticked: float | None = None

    def add(self, subscriptions: Iterable[Subscription], now: float) -> None:
        """Watch these as well, from now on. Those that are watched stay as they are."""
        self._began = self._began if self._watches else now
        for one in subscriptions:
            if one.subject in self._watches:
                continue
            symbol = self._symbols.setdefault(one.symbol, _Symbol())
            is_candle = isinstance(one.subject, Pair)
            speaks = self.is_ticker_proof or is_candle
            symbol.speakers += speaks
            symbol.candles += is_candle
            self._watches[one.subject] = _Watch(one, symbol, speaks, now, spoken=symbol.spoken)

    def remove(self, subscriptions: Iterable[Subscription]) -> None:
        """Watch these no longer."""
        for one in subscriptions:
            watch = self._watches.pop(one.subject, None)
            if watch:
                watch.symbol.speakers -= watch.speaks
                watch.symbol.candles -= isinstance(one.subject, Pair)

    def heard(self, subject: Subject, now: float, price: str | None = None) -> Back | None:
        """The stream has spoken, a ticker of this price. Back when that was in question: it does for the first time,
        or after an alarm.
        """
        watch = self._watches.get(subject)
        if watch is None:
            return None
        watch.expected = longest_of_late(watch.expected, now - watch.since)
        self._all.beat(now)
        if isinstance(subject, Pair):
            self.candles.beat(now)
            self._moves.count = 0
        else:
            if watch.price not in (None, price) and watch.symbol.candles:
                self._moves.add(now)
            watch.price, self._ticked = price, now
        back = None
        if watch.heard is None or watch.step:
            back = Back(watch.since if watch.step else None)
        watch.heard = watch.since = now
        watch.symbol.spoken += watch.speaks
        watch.spoken = watch.symbol.spoken
        watch.step = 0
        return back

    def last_heard(self, subject: Subject) -> float | None:
        """When it last spoke, None when it never did."""
        watch = self._watches.get(subject)
        return watch.heard if watch else None

    def is_unheard(self, subject: Subject) -> bool:
        """Is it watched, and has never spoken?"""
        watch = self._watches.get(subject)
        return watch is not None and watch.heard is None

    def heard_since(self, moment: float) -> set[Subject]:
        """All that have spoken at or after that moment."""
        return {
            subject for subject, watch in self._watches.items() if watch.heard is not None and watch.heard >= moment
        }

    def excuse(self, seconds: float) -> None:
        """Nobody could be heard for so long, because this process did not listen."""
        self._all.spoke += seconds
        self.candles.spoke += seconds
        self._moves.excuse(seconds)
        for watch in self._watches.values():
            watch.since += seconds

    def is_mute(self, now: float) -> bool:
        """Have all streams of several symbols fallen silent together?"""
        return len(self._symbols) > 1 and self._all.is_still(now, self._began)

    def lacks_candles(self, now: float) -> bool:
        """Have all candles stayed away together, of several symbols or of one whose price moves?

        Where too few came before, or too seldom, to say so: for minutes in which prices go on to move.
        """
        is_trade_known = len(self._symbols) > 1 or self._moves.are_trade
        if is_trade_known and self.candles.is_still(now, self._began):
            return True
        return self._moves.go_on and now - self.candles.spoke >= LATE_AFTER

    def do_tickers_come(self, now: float) -> bool:
        """Has any been heard of late?"""
        return self._ticked is not None and now - self._ticked < DEAD_AFTER

    def due(self, now: float) -> list[Alarm]:
        """What to do now; each step is given once, and the next after a while."""
        is_mute, lacks_candles = self.is_mute(now), self.lacks_candles(now)
        alarms = (
            self._judge(watch, now, is_mute or (lacks_candles and isinstance(watch.subscription.subject, Pair)))
            for watch in self._watches.values()
        )
        return [alarm for alarm in alarms if alarm]

    def _judge(self, watch: _Watch, now: float, is_mute: bool) -> Alarm | None:
        silent = now - watch.since
        is_over = watch.step == Step.REPORT.value and not is_mute
        if silent < DEAD_AFTER or is_over or (watch.step and now < watch.next):
            return None
        is_dead = is_mute or self._is_dead(watch)
        patience = self._patience(watch)
        if not is_dead and silent < patience:
            return None
        if watch.step in (Step.DOUBT.value, Step.REPORT.value):
            watch.step = Step.RECONNECT.value if is_dead else Step.REPORT.value
        elif watch.step == Step.RECONNECT.value:
            watch.step = Step.REPORT.value
        else:
            watch.step += 1
        watch.next = now + (AGAIN if watch.step == Step.REPORT.value else STEP if is_dead else patience)
        return Alarm(watch.subscription, Step(watch.step), watch.since, watch.heard is not None, is_dead)

    def _is_dead(self, watch: _Watch) -> bool:
        others = watch.symbol.speakers - watch.speaks
        return others > 0 and watch.symbol.spoken - watch.spoken >= ROUNDS * others

    def _patience(self, watch: _Watch) -> float:
        if watch.heard is None:
            return self.first
        return min(max(TIMES * watch.expected, SHORTEST), LONGEST)
