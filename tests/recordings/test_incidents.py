"""An incident that was recorded is met again by any client: without sockets, on virtual time."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from perseus.exchanges.recordings.entries import Answered, Asked, Began, Control, Ended, Entry, Heard, NotOpened, Opened
from perseus.exchanges.recordings.recording import Recording
from perseus.exchanges.recordings.ring import save
from perseus.market.candle import Candle, Pair
from perseus.simulator import control as endpoint
from perseus.simulator.faults.fault import Fault, ScenarioError
from perseus.simulator.replay.tape import Tape
from perseus.simulator.world import Driver
from tests.recordings.taking import START_MS, WALL_MS, met, recorded
from tests.simulated.site import Site
from tests.simulated.virtual_loop import run

SECONDS = 1_500
OF = {
    "binance": (("BTCUSDT", "SOLUSDT"), ("1m", "5m")),
    "binance_us": (("BTCUSDT", "ETHUSDT"), ("1m", "1h")),
    "coinbase": (("BTC-USD", "SOL-USD"), ("5m", "1h")),
}
INCIDENT = (
    Fault("reset", count=1, after_ms=400_000),
    Fault("close_missing", count=3),
    Fault("http_5xx", count=2, after_ms=400_000),
    Fault("handshake", count=1, after_ms=400_000),
)


def taken(folder: Path, name: str, *faults: Fault) -> Site:
    return run(lambda: recorded(folder, name, *OF[name], faults, SECONDS))


def met_again(name: str, *paths: Path, seconds: float = SECONDS) -> Site:
    async def main() -> Site:
        site = met(name, *OF[name], *paths)
        await site.begin()
        await site.pass_time(seconds)
        await site.stop()
        return site

    return run(main)


def closed(site: Site) -> dict[tuple[Pair, int], tuple[Any, ...]]:
    """Every finished candle, without the time at which it was told."""
    names = [name for name in Candle.__struct_fields__ if name != "event_ms"]
    return {
        (pair, at): tuple(getattr(one, name) for name in names)
        for pair, several in site.cache.candles.items()
        for at, one in several.items()
        if one.is_closed
    }


@pytest.mark.parametrize("name", OF)
def test_a_new_client_meets_the_same_incident_and_ends_with_the_same_candles(name: str, tmp_path: Path) -> None:
    before = taken(tmp_path, name, *INCIDENT)
    assert before.exchange.counters.faults["reset"]
    after = met_again(name, tmp_path)
    assert closed(before) == closed(after)
    assert len(closed(after)) > 600
    assert after.world.broken() == {}
    assert after.exchange.counters.seen["closed_broken"] == before.exchange.counters.seen["closed_broken"] > 0
    did = before.exchange.counters.faults
    assert did["handshake"] == 1
    assert after.exchange.counters.faults["recorded"] == did["handshake"] + did["http_5xx"]


def test_it_is_the_same_when_it_is_saved_and_faults_come_on_top(tmp_path: Path) -> None:
    before = taken(tmp_path / "ring", "binance")
    recording = Recording(tmp_path / "ring")
    save(tmp_path / "one.rec", recording.entries(), recording.exchange)

    async def main() -> Site:
        site = met("binance", *OF["binance"], tmp_path / "one.rec")
        site.world.add_fault(Fault("reset", after_ms=300_000, count=3, params={"every_ms": 200_000}))
        await site.begin()
        await site.pass_time(SECONDS)
        await site.stop()
        return site

    after = run(main)
    assert after.exchange.counters.faults["reset"] == 3
    assert closed(before) == closed(after)


def test_the_client_is_told_the_time_of_the_recording_by_the_exchange_s_clock(tmp_path: Path) -> None:
    """The host that recorded was seven seconds late."""
    taken(tmp_path, "coinbase")
    tape = Tape.of(Recording(tmp_path))
    assert tape.start_ms == WALL_MS
    assert tape.skew_ms is not None
    assert 6_900 < tape.skew_ms <= 7_000

    async def main() -> int:
        site = met("coinbase", *OF["coinbase"], tmp_path)
        await asyncio.sleep(3_600)
        await site._net.get("sim://exchange/coinbase/api/v3/brokerage/time", {}, {}, 5)
        await asyncio.sleep(10)
        return site.exchange.told_ms() - START_MS

    assert 9_000 < run(main) < 10_100


def test_another_client_may_ask_for_less_and_on_its_own_connections(tmp_path: Path) -> None:
    before = taken(tmp_path, "binance")

    async def main() -> Site:
        site = met("binance", ("SOLUSDT",), ("1m",), tmp_path)
        await site.begin()
        await site.pass_time(SECONDS)
        await site.stop()
        return site

    after = run(main)
    wanted = {key: candle for key, candle in closed(before).items() if str(key[0]) == "SOLUSDT 1m"}
    assert closed(after) == wanted


def test_numbers_that_were_lost_are_lost_again(tmp_path: Path) -> None:
    taken(tmp_path, "coinbase", Fault("sequence_jump", count=2, after_ms=600_000, target="candles:*"))
    kept = [entry.data for entry in Recording(tmp_path).entries() if isinstance(entry, Heard)]
    assert _jumps(kept) == 2

    async def main() -> list[Any]:
        site = met("coinbase", *OF["coinbase"], tmp_path)
        socket = await site._net.connect("sim://exchange/coinbase", 5)
        for channel, products in (("heartbeats", []), ("candles", ["BTC-USD", "SOL-USD"])):
            await socket.send(
                msgspec.json.encode({"type": "subscribe", "channel": channel, "product_ids": products}).decode()
            )
        heard: list[Any] = []
        task = asyncio.get_running_loop().create_task(_all(socket, heard))
        await asyncio.sleep(SECONDS - 10)
        task.cancel()
        return heard

    assert _jumps([frame.data for frame in run(main)]) == 2


def _jumps(messages: list[bytes]) -> int:
    numbers = [msgspec.json.decode(data)["sequence_num"] for data in messages]
    return sum(later > earlier + 1 for earlier, later in pairwise(numbers))


def test_there_is_no_truth_of_a_recording(tmp_path: Path) -> None:
    taken(tmp_path, "binance")

    async def main() -> None:
        site = met("binance", *OF["binance"], tmp_path)
        driver = site.world.driver
        assert isinstance(driver, Driver)

        asks = SimpleNamespace(query={"exchange": "binance", "symbol": "BTCUSDT", "timeframe": "1m"})
        with pytest.raises(ScenarioError, match="binance is a recording"):
            await endpoint.Control(site.world, driver).truth(asks)  # type: ignore[arg-type]

    run(main)


KLINE = b'{"e":"kline","E":%d,"s":"BTCUSDT","k":{"t":60000000,"T":60059999,"s":"BTCUSDT","i":"1m","f":1,"L":2,' + (
    b'"o":"1.0","c":"%s","h":"2.0","l":"1.0","v":"1.0","n":1,"x":%s,"q":"1.0","V":"1.0","Q":"1.0","B":"0"}}'
)
US = 1_000


def by_hand(path: Path, *entries: Entry) -> Path:
    save(path, [Began(1, 1, "binance", 1), *entries], "binance")
    return path


def test_raw_messages_reach_who_listens_to_both_forms_and_pings_and_ends_come_as_recorded(tmp_path: Path) -> None:
    first, last = KLINE % (60_010_000, b"1.1", b"false"), KLINE % (60_060_500, b"1.2", b"true")
    file = by_hand(
        tmp_path / "one.rec",
        Opened(60_009_000 * US, 1, "wss://stream.binance.com/ws"),
        Heard(60_010_000 * US, 1, first),
        Control(60_020_000 * US, 1, "ping", b"1"),
        Heard(60_060_500 * US, 1, last),
        Heard(60_061_000 * US, 1, b"no json \xff"),
        Ended(60_062_000 * US, 1, 1008, "Too many requests", False),
    )

    async def main() -> dict[str, list[Any]]:
        site = met("binance", ("BTCUSDT",), ("1m",), file)
        seen: dict[str, list[Any]] = {}
        for path in ("/ws/btcusdt@kline_1m", "/stream?streams=btcusdt@kline_1m", "/ws/ethusdt@kline_1m"):
            socket = await site._net.connect(f"sim://exchange/binance{path}", 5)
            seen[path] = []
            asyncio.get_running_loop().create_task(_all(socket, seen[path]))
        await asyncio.sleep(90)
        answer = await site._net.get("sim://exchange/binance/api/v3/klines", _asked(0), {}, 5)
        seen["rows"] = msgspec.json.decode(answer.body)
        answer = await site._net.get("sim://exchange/binance/api/v3/depth", {}, {}, 5)
        seen["other"] = [answer.status]
        return seen

    raw, combined, other, rows, strange = run(main).values()
    assert [frame.data for frame in raw if hasattr(frame, "data")] == [first, last, b"no json \xff"]
    envelope = b'{"stream":"btcusdt@kline_1m","data":%s}'
    assert [frame.data for frame in combined if hasattr(frame, "data")] == [
        envelope % first,
        envelope % last,
        b"no json \xff",
    ]
    assert [type(frame).__name__ for frame in raw] == ["Text", "Ping", "Text", "Text", "Closed"]
    assert (raw[-1].code, raw[-1].reason) == (1008, "Too many requests")
    assert [type(frame).__name__ for frame in other] == []
    assert [row[:6] for row in rows] == [[60_000_000, "1.0", "2.0", "1.0", "1.2", "1.0"]]
    assert strange == [404]


async def _all(socket: Any, into: list[Any]) -> None:
    while not into or hasattr(into[-1], "payload") or hasattr(into[-1], "data"):
        frame = await socket.receive()
        if hasattr(frame, "payload"):
            await socket.pong(frame.payload)
        into.append(frame)


def _asked(start_ms: int) -> dict[str, str]:
    return {"symbol": "BTCUSDT", "interval": "1m", "startTime": str(start_ms)}


def test_a_running_candle_is_what_was_told_by_then_and_a_finished_one_what_was_told_last(tmp_path: Path) -> None:
    def answered(at_ms: int, request: int, close: str) -> list[Entry]:
        row = f'[[60000000,"1","2","1","{close}","1",60059999,"1",1,"1","1","0"]]'
        asked = Asked(at_ms * US, request, "https://api.binance.com/api/v3/klines", _asked(0), {})
        return [asked, Answered((at_ms + 10) * US, request, 200, {}, row.encode())]

    entries = [*answered(60_010_000, 1, "1.1"), *answered(60_030_000, 2, "1.2"), *answered(60_090_000, 3, "1.3")]
    file = by_hand(
        tmp_path / "one.rec", *entries, NotOpened(60_100_000 * US, "wss://stream.binance.com", "refused", "", None)
    )

    async def main() -> list[str]:
        site = met("binance", ("BTCUSDT",), ("1m",), file)
        found = []
        for seconds in (15, 25, 25, 1):
            answer = await site._net.get("sim://exchange/binance/api/v3/klines", _asked(0), {}, 5)
            found += [row[4] for row in msgspec.json.decode(answer.body)] or ["none"]
            await asyncio.sleep(seconds)
        return found

    assert run(main) == ["1.1", "1.1", "1.2", "1.3"]
