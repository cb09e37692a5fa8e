"""One series of candles while it is ingested: what is sure of it, and what has to be asked for.

Pure: exchange time comes in, ranges come out. Times are Unix milliseconds of the exchange, ranges are of open times
with their end outside.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from msgspec import structs

from perseus.ingest.engine.absence import AFTER, AMONG, FEW, SILENT, is_refuted, reopened, why_nothing
from perseus.ingest.engine.blank import Blank
from perseus.ingest.engine.norows import NoRows
from perseus.market.candle import Candle, Pair
from perseus.market.coverage import Coverage, Range
from perseus.market.finality import GRACE_MS, PATIENCE_MS, Doubt, Heard, Step, is_settled, judge
from perseus.warmup.scan import SUFFICIENT

NOTHING: Mapping[int | None, str] = MappingProxyType({})
DOUBT_MS = 15_000
"""So long a lost stream may take to come back. One that is only silent may not come back for days."""
BOUNDARY_CANDLES = 3
"""So many finished candles are read again when one ends that no stream brings: the exchange may have mended them."""


@dataclass
class Series:
    """`depth`: finished candles that are to be complete, the newest ones. `is_streamed`: a stream brings it.

    `full_depth`: the same once nothing is more urgent. `is_close_told`: that stream says when a candle is finished.
    `first_ms`: nothing that opens before it is asked for.
    `is_refused`: the exchange does not give it any more, as of a symbol that is gone; asked again when it is live anew.
    `ask_at_ms`: what is in doubt is asked for then, unless the stream is live again before and it is asked for at once.
    `live_from_ms`: candles that end after it are told to who waits for finished ones, however late they come. `told`:
    ranges of those that were told already, which the store has lost. `blank`: what REST gave nothing for; `norows`:
    what it gave as no candles.
    `again`: to be asked for once though it is held to be absent. `came`: how many that were are there after all.
    """

    pair: Pair
    depth: int
    is_streamed: bool
    is_close_told: bool
    coverage: Coverage = field(default_factory=Coverage)
    first_ms: int = 0
    newest: Candle | None = None
    before: Candle | None = None
    trusted_from_ms: int | None = None
    is_refused: bool = False
    live_from_ms: int = 0
    told: Coverage = field(default_factory=Coverage)
    ask_at_ms: int | None = None
    full_depth: int = 0
    _lacked: frozenset[int] = frozenset()
    norows: NoRows = field(default_factory=NoRows)
    blank: Blank = field(default_factory=Blank)
    again: Range | None = None
    came: int = 0
    _moves_ms: int = 0

    def __post_init__(self) -> None:
        self.full_depth = self.full_depth or self.depth

    def is_live(self, candle: Candle) -> bool:
        """Is this to be told, once it is finished?"""
        ends_ms = self.pair.timeframe.close_of(candle.open_ms)
        return ends_ms > self.live_from_ms and bool(self.told.unverified(candle.open_ms, ends_ms))

    def heard(self, candle: Candle) -> None:
        """Take in a state from the stream. A finished one is whole in itself, whatever was missed before it."""
        if self.newest is None or candle.open_ms > self.newest.open_ms:
            self.before, self.newest = self.newest, candle
        elif candle.open_ms == self.newest.open_ms and candle.event_ms >= self.newest.event_ms:
            self.newest = candle
        elif self.before and candle.open_ms == self.before.open_ms and candle.event_ms >= self.before.event_ms:
            self.before = candle
        if candle.is_closed:
            self.coverage = self.coverage.verify(candle.open_ms, self.pair.timeframe.close_of(candle.open_ms))

    def adopt(self, other: Series) -> None:
        """Go on from where another has heard of the same pair: what that is sure of is sure."""
        for start_ms, end_ms in other.coverage.verified:
            self.coverage = self.coverage.verify(start_ms, end_ms)
        self.newest, self.before = other.newest, other.before
        self.trusted_from_ms, self.ask_at_ms = other.trusted_from_ms, other.ask_at_ms

    def live(self, from_ms: int) -> None:
        """The stream brings everything from now on."""
        self.is_refused = False
        self.ask_at_ms = None
        if self.trusted_from_ms is None:
            self.trusted_from_ms = from_ms

    def doubt(self, since_ms: int, now_ms: int) -> None:
        """What the stream said of candles that ended since then may be incomplete."""
        timeframe = self.pair.timeframe
        start_ms = timeframe.open_of(since_ms)
        end_ms = max(timeframe.close_of(timeframe.open_of(now_ms)), start_ms)
        self.coverage = self.coverage.doubt(start_ms, end_ms)
        self.trusted_from_ms = None
        self.ask_at_ms = now_ms + DOUBT_MS

    def watch(self, now_ms: int) -> None:
        """From this time on the end of a candle makes it due."""
        self._moves_ms = self.pair.timeframe.close_of(self.window(now_ms)[1]) + self._patience_ms

    def is_due(self, now_ms: int) -> bool:
        """Has it become time, since it was looked at last, to ask for what is missing?"""
        if self.ask_at_ms is not None and self.ask_at_ms <= now_ms:
            self.ask_at_ms = None
            return True
        if self.blank.is_due(now_ms) or self.norows.is_due(now_ms):
            return True
        if now_ms < self._moves_ms:
            return False
        self.watch(now_ms)
        return True

    def settle(self, now_ms: int) -> Candle | None:
        """The candle that ended last, finished, where its stream has ended it without saying so; once.

        Its last state may not have come, which nobody could notice: so it is not sure before REST has confirmed it.
        """
        if not self.is_streamed or self.is_close_told or self.before is None or self.before.is_closed:
            return None
        timeframe, open_ms = self.pair.timeframe, self.before.open_ms
        close_ms = timeframe.close_of(open_ms)
        if close_ms != timeframe.open_of(now_ms) or not self.coverage.unverified(open_ms, close_ms):
            return None
        is_sure = self.trusted_from_ms is not None and self.trusted_from_ms <= open_ms
        doubts = frozenset[Doubt]() if is_sure else frozenset({Doubt.RECONNECTED})
        if judge(close_ms, now_ms, heard=Heard.SUCCESSOR, doubts=doubts).step is not Step.FINAL:
            return None
        self.before = structs.replace(self.before, is_closed=True)
        return self.before

    def window(self, now_ms: int) -> Range:
        """What is to be complete at this time: finished candles, and of those the newest.

        Nothing that the cache forgets as soon as the newest is told belongs to it.
        """
        timeframe = self.pair.timeframe
        end_ms = timeframe.open_of(now_ms - self._patience_ms)
        kept_ms = timeframe.shift(timeframe.open_of(now_ms), -self.full_depth)
        start_ms = max(timeframe.shift(end_ms, -self.depth), kept_ms)
        return max(start_ms, timeframe.next_open(self.first_ms)), end_ms

    def is_recent(self, missing: Range, now_ms: int) -> bool:
        """Is this, which is missing, among the newest candles, of which none may be missing for long?"""
        timeframe = self.pair.timeframe
        return missing[1] > timeframe.shift(timeframe.open_of(now_ms), -SUFFICIENT)

    def forgo(self, now_ms: int) -> None:
        """Ask for nothing that is missing now: what is complete up to now is all that there shall be."""
        self.depth = self.full_depth
        ranges = self.coverage.unverified(*self.window(now_ms))
        self.first_ms = ranges[-1][1] if ranges else self.first_ms

    def is_whole(self, now_ms: int) -> bool:
        """Is all sure that is to be complete, also what is not to be asked for yet?"""
        start_ms, end_ms = self.window(now_ms)
        return start_ms >= end_ms or not self.coverage.unverified(start_ms, end_ms)

    def missing(self, now_ms: int, most: int) -> Range | None:
        """The one range to ask for now, the newest first, of at most `most` candles. None: nothing is missing."""
        start_ms, end_ms = self.window(now_ms)
        if start_ms >= end_ms:
            return None
        ranges = self._askable(now_ms, start_ms).unverified(start_ms, end_ms)
        if not ranges:
            return None
        timeframe = self.pair.timeframe
        last_ms = ranges[-1][1]
        first_ms = ranges[0][0]
        if not self.is_streamed and last_ms == end_ms:
            first_ms = max(start_ms, min(first_ms, timeframe.shift(end_ms, -BOUNDARY_CANDLES)))
        return max(first_ms, timeframe.shift(last_ms, -most)), last_ms

    def fetched(
        self, asked: Range, asked_ms: int, candles: list[Candle], refused: Mapping[int | None, str] = NOTHING
    ) -> list[Candle]:
        """Take in what REST gave for `asked`, asked at `asked_ms`; give what of it is sure to be finished.

        What it lacks at its end may only not be there yet: that is absent when a second answer lacks it too, or when
        something later is known. Nothing at all, or an end without what is there for sure, is believed when it is given
        for minutes. What it gave as no candle, `refused` by open time, stays unverified, and is asked for seldom later.
        """
        timeframe = self.pair.timeframe
        close_of = timeframe.close_of
        given = {one.open_ms: one for one in candles if asked[0] <= one.open_ms < asked[1]}
        sure = [one for one in given.values() if is_settled(close_of(one.open_ms), asked_ms)]
        self._judge_anew(asked, given)
        settled = [at for at in self._unsure(asked) if is_settled(close_of(at), asked_ms)]
        heard = [one.open_ms for one in (self.before, self.newest) if one is not None and one.open_ms in settled]
        last_ms = max(given, default=0)
        empty = close_of(last_ms) if given else asked[0], asked[1]
        why = AFTER if given else why_nothing(settled, asked, self.coverage, timeframe, heard)
        if given or refused:
            came = [at for at in given if self.coverage.unverified(at, close_of(at))]
            self.blank.clear(asked if refused else (asked[0], empty[0]), came)
        is_wrong = not refused and is_refuted(empty, self.coverage, heard)
        if is_wrong or not (given or refused):
            doubted = self._doubted(empty[0], settled, asked_ms, is_wrong)
            settled = [at for at in settled if at not in doubted]
        lacked, spoilt = set[int](), set[int]()
        for open_ms in settled:
            if open_ms in given:
                self.coverage = self.coverage.verify(open_ms, close_of(open_ms))
            elif open_ms in refused or None in refused:
                spoilt.add(open_ms)
            elif open_ms < last_ms or open_ms in self._lacked or self._was_silent(open_ms):
                shown = AMONG if open_ms < last_ms else SILENT if self._was_silent(open_ms) else why
                self.coverage = self.coverage.absent(open_ms, close_of(open_ms), shown)
            else:
                lacked.add(open_ms)
        self._lacked = frozenset(lacked)
        self.norows.answered(spoilt, asked_ms)
        return sure

    def _doubted(self, from_ms: int, settled: Collection[int], asked_ms: int, is_wrong: bool) -> Collection[int]:
        """REST gave nothing from there on: what of it may be there all the same, and so stays unverified?"""
        nothing = {at for at in settled if at >= from_ms and not self._was_silent(at)}
        nothing -= frozenset() if is_wrong else self._lacked
        if not nothing:
            return nothing
        timeframe = self.pair.timeframe
        unsure = from_ms, timeframe.close_of(max(nothing))
        doubted = self.blank.doubted(nothing, unsure, asked_ms, self.coverage, timeframe, is_wrong=is_wrong)
        believed = nothing - doubted
        self._lacked |= believed if len(believed) > FEW or is_wrong else set()
        return doubted

    def _judge_anew(self, asked: Range, given: Collection[int]) -> None:
        """What was asked for again is answered; what an answer with candles spans counts as absent no more."""
        if self.again is not None and asked[0] <= self.again[0] and self.again[1] <= asked[1]:
            self.again = None
        if given:
            held, spanned = self.coverage, (asked[0], self.pair.timeframe.close_of(max(given)))
            self.coverage = reopened(held, spanned)
            self.came += sum(self.coverage.unverified(at, at + 1) != held.unverified(at, at + 1) for at in given)

    @property
    def is_unreadable(self) -> bool:
        """Does the exchange always give something there that is no candle?"""
        return bool(self.norows)

    def unsay(self, start_ms: int, end_ms: int) -> None:
        """Nothing that was learnt of this range is sure, not even what is absent: it was learnt by a wrong time."""
        timeframe = self.pair.timeframe
        start_ms, end_ms = timeframe.open_of(start_ms), timeframe.next_open(end_ms)
        self.norows.clear()
        self.blank.clear((start_ms, end_ms))
        self.coverage = self.coverage.verify(start_ms, end_ms).doubt(start_ms, end_ms)

    def lose(self, claimed: Coverage, kept: Coverage, now_ms: int, told: Iterable[int] = ()) -> bool:
        """Of what was `claimed` to be in the store only what it has `kept` is sure; was it more that is to be complete?

        What was there was told, and is not told again when it is fetched anew; nor are those that open when `told`
        says, though they may be in doubt.
        """
        window, before = self.window(now_ms), self.coverage
        for start_ms, end_ms in claimed.verified:
            for gap in kept.unverified(start_ms, end_ms):
                self.coverage = self.coverage.doubt(*gap)
                self.told = self.told.clipped(window[0]).verify(*gap)
        for open_ms in told:
            self.told = self.told.verify(open_ms, self.pair.timeframe.close_of(open_ms))
        return before.unverified(*window) != self.coverage.unverified(*window)

    @property
    def _patience_ms(self) -> int:
        return PATIENCE_MS if self.is_streamed else GRACE_MS

    def _askable(self, now_ms: int, start_ms: int) -> Coverage:
        """What is known, and as if it were so what is not to be asked for yet."""
        close_of, known = self.pair.timeframe.close_of, self.coverage
        self.norows.settle(known, start_ms, self.pair.timeframe)
        for open_ms in self.norows.hidden(now_ms):
            known = known.verify(open_ms, close_of(open_ms))
        self.blank.settle(self.coverage, start_ms)
        for hidden in self.blank.hidden(now_ms):
            known = known.verify(*hidden)
        return known

    def _unsure(self, asked: Range) -> list[int]:
        timeframe = self.pair.timeframe
        return [at for start, end in self.coverage.unverified(*asked) for at in timeframe.opens(start, end)]

    def _was_silent(self, open_ms: int) -> bool:
        """Has the stream, which was whole then and spoke later, said nothing of this candle?"""
        if self.trusted_from_ms is None or self.trusted_from_ms > open_ms or self.newest is None:
            return False
        return self.newest.open_ms > open_ms and (self.before is None or self.before.open_ms < open_ms)
