"""Klines as Binance frames them: the same bytes for whoever is measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

PAIRS_OF = 500
"""Symbols that there are."""
SPANS_MS = {"1m": 60_000, "5m": 300_000, "15m": 900_000, "1h": 3_600_000, "4h": 14_400_000}
UPDATES = 30
"""States of one candle, the last of them closed: what two seconds between them make of a minute."""
START_MS = 1_789_776_000_000
"""Where the past begins: a candle of each span opens then."""
TEXT_FRAME = 0x81

Told = dict[str, Any]


def names(count: int) -> list[str]:
    """Base assets: C000, C001, ..."""
    return [f"C{number:03d}" for number in range(count)]


def stream(base: str, timeframe: str) -> str:
    """The name of the stream of a pair."""
    return f"{base.lower()}usdt@kline_{timeframe}"


class Frames:
    """Frames of these streams."""

    def __init__(self, streams: Sequence[str]) -> None:
        self._streams = streams
        self._opens: dict[str, int] = {}
        self._count = 0

    def past(self, updates: int) -> Iterator[bytes]:
        """So many of each stream, in turns."""
        for update in range(updates):
            for name in self._streams:
                span = SPANS_MS[name.partition("@kline_")[2]]
                open_ms = START_MS + update // UPDATES * span
                event_ms = open_ms + (update % UPDATES + 1) * span // UPDATES
                yield frame(name, open_ms, event_ms, update, is_closed=update % UPDATES == UPDATES - 1)

    def now(self, name: str, now_ms: int) -> Iterator[bytes]:
        """What this stream says at this time: of the candle that has ended meanwhile, and of the one that runs."""
        span = SPANS_MS[name.partition("@kline_")[2]]
        open_ms = now_ms - now_ms % span
        before = self._opens.get(name, open_ms)
        self._count += 1
        if before != open_ms:
            yield frame(name, before, now_ms, self._count, is_closed=True)
        self._opens[name] = open_ms
        yield frame(name, open_ms, now_ms, self._count, is_closed=False)


def frame(name: str, open_ms: int, event_ms: int, number: int, *, is_closed: bool) -> bytes:
    """One text frame of a server, combined form; `number` makes its figures."""
    data = message(name, open_ms, event_ms, number, is_closed=is_closed)
    return bytes((TEXT_FRAME, 126)) + len(data).to_bytes(2, "big") + data


def message(name: str, open_ms: int, event_ms: int, number: int, *, is_closed: bool) -> bytes:
    """One message, in the order and the form of the real ones."""
    pair, _, interval = name.partition("@kline_")
    symbol, figures = pair.upper(), f"{number % 1_000_000:06d}"
    return (
        f'{{"stream":"{name}","data":{{"e":"kline","E":{event_ms},"s":"{symbol}","k":{{"t":{open_ms},'
        f'"T":{open_ms + SPANS_MS[interval] - 1},"s":"{symbol}","i":"{interval}","f":{710_917_276 + number},'
        f'"L":{710_917_779 + number},"o":"56215.99000000","c":"562{figures[:2]}.{figures[2:]}0000",'
        f'"h":"56999.59000000","l":"56181.99000000","v":"13.{figures}00","n":{number + 505},'
        f'"x":{"true" if is_closed else "false"},"q":"775978.{figures}76","V":"7.19660600",'
        f'"Q":"404521.60814919","B":"0"}}}}}}'
    ).encode()


def rows(interval: str, start_ms: int, end_ms: int, limit: int) -> list[list[int | str]]:
    """What REST gives of the past: candles that open within, the newest `limit` of them at most."""
    span = SPANS_MS[interval]
    first_ms = max(-(-start_ms // span) * span, (end_ms // span - limit + 1) * span)
    figures = ("56215.99000000", "56999.59000000", "56181.99000000", "56300.01000000", "13.50000000")
    return [
        [at, *figures, at + span - 1, "775978.50000076", 505, "7.19660600", "404521.60814919", "0"]
        for at in range(first_ms, end_ms + 1, span)
    ]


def ticker(name: str, now_ms: int, number: int) -> bytes:
    """One message of a mini ticker."""
    symbol, figures = name.partition("@")[0].upper(), f"{number % 1_000_000:06d}"
    return (
        f'{{"stream":"{name}","data":{{"e":"24hrMiniTicker","E":{now_ms},"s":"{symbol}",'
        f'"c":"562{figures[:2]}.{figures[2:]}0000","o":"56215.99000000","h":"56999.59000000","l":"55181.99000000",'
        f'"v":"9013.{figures}00","q":"775978111.{figures}76"}}}}'
    ).encode()


def framed(said: object) -> bytes:
    """As JSON."""
    return msgspec.json.encode(said)


def text(said: object) -> str:
    """As JSON text."""
    return framed(said).decode()
