"""What a recording tells of one exchange, sorted once: symbols, answers of REST, and every candle's last word."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import msgspec

from perseus.exchanges.recordings.entries import Answered, Asked, Began, Control, Entry, Heard, NotOpened, Unanswered
from perseus.exchanges.recordings.recording import Recording
from perseus.simulator.faults.fault import ScenarioError
from perseus.simulator.replay import rows as taperows
from perseus.simulator.replay.rows import Key
from perseus.simulator.wire import Flaw, Reply, in_json

LEAD_MS = 5_000
"""Where it begins with a connection: time for whoever meets it to ask what comes before one."""
FLAWS: dict[str, Flaw] = {"timeout": "stall", "body": "short", "size": "bomb"}
FAMILIES = ("binance", "binance_us", "coinbase")


@dataclass
class Word:
    """A candle as it was told at one time, in the form of a row of REST."""

    told_ms: int
    row: Any


@dataclass
class Tape:
    """Times are Unix milliseconds of the host that recorded; the exchange's clock was `skew_ms` ahead of it.

    `candles`: by symbol and timeframe, then open time. `answers`: whole ones by path and params, and `failures` by
    path, in order; `refusals`: of WebSockets.
    """

    recording: Recording
    start_ms: int = 0
    end_ms: int = 0
    skew_ms: int | None = None
    symbols: dict[str, None] = field(default_factory=dict)
    candles: dict[Key, dict[int, list[Word]]] = field(default_factory=dict)
    answers: dict[tuple[str, tuple[tuple[str, str], ...]], list[tuple[int, Reply]]] = field(default_factory=dict)
    failures: dict[str, deque[tuple[int, Reply]]] = field(default_factory=dict)
    refusals: deque[tuple[int, Reply]] = field(default_factory=deque)
    has_pings: bool = False
    has_beats: bool = False

    @property
    def exchange(self) -> str:
        return self.recording.exchange

    @classmethod
    def of(cls, recording: Recording) -> Tape:
        """Reads all of it once. Raises BadRecording, ScenarioError for an exchange that is not simulated."""
        if recording.exchange not in FAMILIES:
            raise ScenarioError(f"{recording.exchange} cannot be simulated. Known: {', '.join(FAMILIES)}.")
        tape, asked = cls(recording), dict[int, Asked]()
        for entry in recording.entries():
            if entry.at:
                tape._take(entry, asked)
        for several in tape.candles.values():
            for words in several.values():
                words.sort(key=lambda word: word.told_ms)
        return tape

    def entries(self) -> Iterator[tuple[int, Entry]]:
        """Again from its beginning, each with its time."""
        for entry in self.recording.entries():
            if entry.at:
                yield max(entry.at // 1000, self.start_ms), entry

    def _take(self, entry: Entry, asked: dict[int, Asked]) -> None:
        ms = entry.at // 1000
        if isinstance(entry, Began):
            return
        if not self.start_ms and not getattr(entry, "again", False):
            self.start_ms = ms if isinstance(entry, Asked) else ms - LEAD_MS
        self.end_ms = max(self.end_ms, ms)
        match entry:
            case Heard():
                self._heard(ms, entry.data)
            case Control(what="ping"):
                self.has_pings = True
            case NotOpened(status=int(status)):
                self.refusals.append((ms, in_json(status, {"error": "refused"})))
            case Asked():
                asked[entry.request] = entry
            case Answered() | Unanswered() if entry.request in asked:
                self._answered(ms, asked.pop(entry.request), entry)

    def _heard(self, ms: int, data: bytes) -> None:
        try:
            said = msgspec.json.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return
        if isinstance(said, dict):
            self.has_beats = self.has_beats or said.get("channel") == "heartbeats"
            self.symbols.update(dict.fromkeys(taperows.symbols(said)))
            self._stamped(ms, taperows.stamp(said))
            self._learn(ms, taperows.streamed(said))

    def _answered(self, ms: int, asked: Asked, entry: Answered | Unanswered) -> None:
        path = self.path(asked.url)
        if isinstance(entry, Unanswered):
            if entry.kind != "given up":
                flaw = FLAWS.get(entry.kind, "reset")
                self.failures.setdefault(path, deque()).append((ms, Reply(200, b"[" * 2, flaw=flaw)))
            return
        reply = Reply(entry.status, entry.body, _kept(entry.headers))
        if path.endswith("/time") and entry.status == 200:
            self._stamped(ms, taperows.time_told(entry.body))
        rows = taperows.fetched(path, asked.params, entry.body) if entry.status == 200 else None
        if entry.status != 200 or rows is None:
            self.failures.setdefault(path, deque()).append((ms, reply))
            return
        self.answers.setdefault((path, tuple(sorted(asked.params.items()))), []).append((ms, reply))
        self._learn(ms, rows)

    def _learn(self, ms: int, told: list[tuple[Key, int, Any]]) -> None:
        for key, open_ms, row in told:
            self.symbols[key[0]] = None
            self.candles.setdefault(key, {}).setdefault(open_ms, []).append(Word(ms, row))

    def _stamped(self, ms: int, exchange_ms: int | None) -> None:
        """The least delayed of all stamps says most about the clock."""
        if exchange_ms is not None:
            ahead = exchange_ms - ms
            self.skew_ms = ahead if self.skew_ms is None else max(self.skew_ms, ahead)

    def path(self, url: str) -> str:
        """Of a request, below the exchange's address, wherever it was served."""
        path = urlsplit(url).path
        return path[max(0, path.find("/api/")) :]


def _kept(headers: dict[str, str]) -> dict[str, str]:
    """Those of an answer that are about what it says, not about the bytes that it came in."""
    return {name: value for name, value in headers.items() if name in ("content-type", "retry-after")}
