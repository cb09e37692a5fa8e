"""Pairs that are never answered hold up no warmup for long; what a person is told of them, and of their end."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping

import pytest

from perseus.exchanges.wire.transport import Answer, TransportError
from perseus.ingest.engine.hanging import MOST
from perseus.warmup.stats import Stats
from tests.simulated.site import Site
from tests.simulated.virtual_loop import run
from tests.warmup.lives import PAIRS, SYMBOLS, TIMEFRAMES, Lives, lived

ONE_SECONDS, MANY_SECONDS = 20, 120
EACH = len(TIMEFRAMES)


class Hung:
    """On the way to the exchange what `is_hung(url, params)` is of is lost; all else is answered."""

    def __init__(
        self, site: Lives, is_hung: Callable[[str, Mapping[str, str]], bool], patch: pytest.MonkeyPatch
    ) -> None:
        self.is_hung = is_hung
        self.asked: list[tuple[float, str, str]] = []
        self.under_way = self.most = 0
        get = site.net.get

        async def some(url: str, params: Mapping[str, str], headers: Mapping[str, str], timeout: float) -> Answer:
            if not self.is_hung(url, params):
                return await get(url, params, headers, timeout)
            self.asked.append((asyncio.get_running_loop().time(), params.get("symbol", ""), params.get("interval", "")))
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            try:
                await asyncio.sleep(timeout)
            finally:
                self.under_way -= 1
            raise TransportError("timeout", f"No answer within {timeout:g} s.")

        patch.setattr(site.net, "get", some)


def klines_of(*symbols: str) -> Callable[[str, Mapping[str, str]], bool]:
    return lambda url, params: url.endswith("/klines") and params["symbol"] in symbols


def anything(_: str, __: Mapping[str, str]) -> bool:
    return True


def nothing(_: str, __: Mapping[str, str]) -> bool:
    return False


async def active(site: Site, within: float) -> float:
    """Seconds until it is."""
    time = asyncio.get_running_loop().time
    begun = time()
    await site.begin()
    async with asyncio.timeout(within):
        await site.warm.wait()
    return time() - begun


@pytest.mark.parametrize(("count", "within"), [(1, ONE_SECONDS), (2, ONE_SECONDS), (5, 40), (9, MANY_SECONDS)])
def test_it_is_active_soon_without_symbols_that_are_never_answered_and_tells_them_once(
    count: int, within: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(site: Lives) -> None:
        hung = SYMBOLS[:count]
        asked = Hung(site, klines_of(*hung), monkeypatch).asked
        await active(site, within)
        assert len(asked) <= count * EACH + 8
        stats, failed = site.stats, count * EACH
        assert (stats.status, stats.completed_pairs, stats.failed_pairs) == ("complete", PAIRS - failed, failed)
        assert {one.symbol for one in stats.failures} == {*hung}
        assert all("answer" in one.error for one in stats.failures)
        await site.pass_time(300)
        (said,) = [line for line in site.said if "answer" in line]
        assert said.startswith(f"{SYMBOLS[0]} 1d: ")
        assert f" The same of {failed - 1} pairs more: " in said

    lived(test)


def test_also_where_most_of_many_symbols_are_never_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    bases = tuple(f"C{number:02}" for number in range(50))

    async def main() -> None:
        site = Site("binance", [f"{base}USDT" for base in bases], ("1d", "1h", "15m", "5m", "1m"), bases=bases)
        hung = site.wanted.symbols[:40]
        Hung(site, klines_of(*hung), monkeypatch)
        await active(site, 130)
        stats = site.engine.warming.stats
        assert stats is not None
        assert (stats.completed_pairs, stats.failed_pairs) == (10 * 5, 40 * 5)
        await site.stop()
        assert site.world.broken() == {}

    run(main)


def test_at_an_exchange_that_names_the_symbol_in_its_paths_they_are_told_together_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test(site: Lives) -> None:
        hung = site.wanted.symbols[:3]
        Hung(site, lambda url, _: any(f"/{symbol}/candles" in url for symbol in hung), monkeypatch)
        await active(site, MANY_SECONDS)
        assert site.stats.failed_pairs == len(hung) * EACH
        await site.pass_time(300)
        assert len([line for line in site.said if "answer" in line]) == 1

    lived(test, "coinbase")


def test_afterwards_most_of_those_who_ask_are_free_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(site: Lives) -> None:
        hung = Hung(site, klines_of(*SYMBOLS[:9]), monkeypatch)
        await active(site, MANY_SECONDS)
        await site.pass_time(15)
        hung.most = 0
        await site.pass_time(300)
        assert 1 <= hung.most <= MOST

    lived(test)


def test_while_only_what_is_not_answered_is_left_nobody_says_how_long_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(site: Lives) -> None:
        Hung(site, klines_of(*SYMBOLS[:5]), monkeypatch)
        seen: list[tuple[float, Stats]] = []
        time = asyncio.get_running_loop().time
        site.step = lambda _, stats: seen.append((time(), stats)) if stats else None
        await active(site, MANY_SECONDS)
        at_work = [(at, one) for at, one in seen if one.status == "fetching"]
        came = max(at for at, one in at_work if one.completed_pairs < at_work[-1][1].completed_pairs)
        assert [one.eta_ms for at, one in at_work if at > came + 7] != []
        assert {one.eta_ms for at, one in at_work if at > came + 7} == {None}

    lived(test)


def test_a_next_start_that_lacks_only_those_finds_out_that_the_exchange_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test(site: Lives) -> None:
        Hung(site, klines_of(*SYMBOLS[:2]), monkeypatch)
        await active(site, ONE_SECONDS)
        await site.pass_time(60)
        await site.stop()
        site.token = "2"
        await active(site, 2 * ONE_SECONDS)
        assert (site.stats.total_pairs, site.stats.failed_pairs) == (2 * EACH, 2 * EACH)

    lived(test)


def test_where_nothing_was_answered_from_the_beginning_it_waits_for_the_exchange(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test(site: Lives) -> None:
        hung = Hung(site, nothing, monkeypatch)
        await site.begin()
        hung.is_hung = anything
        await site.pass_time(1_800)
        assert not site.warm.is_set()
        hung.is_hung = nothing
        async with asyncio.timeout(60):
            await site.warm.wait()
        assert (site.stats.completed_pairs, site.stats.failed_pairs) == (PAIRS, 0)

    lived(test)


def test_where_the_exchange_falls_silent_in_mid_run_it_goes_on_without_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test(site: Lives) -> None:
        asked = 0

        def most(url: str, _: Mapping[str, str]) -> bool:
            nonlocal asked
            asked += url.endswith("/klines")
            return asked > PAIRS // 2

        hung = Hung(site, most, monkeypatch)
        await site.begin()
        async with asyncio.timeout(MANY_SECONDS):
            await site.warm.wait()
        stats = site.stats
        assert stats.completed_pairs + stats.failed_pairs == PAIRS
        assert stats.failed_pairs > EACH
        await site.pass_time(240)
        hung.is_hung = nothing
        await site.pass_until_quiet()
        assert site.differences() == []
        assert site.stats.recovered_pairs == stats.failed_pairs

    lived(test)


def test_a_freeze_of_all_in_mid_run_is_waited_for_however_long() -> None:
    async def test(site: Lives) -> None:
        asked = 0

        def instead(url: str, _: Mapping[str, str]) -> Answer | None:
            nonlocal asked
            asked += url.endswith("/klines")
            return Answer(429, {"retry-after": "200"}, b"{}") if asked == PAIRS // 2 else None

        site.net.instead = instead
        assert await active(site, 300) > 200
        assert (site.stats.completed_pairs, site.stats.failed_pairs) == (PAIRS, 0)

    lived(test)


def test_those_are_asked_for_ever_more_seldom_and_told_when_they_come_after_all(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def test(site: Lives) -> None:
        hung = Hung(site, klines_of(*SYMBOLS[:4]), monkeypatch)
        await active(site, MANY_SECONDS)
        failed = 4 * EACH
        await site.pass_time(1_800)
        at = [at for at, *what in hung.asked if what == [SYMBOLS[0], "1d"]]
        gaps = [after - before for before, after in itertools.pairwise(at)]
        assert gaps[0] < 60
        assert all(gap >= 100 for gap in gaps[-3:])
        assert not any("has not answered since" in line for line in site.said)
        assert {pair.symbol for pair in site.engine.lacking()} == {*SYMBOLS[:4]}
        assert not [line for line in caplog.messages if "complete again" in line]
        hung.is_hung = nothing
        await site.pass_time(300)
        assert site.engine.lacking() == []
        told = [line for line in caplog.messages if "complete again: " in line]
        assert sum(int(line.split()[0]) for line in told) == failed
        assert len(told) <= 2
        stats = site.stats
        assert (stats.status, stats.failed_pairs, stats.recovered_pairs) == ("complete", failed, failed)
        assert stats.failures == ()

    lived(test)


def test_one_request_that_is_lost_on_its_way_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(site: Lives) -> None:
        hung = Hung(site, klines_of(SYMBOLS[0]), monkeypatch)
        await site.begin()
        await site.until(lambda: len(hung.asked) == EACH)
        hung.is_hung = nothing
        await site.warm.wait()
        await site.pass_time(60)
        assert site.said == []

    lived(test)
