"""What an exchange refuses though it lists it is asked for again, seldom; what it lists no more is believed late."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from perseus.clock import iso
from perseus.exchanges.wire.transport import Answer
from perseus.market.candle import Pair
from perseus.market.timeframes import Timeframe
from tests.simulated.site import Site
from tests.simulated.virtual_loop import run

CALM = ("LTC", "SHIB")
SYMBOLS = {"binance": ("LTCUSDT", "SHIBUSDT"), "coinbase": ("LTC-USD", "SHIB-USD")}
PLAIN = Answer(404, {"content-type": "text/html"}, b"<html>Not Found</html>")
NO_SYMBOL = {
    "binance": Answer(400, {}, b'{"code":-1121,"msg":"Invalid symbol."}'),
    "coinbase": Answer(404, {}, b'{"error":"NOT_FOUND","message":"valid product_id is required"}'),
}
HOURLY = ("1h", "ONE_HOUR")

everywhere = pytest.mark.parametrize("name", ["binance", "coinbase"])


@dataclass
class Refusing:
    """Answers requests for the second symbol's candles of an hour with `answer`, `times` at most, and counts them."""

    symbol: str
    answer: Answer
    times: int = 1_000
    asked: int = 0

    def __call__(self, url: str, params: Mapping[str, str]) -> Answer | None:
        if not ({*params.values()} & {*HOURLY} and self.symbol in (*params.values(), *url.split("/"))):
            return None
        self.asked += 1
        return self.answer if self.asked <= self.times else None


def refusing(name: str, answer: Answer, times: int = 1_000) -> tuple[Site, Refusing, Pair]:
    site = Site(name, SYMBOLS[name], ("1h", "5m"), bases=CALM)
    symbol = SYMBOLS[name][1]
    site.net.instead = refusal = Refusing(symbol, answer, times)
    return site, refusal, Pair(symbol, Timeframe.parse("1h"))


@everywhere
def test_a_pair_that_was_refused_once_is_incomplete_until_the_listings_are_read_and_then_whole(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        site, refusal, pair = refusing(name, PLAIN, 1)
        async with site:
            await site.pass_time(120)
            assert (site.engine.lacking(), refusal.asked) == ([pair], 1)
            (said,) = [line for line in site.said if line.startswith(f"{pair.symbol}: ")]
            assert "HTTP 404" in said
            assert said.endswith(" It is asked for again while it is listed.")
            await site.pass_time(600)
            assert site.engine.lacking() == []
            await site.pass_time(3_700)
            await site.pass_until_quiet()
            assert site.differences() == []

    run(main)
    assert len([line for line in caplog.messages if "refuses its candles no more" in line]) == 1


@everywhere
def test_a_pair_that_is_always_refused_is_asked_for_ever_more_seldom_and_named_once(name: str) -> None:
    async def main() -> None:
        site, refusal, pair = refusing(name, NO_SYMBOL[name])
        async with site:
            await site.pass_time(1_900)
            assert 3 <= refusal.asked <= 4
            await site.pass_time(4 * 3_600)
            assert 6 <= refusal.asked <= 8
            assert pair in site.engine.lacking()
            (said,) = [line for line in site.said if line.startswith(f"{pair.symbol}: ")]
            assert said.endswith(" It may be delisted.")

    run(main)


@everywhere
def test_a_pair_that_was_refused_is_asked_for_after_an_hour_though_the_list_of_symbols_cannot_be_read(
    name: str,
) -> None:
    async def main() -> None:
        site, refusal, pair = refusing(name, PLAIN, 1)

        def instead(url: str, params: Mapping[str, str]) -> Answer | None:
            is_list = url.endswith(("/exchangeInfo", "/products")) and site.warm.is_set()
            return Answer(500, {}, b"{}") if is_list else refusal(url, params)

        site.net.instead = instead
        async with site:
            await site.pass_time(3_500)
            assert (site.engine.lacking(), refusal.asked) == ([pair], 1)
            await site.pass_time(200)
            assert site.engine.lacking() == []

    run(main)


@everywhere
def test_a_full_warmup_asks_at_once_for_what_was_refused(name: str) -> None:
    async def main() -> None:
        site, refusal, pair = refusing(name, PLAIN, 1)
        async with site:
            await site.pass_time(60)
            assert site.engine.lacking() == [pair]
            site.engine.warming.again("again", is_full=True)
            await site.pass_time(60)
            assert refusal.asked > 1
            assert site.engine.lacking() == []

    run(main)


def emptied(url: str, body: bytes) -> bytes:
    """The list of symbols with nothing in it, all else as it was."""
    if not url.endswith(("/exchangeInfo", "/products")):
        return body
    return json.dumps({**json.loads(body), "symbols": [], "products": []}).encode()


@everywhere
def test_a_list_without_symbols_is_strange_once_and_believed_after_ten_minutes(name: str) -> None:
    async def main() -> None:
        async with Site(name, SYMBOLS[name], ("1h", "5m"), bases=CALM) as site:
            await site.pass_time(60)
            site.net.spoil = emptied
            await site.pass_time(1_080)
            assert [line for line in site.said if "delisted" in line] == []
            assert len([line for line in site.said if "which is strange" in line]) == 1
            await site.pass_time(180)
            assert [line.split()[0] for line in site.said if " delisted (" in line] == [*SYMBOLS[name]]
            assert len([line for line in site.said if "which is strange" in line]) == 1

    run(main)


@everywhere
def test_a_list_without_symbols_that_was_a_whim_changes_nothing(name: str) -> None:
    async def main() -> None:
        async with Site(name, SYMBOLS[name], ("1h", "5m"), bases=CALM) as site:
            await site.pass_time(60)
            site.net.spoil = emptied
            await site.pass_time(700)
            site.net.spoil = lambda _, body: body
            await site.pass_time(3_700)
            await site.pass_until_quiet()
            assert site.differences() == []
            assert [line for line in site.said if "list" in line and "strange" not in line] == []

    run(main)


@everywhere
def test_a_start_waits_while_the_list_of_symbols_is_empty(name: str) -> None:
    async def main() -> None:
        site = Site(name, SYMBOLS[name], ("1h", "5m"), bases=CALM)
        asked = 0

        def spoil(url: str, body: bytes) -> bytes:
            nonlocal asked
            asked += url.endswith(("/exchangeInfo", "/products"))
            return emptied(url, body) if asked <= 6 else body

        site.net.spoil = spoil
        before_ms = site.world.clock.now_ms()
        async with site:
            assert site.engine.symbols == SYMBOLS[name]
            (said,) = [line for line in site.said if "is empty, which is strange" in line]
            assert f"again at {iso(before_ms + 10_000)[11:16]}" in said
            waited_ms = site.world.clock.now_ms() - before_ms
            assert 250_000 <= waited_ms <= 300_000

    run(main)
