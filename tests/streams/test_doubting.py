"""What makes a stream's word doubtful while its connection is open."""

from __future__ import annotations

import asyncio

from perseus.exchanges.streams.doubts import MARGIN_MS
from tests.simulated.virtual_loop import run
from tests.streams.exchange import exchange_ms, kline, talk
from tests.streams.staged import Stage, pair, pairs


def test_a_dead_stream_among_living_ones_is_asked_for_again_then_doubted_then_left() -> None:
    async def main() -> None:
        stage = Stage()
        stage.start("BTCUSDT 1m", "BTCUSDT 5m")
        talking = talk(stage.exchange, ["btcusdt@kline_1m", "btcusdt@kline_5m"])
        await asyncio.sleep(30)
        talking.cancel()
        living = talk(stage.exchange, ["btcusdt@kline_1m"])
        died = stage.loop.time()
        await asyncio.sleep(30)
        (again,) = [at for at, said in stage.socket.sent if said.get("params") == ["btcusdt@kline_5m"]]
        assert 18 <= again - died <= 25
        assert stage.told.doubts == []
        await asyncio.sleep(20)
        ((at, subjects, since_ms, _),) = stage.told.doubts
        assert subjects == pairs("BTCUSDT 5m")
        assert 38 <= at - died <= 50
        assert since_ms < exchange_ms() - 45_000
        assert len(stage.exchange.sockets) == 1
        await asyncio.sleep(60)
        assert len(stage.exchange.sockets) == 2
        await asyncio.sleep(3 * 3600)
        assert len(stage.exchange.sockets) <= 4, "one that stays dead costs no storm of connections"
        assert len(stage.told.doubts) == 2
        assert any("Nothing has come of BTCUSDT 5m" in text for text in stage.told.troubles)
        living.cancel()
        await stage.streams.close()

    run(main)


def test_a_quiet_market_is_not_dead() -> None:
    async def main() -> None:
        stage = Stage()
        stage.start("BTCUSDT 1m", "ZECUSDT 1m", "ZECUSDT 5m")
        talking = talk(stage.exchange, ["btcusdt@kline_1m"])
        quiet = talk(stage.exchange, ["zecusdt@kline_1m", "zecusdt@kline_5m"], seconds=90)
        await asyncio.sleep(4 * 3600)
        assert len(stage.exchange.sockets) == 1
        assert stage.told.doubts == []
        talking.cancel()
        quiet.cancel()
        await stage.streams.close()

    run(main)


def test_a_subscription_that_the_exchange_lost_is_found_doubted_and_asked_for_again() -> None:
    async def main() -> None:
        stage = Stage()
        stage.start("BTCUSDT 1m", "ETHUSDT 1m")
        talking = talk(stage.exchange, ["btcusdt@kline_1m", "ethusdt@kline_1m"])
        await asyncio.sleep(280)
        stage.socket.streams.discard("ethusdt@kline_1m")
        await asyncio.sleep(30)
        assert "ethusdt@kline_1m" in stage.socket.streams
        assert any("has lost the subscription to ETHUSDT 1m" in text for text in stage.told.troubles)
        assert stage.told.doubts[0][1] == pairs("ETHUSDT 1m")
        assert stage.told.lives[-1][1] == pairs("ETHUSDT 1m")
        talking.cancel()
        await stage.streams.close()

    run(main)


def test_a_stream_that_speaks_again_after_it_was_asked_for_again_may_have_missed_something() -> None:
    async def main() -> None:
        stage = Stage()
        stage.start("BTCUSDT 1m", "ETHUSDT 1m")
        talking = talk(stage.exchange, ["btcusdt@kline_1m", "ethusdt@kline_1m"])
        await asyncio.sleep(60)
        stage.socket.streams.discard("ethusdt@kline_1m")
        last_ms = exchange_ms()
        await asyncio.sleep(100)
        ((at, subjects, since_ms, why),) = stage.told.doubts
        assert subjects == pairs("ETHUSDT 1m")
        assert "was silent" in why
        assert last_ms - 3_000 <= since_ms + MARGIN_MS <= last_ms
        assert stage.told.lives[-1][:2] == (at, subjects)
        talking.cancel()
        await stage.streams.close()

    run(main)


def test_what_cannot_be_read_is_named_once_and_its_pair_is_in_doubt_until_it_can_be() -> None:
    async def main() -> None:
        stage = Stage()
        stage.start("BTCUSDT 1m", "ETHUSDT 1m")
        await stage.streams.live()
        for _ in range(400):
            await asyncio.sleep(1)
            stage.socket.say(kline("BTCUSDT", v="NaN"))
        assert next(subjects for _, subjects, _, _ in stage.told.doubts) == pairs("BTCUSDT 1m")
        assert stage.told.lives[-1][0] < stage.told.doubts[0][0], "that it is listed is no reason to believe it"
        (trouble,) = [text for text in stage.told.troubles if "cannot be read" in text]
        assert "its volume is 'NaN'" in trouble
        stage.socket.say(kline("BTCUSDT"))
        await asyncio.sleep(0.1)
        assert stage.told.lives[-1][1] == pairs("BTCUSDT 1m")
        await stage.streams.close()

    run(main)


def test_unknown_events_change_nothing_and_are_counted_within_bounds() -> None:
    async def main() -> None:
        stage = Stage()
        stage.start("BTCUSDT 1m")
        await stage.streams.live()
        for number in range(1000):
            stage.socket.say({"stream": "x", "data": {"e": f"kind{number}", "E": 1}})
        stage.socket.say({"stream": "x", "data": {"e": "kind1", "E": 1}})
        stage.socket.say(kline("BTCUSDT", brandNew={"a": [1]}))
        await asyncio.sleep(0.1)
        (view,) = stage.streams.views().values()
        assert sum(view.unknown.values()) == 1001
        assert len(view.unknown) == 51
        assert view.unknown["kind1"] == 2
        assert [event.pair for event in stage.told.candles] == [pair("BTCUSDT 1m")]
        assert stage.told.troubles == stage.told.doubts == []
        await stage.streams.close()

    run(main)


def test_unknown_kinds_are_named_within_seconds_and_once_an_hour_cut_and_escaped() -> None:
    async def main() -> None:
        stage = Stage()
        stage.start("BTCUSDT 1m")
        await stage.streams.live()
        talking = talk(stage.exchange, ["btcusdt@kline_1m"])
        for minute in range(70):
            stage.socket.say({"e": "new\nkind", "E": 1})
            stage.socket.say({"e": "k" * 100, "E": minute})
            await asyncio.sleep(60)
        assert stage.told.troubles == [
            "binance: The exchange sends messages of a kind that is not known here "
            f"({count} of new\\nkind, {count} of {'k' * 40} ...): they are left out. "
            "Where it has changed its streams, Perseus has to be updated."
            for count in (1, 61)
        ]
        for number in range(1000):
            stage.socket.say({"e": f"kind{number}", "E": 1})
        await asyncio.sleep(6)
        assert "1 of kind0" in stage.told.troubles[2]
        assert "and 14 more" in stage.told.troubles[2]
        for number in range(1000, 2000):
            stage.socket.say({"e": f"kind{number}", "E": 1})
            await asyncio.sleep(1)
        assert len(stage.told.troubles) == 3
        talking.cancel()
        await stage.streams.close()

    run(main)


def test_an_unknown_kind_that_names_one_of_ours_puts_it_in_doubt_once_an_hour_until_it_speaks() -> None:
    async def main() -> None:
        stage = Stage()
        stage.start("BTCUSDT 1m", "ETHUSDT 1m")
        await stage.streams.live()
        talking = talk(stage.exchange, ["btcusdt@kline_1m", "ethusdt@kline_1m"])
        for _ in range(100):
            await asyncio.sleep(1)
            stage.socket.say({"stream": "btcusdt@kline_1m", "data": {"e": "kline2"}})
        ((at, subjects, _, why),) = stage.told.doubts
        assert (subjects, why) == (pairs("BTCUSDT 1m"), "a message of an unknown kind named it")
        assert stage.told.lives[-1][1] == subjects
        assert at < stage.told.lives[-1][0] < at + 5
        talking.cancel()
        await stage.streams.close()

    run(main)


def test_symbols_that_come_and_go_leave_the_others_undisturbed() -> None:
    async def main() -> None:
        stage = Stage()
        stage.start("BTCUSDT 1m", "ETHUSDT 1m", "XRPUSDT 1m")
        await stage.streams.live()
        stage.start("BTCUSDT 1m", "ETHUSDT 1m", "SOLUSDT 1m", "BTCUSDT 5m")
        await asyncio.sleep(5)
        names = {"btcusdt@kline_1m", "ethusdt@kline_1m", "solusdt@kline_1m", "btcusdt@kline_5m"}
        assert stage.socket.streams == names
        assert len(stage.exchange.sockets) == 1
        assert stage.told.doubts == []
        stage.start()
        await asyncio.sleep(5)
        assert not stage.exchange.open
        await stage.streams.close()

    run(main)
