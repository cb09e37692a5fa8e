"""Real captures, read, exported and served again. They are not part of the project: where absent, this is skipped."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from perseus.exchanges.events import CandleEvent
from perseus.exchanges.recordings.entries import Heard, Opened, Sent
from perseus.exchanges.recordings.exported import Contents, export
from perseus.exchanges.recordings.recording import Recording
from perseus.exchanges.recordings.ring import save
from perseus.exchanges.registry import dialect_of
from perseus.exchanges.wire.transport import Text
from perseus.ingest.capture import Capture
from tests.dialects.readings import messages, shared
from tests.recordings.taking import met
from tests.simulated.virtual_loop import run

CAPTURES = ("cryptofeed_BINANCE.ws.1.0", "cryptofeed_BINANCE_FUTURES.ws.1.0", "cryptofeed_COINBASE.ws.28.0")


@pytest.mark.parametrize("name", CAPTURES)
def test_every_message_is_read_kept_and_exported_as_it_was(name: str, tmp_path: Path) -> None:
    capture = shared("captures", name)
    entries = list(Recording(capture).entries())
    assert [entry.data for entry in entries if isinstance(entry, Heard)] == messages(name)
    assert sum(isinstance(entry, Opened) for entry in entries) == 1
    save(tmp_path / "one.rec", entries, Recording(capture).exchange)
    assert list(Recording(tmp_path / "one.rec").entries())[1:] == entries
    assert (tmp_path / "one.rec").stat().st_size < capture.stat().st_size / 3
    written = export(Recording(tmp_path / "one.rec").entries(), tmp_path, "out")
    assert written.left_out == 0
    again, before = Capture(written.files[0]), Capture(capture)
    assert again.url == before.url
    assert [frame.content for frame in again.frames()] == [frame.content for frame in before.frames()]
    assert all(abs(one.at - other.at) < 1e-5 for one, other in zip(again.frames(), before.frames(), strict=True))


def test_it_is_counted_what_is_in_one() -> None:
    contents = Contents.of(Recording(shared("captures", CAPTURES[2])).entries())
    (line,) = contents.lines.values()
    assert (line.heard, line.sent, line.end) == (9946, 3, None)
    listing = Contents.of(Recording(shared("captures", "cryptofeed_BINANCE.0")).entries())
    assert listing.requests == Counter({("/api/v3/exchangeInfo", "200"): 1})


def test_requests_of_a_capture_come_back_as_they_were() -> None:
    entries = list(Recording(shared("captures", "cryptofeed_BINANCE.0")).entries())
    asked, answered = entries
    assert asked.url == "https://api.binance.com/api/v3/exchangeInfo"  # type: ignore[union-attr]
    assert len(answered.body) == 1861033 or answered.body.endswith(b"}")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("name", "symbols"),
    [
        (CAPTURES[0], ("NKNUSDT", "BLZETH", "LRCBTC", "RUNEEUR")),
        (CAPTURES[1], ("SUSHIUSDT", "AKROUSDT", "KEEPUSDT", "CTKUSDT")),
    ],
)
def test_a_client_that_subscribes_to_it_hears_the_very_bytes(name: str, symbols: tuple[str, ...]) -> None:
    url = next(entry.url for entry in Recording(shared("captures", name)).entries() if isinstance(entry, Opened))

    async def main() -> list[bytes]:
        site = met("binance", symbols, ("1m",), shared("captures", name))
        socket = await site._net.connect(f"sim://exchange/binance/stream?{url.partition('?')[2]}", 5)
        heard: list[bytes] = []
        task = asyncio.get_running_loop().create_task(_hear(socket, heard))
        await asyncio.sleep(300)
        task.cancel()
        return heard

    heard = run(main)
    assert heard == messages(name)


async def _hear(socket: Any, heard: list[bytes]) -> None:
    while True:
        frame = await socket.receive()
        if isinstance(frame, Text):
            heard.append(frame.data)
        elif hasattr(frame, "payload"):
            await socket.pong(frame.payload)
        else:
            return


def test_an_engine_takes_in_a_capture_and_its_list_of_symbols() -> None:
    """Every candle that the capture closes is in the cache as an independent reading has it."""
    files = [shared("captures", name) for name in ("cryptofeed_BINANCE.0", CAPTURES[0])]

    async def main() -> Any:
        site = met("binance", ("NKNUSDT", "BLZETH", "LRCBTC", "RUNEEUR"), ("1m",), *files)
        await site.begin()
        await site.pass_time(50)
        await site.stop()
        return site

    site = run(main)
    told = [event for data in messages(CAPTURES[0]) for event in dialect_of("binance").decode(data)]
    candles = [event for event in told if isinstance(event, CandleEvent)]
    assert len(candles) == 2
    for event in candles:
        cached = site.cache.candles[event.pair][event.candle.open_ms]
        last = [one.candle for one in candles if (one.pair, one.candle.open_ms) == (event.pair, event.candle.open_ms)][
            -1
        ]
        assert (cached.close, cached.volume, cached.trades) == (last.close, last.volume, last.trades)
    assert len(site.engine._exchange.listings) == 1695
    assert site.world.broken() == {}


def test_coinbase_s_older_feed_does_a_client_of_the_newer_no_harm() -> None:
    async def main() -> Any:
        site = met("coinbase", ("SKL-USD",), ("5m",), shared("captures", CAPTURES[2]))
        await site.begin()
        await site.pass_time(60)
        await site.stop()
        return site

    site = run(main)
    assert site.exchange.counters.seen["played"] == 9946
    assert site.world.broken() == {}


def test_what_a_client_sent_is_kept_too() -> None:
    sent = [entry.text for entry in Recording(shared("captures", CAPTURES[2])).entries() if isinstance(entry, Sent)]
    assert [text.count("subscribe") for text in sent] == [1, 1, 1]
