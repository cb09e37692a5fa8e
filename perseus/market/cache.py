"""The candle cache: the newest 1,000 candles of each pair of one exchange, exact, in the store.

Every write may be repeated: whatever was told before, and in whatever order, the same candles stand in the end (see
`perseus.market.precedence`). A write of an older lease changes nothing. All candles of a pair are of one source: what
another gave, such as a simulated exchange, is forgotten at the first word of this one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from perseus import keys
from perseus.errors import StoreCorrupt
from perseus.market.candle import BadCandle, Candle, Pair
from perseus.market.coverage import BadCoverage, Coverage
from perseus.network.leasing.fence import WriteFenced
from perseus.store import Client, Script, where
from perseus.store.batch import Batch

KEEP = 1_000
UNREACHED = (2**53, 0)
"""In place of the writes and candles that are known of a pair: it has lost some until it is read anew."""

Command = tuple[str, str, *tuple[str | int, ...]]


@dataclass
class Stored:
    """What came of a write, in states of candles. `written`: stand now; `closed` and `corrected` are among them.

    `refused`: an older state, an open one of a closed candle, or older than what the cache keeps. `corrupt`: pairs
    of whose keys somebody else made something; nothing of theirs was stored. `lost`: pairs of which less is there
    than was written or read before, as after a store was emptied: their coverage was not stored, see `coverages`.
    """

    written: int = 0
    refused: int = 0
    closed: int = 0
    corrected: int = 0
    corrupt: dict[Pair, StoreCorrupt] = field(default_factory=dict)
    lost: set[Pair] = field(default_factory=set)


class CandleCache:
    """Writes and reads the candles of one exchange with the fencing token of its lease.

    `source`: where they come from; with '' nothing is held against it. `former`: where from what was forgotten by the
    latest claim was. Errors of all calls: as `perseus.store.answers`, and StoreCorrupt.
    """

    def __init__(self, client: Client, exchange_id: int, token: str, source: str = "") -> None:
        self._client = client
        self._exchange_id = exchange_id
        self._token = token
        self.source = source
        self.former: set[str] = set()
        self._script = Script(client, "candles", package="perseus.market")
        self._known: dict[Pair, tuple[int, int]] = {}

    def store(
        self,
        writes: Mapping[Pair, Sequence[Candle]],
        live: bool,
        coverage: Mapping[Pair, Coverage] | None = None,
        told: Mapping[Pair, Collection[int]] = MappingProxyType({}),
    ) -> Stored:
        """Write what newly stands, each pair at once, together with its coverage where one is given.

        `live`: tell each candle that is finished by this on its channel, once, and each correction. What is written
        without it is never told. `told`: open times of those that were told when they finished, and are told again
        only as a correction, though the store may have lost them since. Raises WriteFenced when a later lease has
        written to one of the pairs; other pairs may have been written then.
        """
        known = coverage or {}
        pairs = [*writes, *(pair for pair in known if pair not in writes)]
        calls = [self._call(pair, writes.get(pair, ()), live, known.get(pair), told.get(pair, ())) for pair in pairs]
        stored = Stored()
        for pair, answer in zip(pairs, self._script.each(calls), strict=True):
            self._count(stored, pair, answer)
        return stored

    def save_coverage(self, pair: Pair, coverage: Coverage) -> None:
        """Keep what is known of a pair. Raises WriteFenced."""
        for error in self.store({}, live=False, coverage={pair: coverage}).corrupt.values():
            raise error

    def claim(self, pairs: Iterable[Pair]) -> list[Pair]:
        """Forget what another source gave of these; gives of which pairs there was something. Raises WriteFenced.

        Of those of which nobody has said where they are from all stays, and counts as ours from the next write on.
        """
        listed = list(pairs) if self.source else []
        found = self._asked([("HGET", self._meta(pair), "source") for pair in listed])
        foreign = [pair for pair, source in zip(listed, found, strict=True) if self._is_foreign(source)]
        self.former = {source for source in found if self._is_foreign(source)}
        answers = self._script.each([self._call(pair, (), False, None) for pair in foreign])
        stored = Stored()
        for pair, answer in zip(foreign, answers, strict=True):
            self._count(stored, pair, answer)
        for error in stored.corrupt.values():
            raise error
        return foreign

    def newest(self, pair: Pair, count: int) -> list[Candle]:
        """The newest candles of a pair, at most `count`, oldest first."""
        if count <= 0:
            return []
        return self._read(pair, self._asked([("ZRANGE", self._key(pair), -count, -1)])[0])

    def coverage(self, pair: Pair) -> Coverage:
        """What is known of a pair. See `coverages`."""
        return self.coverages([pair])[pair]

    def coverages(self, pairs: Iterable[Pair]) -> dict[Pair, Coverage]:
        """What is known of each pair, as far as its candles bear it out.

        Without what is of another source or was forgotten since, and without ranges of which candles are missing: a
        store may have evicted them, or somebody deleted them. Two round trips, however many pairs there are. What is
        there now is all that later writes expect to find.
        """
        listed = list(pairs)
        asked = [command for pair in listed for command in self._about(pair)]
        answers = self._asked(asked)
        told = iter(answers)
        known = {
            pair: self._read_coverage(pair, *each)
            for pair, each in zip(listed, zip(told, told, told, strict=True), strict=True)
        }
        ranges = [(pair, *verified) for pair, coverage in known.items() for verified in coverage.verified]
        counts = self._asked([("ZCOUNT", self._key(pair), start, f"({end}") for pair, start, end in ranges])
        for (pair, start, end), count in zip(ranges, counts, strict=True):
            if count != pair.timeframe.count(start, end):
                known[pair] = known[pair].doubt(start, end)
        for pair, (_, writes, _), size in zip(listed, answers[::3], answers[1::3], strict=True):
            self._known[pair] = int(writes) if writes and writes.isdecimal() else 0, size
        return known

    def _about(self, pair: Pair) -> tuple[Command, Command, Command]:
        candles = self._key(pair)
        asked = ("HMGET", self._meta(pair), "coverage", "writes", "source")
        return asked, ("ZCARD", candles), ("ZRANGE", candles, 0, 0)

    def _read_coverage(self, pair: Pair, meta: list[str | None], size: int, oldest: list[str]) -> Coverage:
        text = meta[0]
        try:
            coverage = Coverage() if text is None or self._is_foreign(meta[2]) else Coverage.from_json(text)
        except BadCoverage:
            raise StoreCorrupt(where(self._client), self._meta(pair)) from None
        return coverage.clipped(self._read(pair, oldest)[0].open_ms) if size >= KEEP else coverage

    def _is_foreign(self, source: str | None) -> bool:
        return bool(self.source) and source is not None and source != self.source

    def _read(self, pair: Pair, members: Iterable[str]) -> list[Candle]:
        try:
            return [Candle.from_json(member) for member in members]
        except BadCandle:
            raise StoreCorrupt(where(self._client), self._key(pair)) from None

    def _asked(self, commands: Sequence[Command]) -> list[Any]:
        batch = Batch(self._client)
        for command in commands:
            batch.add(*command)
        results = batch.run() if commands else []
        for command, result in zip(commands, results, strict=True):
            if isinstance(result, Exception):
                raise StoreCorrupt(where(self._client), command[1]) from None
        return results

    def _count(self, stored: Stored, pair: Pair, answer: Any) -> None:
        if isinstance(answer, StoreCorrupt):
            stored.corrupt[pair] = answer
            return
        if answer[0] == "FENCED":
            raise WriteFenced(self._key(pair), self._token, str(answer[1]))
        written, refused, closed, corrected, writes, size, is_lost = answer[1:]
        if is_lost:
            stored.lost.add(pair)
            self._known[pair] = UNREACHED
        else:
            self._known[pair] = writes, size
        stored.written += written
        stored.refused += refused
        stored.closed += closed
        stored.corrected += corrected

    def _key(self, pair: Pair) -> str:
        return keys.candles(self._exchange_id, pair.symbol, pair.timeframe.name)

    def _meta(self, pair: Pair) -> str:
        return keys.candles_meta(self._exchange_id, pair.symbol, pair.timeframe.name)

    def _call(
        self, pair: Pair, candles: Sequence[Candle], live: bool, coverage: Coverage | None, told: Collection[int] = ()
    ) -> tuple[tuple[str, str], list[str | bytes | int]]:
        names = (self._exchange_id, pair.symbol, pair.timeframe.name)
        arguments: list[str | bytes | int] = [
            self._token,
            keys.candle_close_channel(*names) if live else "",
            KEEP,
            "" if coverage is None else coverage.to_json(),
            *self._known.get(pair, (0, 0)),
            self.source,
        ]
        for candle in candles:
            state = candle.to_json(self._exchange_id, pair)
            closed = int(candle.is_closed) * (2 if candle.open_ms in told else 1)
            arguments += (candle.open_ms, candle.event_ms, closed, state)
        return (keys.candles(*names), keys.candles_meta(*names)), arguments
