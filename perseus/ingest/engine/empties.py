"""Has it known which pairs REST gives nothing for that is not believed yet, since when, and what comes of it.

Of a pair whose candles were said to be held absent nothing more is said until some of it come.
Also afterwards: what was held to be absent and is given after all is in the log of the process.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from math import inf

from perseus.clock import iso
from perseus.exchanges.symbols import named
from perseus.ingest.engine.blank import Episode
from perseus.ingest.engine.series import Series
from perseus.ingest.engine.writer import Say
from perseus.market.candle import Pair

log = logging.getLogger(__name__)

EVERY_SECONDS = 60.0
"""Between two lines: what begins or ends meanwhile is told together."""
AGAIN = "It is asked again after a quarter of an hour, then ever more seldom."


class Empties:
    """`say` is told what a person should know; that candles came after all is in the log alone."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._known: dict[Pair, Episode] = {}
        self._new: list[Pair] = []
        self._absent: list[Pair] = []
        self._filled: list[Pair] = []
        self._proven: list[Pair] = []
        self._came: Counter[Pair] = Counter()
        self._held: set[Pair] = set()
        self._next = -inf

    def look(self, every: Iterable[Series], now: float) -> None:
        """Find what began and what is over since the last look; `now`: seconds."""
        for series in every:
            if series.came:
                self._came[series.pair] += series.came
                self._held.discard(series.pair)
                series.came = 0
            pair, episode = series.pair, None if series.is_refused else series.blank.episode
            if episode is not None:
                self._begun(pair, episode)
            elif self._known.pop(pair, None) is not None and not series.is_refused:
                self._over(series)
        if now >= self._next and (self._new or self._absent or self._filled or self._proven or self._came):
            self._next = now + EVERY_SECONDS
            self._tell()

    def fact(self) -> str | None:
        """For the card: which pairs, and since when; None: there are none."""
        return _told(self._known) if self._known else None

    def _begun(self, pair: Pair, episode: Episode) -> None:
        known = self._known.get(pair)
        if known is None and pair not in self._held:
            self._new.append(pair)
        self._known[pair] = Episode(known.since_ms, episode.asked) if known else episode

    def _over(self, series: Series) -> None:
        if series.blank.is_believed:
            if series.pair not in self._held:
                self._absent.append(series.pair)
                self._held.add(series.pair)
        else:
            (self._filled if series.blank.is_filled else self._proven).append(series.pair)

    def _tell(self) -> None:
        came, self._came = self._came, Counter()
        new = {pair: self._known[pair] for pair in self._new if pair in self._known}
        absent, filled, proven = self._absent, self._filled, self._proven
        self._new, self._absent, self._filled, self._proven = [], [], [], []
        if new:
            self._say(f"REST gives no candles of {_told(new)}. It is asked again before that is believed.")
            log.info("REST gives no candles yet of: %s.", ", ".join(map(str, new)))
        if absent:
            self._say(f"REST went on to give no candles of {_names(absent)}: they are held to be absent there. {AGAIN}")
            log.info("Held to be absent: %s.", ", ".join(map(str, absent)))
        if filled:
            log.warning("REST gives candles of %s again.", _names(filled))
        if proven:
            log.info("REST gives candles of these, but not what was asked for again: %s.", ", ".join(map(str, proven)))
        if came:
            log.warning("REST gives candles of %s that were held to be absent: %d came.", _names(came), came.total())


def _told(episodes: Mapping[Pair, Episode]) -> str:
    since_ms = min(one.since_ms for one in episodes.values())
    return f"{_names(episodes)} since {iso(since_ms)[11:19]} UTC"


def _names(pairs: Iterable[Pair]) -> str:
    return named(map(str, pairs))
