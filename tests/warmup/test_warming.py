"""Warmups of a real engine on a simulated exchange, on virtual time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import msgspec
import pytest

from perseus import keys
from perseus.exchanges.wire.transport import Answer
from perseus.simulator.faults.fault import Fault
from perseus.warmup.scan import SUFFICIENT
from perseus.warmup.stats import Stats
from tests.simulated.site import EXCHANGE_ID
from tests.simulated.trial import EACH
from tests.warmup.lives import PAIRS, SYMBOLS, TIMEFRAMES, Lives, kline_calls, lived

FAILING = SYMBOLS[:1]


def test_a_cold_start_fetches_each_pair_once_in_the_order_of_its_schedule_and_is_warm_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test(site: Lives) -> None:
        asked: list[tuple[str, str]] = []
        get = site._net.get

        async def noted(url: str, params: Mapping[str, str], headers: Mapping[str, str], timeout: float) -> Answer:
            if url.endswith("/klines") and not site.warm.is_set():
                asked.append((params["symbol"], params["interval"]))
            return await get(url, params, headers, timeout)

        monkeypatch.setattr(site._net, "get", noted)
        await site.start()
        schedule, stats = site.schedule, site.stats
        assert asked == [(one.symbol, one.timeframe) for one in schedule.entries]
        assert len(asked) == PAIRS
        assert (schedule.mode, stats.status) == ("cold", "complete")
        assert {(one.verified, one.target, one.reason) for one in schedule.entries} == {(0, SUFFICIENT, "empty")}
        assert (stats.completed_pairs, stats.percent_complete, stats.failures) == (PAIRS, 100, ())
        assert stats.rest_calls == PAIRS + 2

    lived(test)


def test_what_lies_deeper_is_filled_in_after_it_is_warm() -> None:
    async def test(site: Lives) -> None:
        await site.start()
        stats = site.stats
        assert stats.status == "complete"
        counts = {len(candles) for candles in site.cache.candles.values()}
        assert max(counts) <= SUFFICIENT + 1
        await site.pass_until_quiet()
        assert site.differences() == []
        assert {len(site.cache.candles[pair]) >= 999 for pair in site.pairs()} == {True}
        assert site.stats == stats

    lived(test)


def test_the_schedule_can_be_read_before_anything_of_it_is_fetched_and_stats_meanwhile() -> None:
    async def test(site: Lives) -> None:
        seen: list[Stats] = []

        def step(what: str, stats: Stats | None) -> None:
            if what == "scheduled":
                assert kline_calls(site) == 0
            if stats:
                seen.append(stats)

        site.step = step
        slow = Fault("slow_headers", "binance", target="*klines*", params={"wait_ms": 3_000})
        site.exchange.add_fault(slow)
        await site.start()
        assert [one.status for one in seen][:1] == ["scanning"]
        at_work = [one for one in seen if one.status == "fetching" and one.completed_pairs]
        assert at_work
        assert all(one.current_symbol and one.current_timeframe for one in at_work)
        etas = [one.eta_ms for one in at_work]
        assert all(eta is not None and 0 < eta < 60_000 for eta in etas)
        percents = [one.percent_complete for one in seen]
        assert percents == sorted(percents)
        assert percents[-1] == 100

    lived(test)


@pytest.mark.parametrize("name", EACH)
def test_a_warm_restart_asks_the_exchange_nothing(name: str) -> None:
    async def test(site: Lives) -> None:
        await site.start()
        await site.pass_until_quiet()
        requests = site.requests()
        await site.next_life()
        await site.pass_time(10)
        assert site.requests() == requests
        schedule, stats = site.schedule, site.stats
        assert (schedule.mode, schedule.entries, stats.rest_calls) == ("warm", (), 0)
        assert (stats.status, stats.skipped_pairs, stats.percent_complete) == ("complete", PAIRS, 100)
        assert site.said == []

    lived(test, name)


def test_after_a_pause_only_what_was_missed_is_fetched() -> None:
    async def test(site: Lives) -> None:
        await site.start()
        await site.pass_until_quiet()
        await site.stop()
        await site.pass_time(180)
        calls = kline_calls(site)
        await site.next_life()
        schedule = site.schedule
        assert schedule.mode == "partial"
        assert {(one.timeframe, one.reason) for one in schedule.entries} == {("1m", "behind")}
        assert kline_calls(site) - calls == len(SYMBOLS)

    lived(test)


def refusing(
    site: Lives,
    symbols: tuple[str, ...],
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    refused: list[str] | None = None,
) -> None:
    """The exchange answers that to whoever asks for candles of these; `refused` is told of each."""
    get, told = site._net.get, [] if refused is None else refused

    async def instead(url: str, params: Mapping[str, str], headers: Mapping[str, str], timeout: float) -> Answer:
        if url.endswith("/klines") and params["symbol"] in symbols:
            told.append(params["symbol"])
            return Answer(status, {}, msgspec.json.encode({"code": -1121, "msg": "no such thing"}))
        return await get(url, params, headers, timeout)

    monkeypatch.setattr(site._net, "get", instead)


@pytest.mark.parametrize("status", [400, 500])
def test_one_symbol_in_ten_that_fails_is_named_and_holds_up_nobody(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(site: Lives) -> None:
        refusing(site, FAILING, status, monkeypatch)
        await site.start()
        stats = site.stats
        assert (stats.status, stats.percent_complete) == ("complete", 100)
        assert stats.failed_pairs == len(FAILING) * PAIRS / len(SYMBOLS)
        assert {one.symbol for one in stats.failures} == set(FAILING)
        assert all("no such thing" in one.error for one in stats.failures)
        assert stats.completed_pairs == PAIRS - stats.failed_pairs
        await site.pass_time(120)
        found = [line for line in site.differences() if line.partition(" ")[0] not in FAILING]
        assert found == []

    lived(test)


def test_a_plain_warmup_tells_what_was_refused_before_as_failed_with_why_and_asks_for_none_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test(site: Lives) -> None:
        refused: list[str] = []
        refusing(site, FAILING, 400, monkeypatch, refused)
        await site.start()
        first = site.stats
        await site.pass_time(5)
        assert len(refused) == first.failed_pairs == len(TIMEFRAMES)
        site.engine.warming.again("again", is_full=False)
        await site.pass_time(5)
        stats = site.stats
        assert (stats.run_id, stats.status, stats.total_pairs) == ("again", "complete", first.failed_pairs)
        assert (stats.completed_pairs, stats.failed_pairs) == (0, first.failed_pairs)
        assert sorted(map(str, stats.failures)) == sorted(map(str, first.failures))
        assert len(refused) == len(TIMEFRAMES)

    lived(test)


def test_a_plain_warmup_tells_what_is_listed_no_more_as_failed_with_why() -> None:
    async def test(site: Lives) -> None:
        await site.start()
        await site.pass_until_quiet()
        site.exchange.add_fault(Fault("delist", "binance", target=SYMBOLS[0], count=1))
        await site.pass_time(1_200)
        site.engine.warming.again("again", is_full=False)
        await site.pass_time(5)
        stats = site.stats
        assert (stats.completed_pairs, stats.failed_pairs) == (0, 1)
        (failure,) = stats.failures
        assert (failure.symbol, failure.timeframe) == (SYMBOLS[0], "1m")
        assert failure.error == f"The exchange does not list {SYMBOLS[0]} any more."

    lived(test)


def test_refusals_of_all_in_mid_run_fail_no_symbol() -> None:
    async def test(site: Lives) -> None:
        refused = Fault("http_429", "binance", target="*klines*", count=3 * PAIRS, params={"retry_after_s": 1})
        site.exchange.add_fault(refused)
        await site.start()
        stats = site.stats
        assert (stats.failed_pairs, stats.completed_pairs) == (0, PAIRS)

    lived(test)


@pytest.mark.parametrize("key", [keys.warmup_schedule(EXCHANGE_ID), keys.warmup_stats(EXCHANGE_ID)])
def test_what_junk_has_overwritten_is_written_anew_and_said_once(key: str) -> None:
    async def test(site: Lives) -> None:
        slow = Fault("slow_headers", "binance", target="*klines*", params={"wait_ms": 9_000})
        site.exchange.add_fault(slow)
        await site.begin()
        for _ in range(3):
            await site.pass_time(7)
            site.redis.set(key, "junk")
        await site.warm.wait()
        await site.pass_time(5)
        told = site.told()
        assert told.problems == ()
        assert site.stats.status == "complete"
        assert [line for line in site.said if key in line] == [
            f"{key} had been written by something else. It was written anew."
        ]
        site.redis.set(key, "junk")
        await site.pass_time(130)
        assert site.told().problems == ()

    lived(test)


@pytest.mark.parametrize("share", [0.3, 0.5])
def test_limits_that_are_lowered_in_mid_run_are_kept_and_named(share: float) -> None:
    async def test(site: Lives) -> None:
        exchange = site.exchange
        exchange.lower(200 / exchange.rules.weight)
        exchange.timers.advance(site.world.clock.now_ms())
        exchange.held = exchange.rules.weight
        await site.begin()
        await site.pass_time(30)
        assert site.engine.lacking()
        exchange.lower(share)
        await site.pass_until_quiet()
        assert site.differences() == []
        assert any("The exchange allows" in line for line in site.said)

    lived(test)


def test_an_end_that_could_not_be_written_is_written_when_the_store_is_back() -> None:
    async def test(site: Lives) -> None:
        await site.begin()
        await site.until(lambda: len(site.cache.coverage) >= PAIRS // 2)
        write, site.kept.is_dead = site.kept.is_dead, True
        await site.warm.wait()
        stats = site.stats
        assert stats.status != "complete"
        site.kept.is_dead = write
        await site.pass_time(120)
        stats = site.stats
        assert stats.status == "complete"

    lived(test)


def test_a_young_symbol_is_sufficient_with_all_that_there_is_of_it() -> None:
    async def test(site: Lives) -> None:
        site.exchange.add_fault(Fault("list_new", "binance", count=1, params={"symbol": "NEWUSDT", "rows": 3}))
        await site.pass_time(1)
        site.wanted = replace(site.wanted, symbols=("NEWUSDT",))
        await site.start()
        await site.pass_until_quiet()
        assert site.stats.failed_pairs == 0
        requests = site.requests()
        await site.next_life()
        assert (site.schedule.mode, site.schedule.sufficient_pairs) == ("warm", len(TIMEFRAMES))
        assert site.requests() == requests

    lived(test)
