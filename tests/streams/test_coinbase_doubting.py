"""What makes the word of a stream of Coinbase doubtful while its connection is open: it counts all that it says."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from perseus.exchanges.streams.doubts import MARGIN_MS
from tests.simulated.virtual_loop import run
from tests.streams.exchange import ScriptedSocket, coinbase, envelope, exchange_ms
from tests.streams.staged import Stage, pairs

BEAT = "2026-04-07 14:30:10.0 +0000 UTC m=+1"


def beat(stage: Stage, counter: int) -> None:
    for socket in list(stage.exchange.open):
        event = {"current_time": BEAT, "heartbeat_counter": str(counter)}
        socket.say(envelope(socket, "heartbeats", [event]))


def beats(stage: Stage) -> asyncio.Task[None]:
    async def for_ever() -> None:
        counter = 0
        while True:
            beat(stage, counter)
            counter += 1
            await asyncio.sleep(1)

    return asyncio.create_task(for_ever())


def candle(socket: ScriptedSocket, product: str, kind: str = "update", **other: str) -> None:
    start = exchange_ms() // 300_000 * 300
    row = {"start": str(start), "open": "1", "high": "2", "low": "1", "close": "2", "volume": "3"}
    socket.say(envelope(socket, "candles", [{"type": kind, "candles": [{**row, "product_id": product, **other}]}]))


async def coinbase_stage(*names: str, **aliases: str) -> tuple[Stage, asyncio.Task[None]]:
    stage = Stage("coinbase")
    stage.start(*names, **aliases)
    beating = beats(stage)
    await stage.streams.live()
    await asyncio.sleep(5)
    return stage, beating


def test_coinbase_heartbeats_are_asked_for_first_and_keep_a_quiet_connection() -> None:
    async def main() -> None:
        stage, beating = await coinbase_stage("BTC-USD 5m")
        (at, first), *_ = stage.socket.sent
        assert first == {"type": "subscribe", "channel": "heartbeats"}
        assert at - stage.exchange.connects[0] < 1
        await asyncio.sleep(600)
        assert len(stage.exchange.sockets) == 1
        beating.cancel()
        await asyncio.sleep(15)
        assert len(stage.exchange.sockets) == 2
        await stage.streams.close()

    run(main)


def test_a_jump_of_the_sequence_is_a_doubt_about_all_of_the_connection_and_over_at_once() -> None:
    async def main() -> None:
        stage, beating = await coinbase_stage("BTC-USD 5m", "ETH-USD 5m")
        stage.socket.number += 3
        candle(stage.socket, "BTC-USD")
        await asyncio.sleep(10)
        ((at, subjects, since_ms, why),) = stage.told.doubts
        assert subjects == pairs("BTC-USD 5m", "ETH-USD 5m")
        assert "jumped" in why
        assert since_ms >= exchange_ms() - 12_000 - MARGIN_MS
        assert stage.told.lives[-1][:2] == (at, subjects)
        beating.cancel()
        await stage.streams.close()

    run(main)


def test_a_lower_number_is_no_doubt_but_a_count_that_begins_anew_is() -> None:
    async def main() -> None:
        stage, beating = await coinbase_stage("BTC-USD 5m")
        beating.cancel()
        kept = stage.socket.number
        stage.socket.number = kept - 3
        candle(stage.socket, "BTC-USD")
        stage.socket.number = kept
        candle(stage.socket, "BTC-USD")
        await asyncio.sleep(0.1)
        assert stage.told.doubts == []
        stage.socket.number = -1
        candle(stage.socket, "BTC-USD")
        await asyncio.sleep(0.1)
        assert "began anew" in stage.told.doubts[0][3]
        await stage.streams.close()

    run(main)


def test_a_jump_of_the_heartbeat_counter_is_a_doubt() -> None:
    async def main() -> None:
        stage, beating = await coinbase_stage("BTC-USD 5m")
        beating.cancel()
        beat(stage, 40)
        await asyncio.sleep(0.1)
        assert "its heartbeat jumped from" in stage.told.doubts[0][3]
        await stage.streams.close()

    run(main)


def test_what_comes_under_an_alias_comes_out_under_the_names_that_were_asked_for() -> None:
    async def main() -> None:
        stage = Stage("coinbase")
        stage.streams.start(pairs("BTC-USDC 5m", "BTC-USD 5m"), [], {"BTC-USDC": "BTC-USD"})
        beating = beats(stage)
        await stage.streams.live()
        candle(stage.socket, "BTC-USD")
        await asyncio.sleep(0.1)
        assert {str(event.pair) for event in stage.told.candles} == {"BTC-USDC 5m", "BTC-USD 5m"}
        candle(stage.socket, "ETH-USD")
        await asyncio.sleep(0.1)
        assert stage.told.troubles == [
            "coinbase stream 1: The exchange sends ETH-USD 5m, which nobody asked for: it is left alone."
        ]
        beating.cancel()
        await stage.streams.close()

    run(main)


def test_a_snapshot_says_that_it_is_one() -> None:
    async def main() -> None:
        stage, beating = await coinbase_stage("BTC-USD 5m")
        candle(stage.socket, "BTC-USD", "snapshot")
        candle(stage.socket, "BTC-USD")
        await asyncio.sleep(0.1)
        assert [event.is_snapshot for event in stage.told.candles] == [True, False]
        assert not any(event.candle.is_closed for event in stage.told.candles)
        beating.cancel()
        await stage.streams.close()

    run(main)


def test_products_that_are_taken_without_a_word_are_named() -> None:
    async def main() -> None:
        stage = Stage("coinbase")
        answers = stage.exchange.hears

        def drops(socket: ScriptedSocket, message: dict[str, list[str]]) -> None:
            known = [product for product in message.get("product_ids", ()) if product != "MATIC-USD"]
            answers(socket, {**message, "product_ids": known} if known else message)

        stage.exchange.hears = drops
        stage.start("BTC-USD 5m", "MATIC-USD 5m")
        beating = beats(stage)
        await stage.streams.live()
        for _ in range(300):
            candle(stage.socket, "BTC-USD")
            await asyncio.sleep(1)
        assert any("does not acknowledge the subscription to MATIC-USD 5m" in text for text in stage.told.troubles)
        assert any("Nothing has come of MATIC-USD 5m" in text for text in stage.told.troubles)
        assert len(stage.exchange.sockets) == 1
        beating.cancel()
        await stage.streams.close()

    run(main)


def test_an_error_that_answers_nothing_of_ours_is_no_refusal() -> None:
    async def main() -> None:
        stage, beating = await coinbase_stage("BTC-USD 5m")
        stage.socket.say({"type": "error", "message": "internal error"})
        await asyncio.sleep(1)
        assert stage.told.troubles == ["coinbase stream 1: The exchange reports an error: internal error."]
        stage.exchange.hears = lambda socket, _: socket.say({"type": "error", "message": "no such product"})
        stage.start("BTC-USD 5m", "ETH-USD 5m")
        await asyncio.sleep(5)
        stage.socket.say({"type": "error", "message": "internal error"})
        await asyncio.sleep(1)
        assert [text.partition(": ")[2] for text in stage.told.troubles[1:]] == [
            "The exchange refuses our message to ETH-USD 5m: no such product.",
            "The exchange reports an error: internal error.",
        ]
        beating.cancel()
        await stage.streams.close()

    run(main)


def test_an_error_long_after_a_message_that_nobody_answered_is_not_its_answer() -> None:
    async def main() -> None:
        stage, beating = await coinbase_stage("BTC-USD 5m")
        stage.exchange.hears = lambda *_: None
        stage.start("BTC-USD 5m", "ETH-USD 5m")
        await asyncio.sleep(25)
        stage.socket.say({"type": "error", "message": "internal error"})
        await asyncio.sleep(1)
        assert stage.told.troubles[-1].endswith("The exchange reports an error: internal error.")
        beating.cancel()
        await stage.streams.close()

    run(main)


def test_numbers_that_come_as_text_are_numbers_also_in_what_acknowledges() -> None:
    async def main() -> None:
        stage = Stage("coinbase")

        def in_text(socket: ScriptedSocket, message: Any) -> None:
            said, socket.say = socket.say, lambda told: said({**told, "sequence_num": str(told["sequence_num"])})
            coinbase(socket, message)
            socket.say = said

        stage.exchange.hears = in_text
        stage.start("BTC-USD 5m", "ETH-USD 5m")
        beating = beats(stage)
        await stage.streams.live()
        await asyncio.sleep(30)
        assert stage.told.troubles == stage.told.doubts == []
        assert {subject for _, subjects, _ in stage.told.lives for subject in subjects} == pairs(
            "BTC-USD 5m", "ETH-USD 5m"
        )
        beating.cancel()
        await stage.streams.close()

    run(main)


BAD_BEATS = [
    {"sequence_num": None},
    {"sequence_num": "text"},
    {"sequence_num": 1.5},
    {"events": [{"heartbeat_counter": "x"}]},
    {"events": [{"heartbeat_counter": []}]},
    {"events": 5},
    {"timestamp": "yesterday"},
]


@pytest.mark.parametrize("spoilt", BAD_BEATS, ids=json.dumps)
def test_a_heartbeat_that_cannot_be_read_is_named_and_doubts_nobody_unless_the_numbers_show_a_hole(
    spoilt: dict[str, object],
) -> None:
    async def main() -> None:
        stage, beating = await coinbase_stage("BTC-USD 5m", "ETH-USD 5m")
        beating.cancel()
        for _ in range(2):
            bad = envelope(stage.socket, "heartbeats", [{"current_time": BEAT, "heartbeat_counter": "5"}])
            stage.socket.say({**bad, **spoilt})
            beat(stage, 7)
            candle(stage.socket, "BTC-USD")
            await asyncio.sleep(1)
            assert stage.told.doubts == []
        (said,) = stage.told.troubles
        assert said.startswith("coinbase stream 1: The exchange sent what cannot be read: heartbeats: ")
        stage.socket.number += 1
        candle(stage.socket, "BTC-USD")
        await asyncio.sleep(1)
        ((_, subjects, _, why),) = stage.told.doubts
        assert (subjects, "jumped" in why) == (pairs("BTC-USD 5m", "ETH-USD 5m"), True)
        await stage.streams.close()

    run(main)


@pytest.mark.parametrize("number", [None, "text"])
def test_a_number_that_cannot_be_read_doubts_its_product_alone_and_the_next_goes_on(number: str | None) -> None:
    async def main() -> None:
        stage, beating = await coinbase_stage("BTC-USD 5m", "ETH-USD 5m")
        said = envelope(stage.socket, "candles", [{"type": "update", "candles": [{"product_id": "BTC-USD"}]}])
        stage.socket.say({**said, "sequence_num": number and str(said["sequence_num"])})
        await asyncio.sleep(10)
        ((_, subjects, _, why),) = stage.told.doubts
        assert (subjects, why) == (pairs("BTC-USD 5m"), "a message could not be read")
        stage.socket.number += 1
        await asyncio.sleep(5)
        assert len(stage.told.doubts) == 2, "one number more is missing than came without one"
        assert "jumped" in stage.told.doubts[1][3]
        beating.cancel()
        await stage.streams.close()

    run(main)
