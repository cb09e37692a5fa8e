"""Connecting, subscribing and coming back."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Awaitable, Callable

import pytest

from perseus.exchanges.streams.doubts import MARGIN_MS
from perseus.exchanges.wire.transport import Answer, TransportError
from tests.simulated.virtual_loop import run
from tests.streams.exchange import ScriptedSocket, binance, exchange_ms, kline, talk
from tests.streams.staged import Stage, pair, pairs


def test_what_is_wanted_is_subscribed_and_comes_out() -> None:
    async def main() -> None:
        stage = Stage()
        stage.start("BTCUSDT 1m", "BTCUSDT 1h", tickers=["BTCUSDT"])
        await stage.streams.live()
        assert stage.exchange.urls == ["wss://it/stream"]
        assert stage.socket.streams == {"btcusdt@kline_1m", "btcusdt@kline_1h", "btcusdt@miniTicker"}
        stage.socket.say(kline("BTCUSDT"))
        await asyncio.sleep(0.1)
        assert [event.pair for event in stage.told.candles] == [pair("BTCUSDT 1m")]
        assert stage.told.lives[0][1] == {*pairs("BTCUSDT 1m", "BTCUSDT 1h"), "BTCUSDT"}
        assert stage.told.doubts == []
        (view,) = stage.streams.views().values()
        assert (view.is_connected, view.wanted, view.acknowledged, view.heard) == (True, 3, 3, 1)
        await stage.streams.close()
        assert not stage.exchange.open

    run(main)


def test_never_more_than_four_messages_in_any_second_however_much_there_is_to_say() -> None:
    async def main() -> None:
        stage = Stage()
        stage.start(*(f"S{number}USDT {frame}" for number in range(600) for frame in ("1m", "5m", "1h")))
        await stage.streams.live()
        for count in range(0, 600, 7):
            stage.start(*(f"S{number}USDT 1m" for number in range(count)))
            for socket in stage.exchange.open:
                socket.ping(b"%d" % count)
            await asyncio.sleep(0.03)
        await asyncio.sleep(120)
        assert max(socket.most_a_second for socket in stage.exchange.sockets) == 4
        assert all(socket.pongs for socket in stage.exchange.open)
        await stage.streams.close()

    run(main)


def test_a_ping_is_answered_at_once_with_its_payload_while_much_is_subscribed() -> None:
    async def main() -> None:
        stage = Stage()
        stage.start(*(f"S{number}USDT 1m" for number in range(400)))
        await asyncio.sleep(0.06)
        for number in range(30):
            stage.streams.start(pairs(*(f"S{one}USDT 1m" for one in range(400 - number))), [])
        await asyncio.sleep(1.3)
        began = stage.loop.time()
        stage.socket.ping(b"1733000000000")
        while not stage.socket.pongs:
            await asyncio.sleep(0)
        assert stage.loop.time() == began
        assert stage.socket.pongs == [b"1733000000000"]
        await stage.streams.close()

    run(main)


def test_of_a_flood_of_pings_the_newest_is_answered() -> None:
    async def main() -> None:
        stage = Stage()
        stage.start("BTCUSDT 1m")
        await stage.streams.live()
        for number in range(50):
            stage.socket.ping(b"%d" % number)
            await asyncio.sleep(0.05)
        await asyncio.sleep(2)
        assert stage.socket.pongs[-1] == b"49"
        assert stage.socket.most_a_second <= 4
        await stage.streams.close()

    run(main)


def test_it_comes_back_without_limit_at_random_distances_of_half_a_second_to_thirty(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        stage = Stage()
        stage.exchange.refuse.extend(TransportError("refused", "nothing listens there") for _ in range(60))
        stage.start("BTCUSDT 1m")
        await stage.streams.live()
        times = stage.exchange.connects
        gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
        assert len(gaps) == 60
        assert min(gaps) >= 0.5
        assert 20 < max(gaps) <= 30.1
        assert min(gaps[10:]) < 5, "full jitter begins at half a second"
        assert stage.told.troubles[0] == (
            "binance stream 1: Not connected: nothing listens there. It is tried again until it works."
        )
        assert len(stage.told.troubles) == 1, "what is over is no error"
        assert re.search("WARNING .* binance stream 1: Connected again after [0-9]+ s[.]", caplog.text)
        await stage.streams.close()

    run(main)


def test_a_reason_that_is_a_sentence_ends_no_line_with_two_full_stops(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    async def main() -> None:
        stage = Stage()
        stage.exchange.refuse.append(TransportError("refused", "Nothing listens there."))
        stage.start("BTCUSDT 1m")
        await stage.streams.live()
        cut = TransportError("reset", "The connection is gone.")
        stage.socket.send = refusing(cut)
        stage.socket.ping(b"1")
        stage.streams.start(pairs("BTCUSDT 1m", "ETHUSDT 1m"), [])
        await asyncio.sleep(60)
        stage.socket.say({"id": None, "error": {"code": 2, "msg": "Invalid request."}})
        await asyncio.sleep(10)
        assert [line.partition(": ")[2] for line in stage.told.troubles] == [
            "Not connected: Nothing listens there. It is tried again until it works.",
            "Not connected: The connection is gone. It is tried again until it works.",
            "The exchange reports an error: Invalid request (code 2).",
        ]
        await stage.streams.close()

    run(main)
    assert any(line.endswith("the connection was lost: The connection is gone.") for line in caplog.messages)
    assert [line for line in caplog.messages if ".." in line] == []


def refusing(error: TransportError) -> Callable[[str], Awaitable[None]]:
    async def send(_: str) -> None:
        raise error

    return send


@pytest.mark.parametrize("code", [None, 1000, 1001, 1006, 1008, 1012])
def test_however_it_ends_all_is_in_doubt_from_the_last_message_on_until_it_is_live_again(code: int | None) -> None:
    async def main() -> None:
        stage = Stage()
        stage.start("BTCUSDT 1m", "ETHUSDT 1m")
        await stage.streams.live()
        await asyncio.sleep(30)
        stage.socket.say(kline("BTCUSDT"))
        last_ms = exchange_ms()
        await asyncio.sleep(3)
        stage.socket.end(code)
        await asyncio.sleep(60)
        ((lost_at, subjects, since_ms, _),) = stage.told.doubts
        assert subjects == pairs("BTCUSDT 1m", "ETHUSDT 1m")
        assert since_ms == last_ms - MARGIN_MS
        (back_at, back, from_ms) = stage.told.lives[-1]
        assert back == subjects
        assert lost_at < back_at
        assert from_ms > last_ms
        assert len(stage.exchange.sockets) == 2
        await stage.streams.close()

    run(main)


def test_a_violation_of_the_rules_is_not_answered_by_coming_back_at_once() -> None:
    async def main() -> None:
        stage = Stage()
        stage.start("BTCUSDT 1m")
        await stage.streams.live()
        ended = stage.loop.time()
        stage.socket.end(1008, "Too many requests")
        await asyncio.sleep(60)
        assert stage.exchange.connects[1] - ended >= 15
        await stage.streams.close()

    run(main)


def test_a_handshake_that_is_refused_for_too_much_keeps_all_away_for_as_long_as_it_says() -> None:
    async def main() -> None:
        stage = Stage()
        answer = Answer(429, {"retry-after": "90"}, b"")
        stage.exchange.refuse.append(TransportError("handshake", "HTTP 429", answer))
        stage.start("BTCUSDT 1m")
        await stage.streams.live()
        first, second = stage.exchange.connects
        assert second - first >= 90
        await stage.streams.close()

    run(main)


def test_a_connection_that_is_accepted_and_then_silent_is_left_within_seconds() -> None:
    async def main() -> None:
        stage = Stage()
        stage.exchange.hears = lambda socket, message: (
            None if len(stage.exchange.sockets) == 1 else binance(socket, message)
        )
        stage.start("BTCUSDT 1m")
        async with asyncio.timeout(20):
            await stage.streams.live()
        assert len(stage.exchange.sockets) == 2
        await stage.streams.close()

    run(main)


def test_a_half_open_line_is_found_within_twenty_seconds_and_a_quiet_one_is_kept() -> None:
    async def main() -> None:
        stage = Stage()
        stage.start("BTCUSDT 1m")
        await stage.streams.live()
        await asyncio.sleep(3600)
        assert len(stage.exchange.sockets) == 1, "it answers, so it lives"
        stage.socket.is_half_open = True
        await asyncio.sleep(25)
        assert len(stage.exchange.sockets) == 2
        await stage.streams.close()

    run(main)


def test_a_stall_of_this_process_ends_no_connection() -> None:
    async def main() -> None:
        stage = Stage()
        stage.start("BTCUSDT 1m")
        await stage.streams.live()
        for _ in range(5):
            stage.loop.stall(90)
            await asyncio.sleep(15)
        assert len(stage.exchange.sockets) == 1
        assert stage.told.doubts == []
        await stage.streams.close()

    run(main)


@pytest.mark.parametrize("answer", ["never", "of another id", "refused", "refused by Binance's old form"])
def test_without_a_good_acknowledgement_streams_that_speak_are_believed_and_the_trouble_is_told(answer: str) -> None:
    def hears(socket: ScriptedSocket, message: object) -> None:
        assert isinstance(message, dict)
        if message["method"] == "SUBSCRIBE":
            socket.streams |= set(message["params"])
            if answer == "of another id":
                socket.say({"result": None, "id": 99_999})
            elif answer == "refused":
                socket.say({"code": 2, "msg": "Invalid request", "id": message["id"]})
            elif "old" in answer:
                socket.say({"error": {"code": 4, "msg": "Too many subscriptions"}, "id": message["id"]})
        else:
            binance(socket, message)

    async def main() -> None:
        stage = Stage()
        stage.exchange.hears = hears
        stage.start("BTCUSDT 1m")
        talking = talk(stage.exchange, ["btcusdt@kline_1m"])
        await asyncio.sleep(60)
        assert len(stage.exchange.sockets) == 1
        assert stage.told.lives[0][1] == pairs("BTCUSDT 1m")
        assert len(stage.told.candles) == 29
        if "refused" in answer:
            assert any("refuses our message to BTCUSDT 1m: " in text for text in stage.told.troubles)
        talking.cancel()
        await stage.streams.close()

    run(main)
