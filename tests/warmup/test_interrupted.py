"""Warmups that are killed, stopped, cancelled, asked for again, or fenced off: none hangs, and the next goes on."""

from __future__ import annotations

import pytest

from perseus.errors import StoreUnavailable
from perseus.network.leasing.fence import WriteFenced
from perseus.warmup.stats import Stats
from perseus.warmup.store import INTERRUPTED
from tests.warmup.lives import PAIRS, Lives, kline_calls, lived

STEPS = ("stats scanning", "scanned", "scheduled", "stats fetching", "fetching", "stats complete")


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_it_is_told_as_interrupted_and_the_next_start_fetches_what_is_left(step: str) -> None:
    async def test(site: Lives) -> None:
        def kill(what: str, stats: Stats | None) -> None:
            if what == step and not site.kept.is_dead:
                site.die()

        site.step = kill
        await site.begin()
        if step == "fetching":
            await site.until(lambda: len(site.cache.coverage) >= PAIRS // 2)
            site.die()
        await site.until(lambda: site.kept.is_dead)
        await site.stop()
        left = PAIRS - sum(bool(one.verified) for one in site.cache.coverage.values())
        assert site.told().status("instance 2") in (None, INTERRUPTED)
        calls = kline_calls(site)
        await site.next_life()
        schedule, stats = site.schedule, site.stats
        assert schedule.needs_fetching == len(schedule.entries) == left
        assert kline_calls(site) - calls == left
        assert (stats.status, stats.completed_pairs) == ("complete", left)
        assert site.told().status(site.instance) == "complete"
        await site.pass_until_quiet()
        assert site.differences() == []

    lived(test)


def test_stopped_in_mid_run_it_says_that_it_was_cancelled() -> None:
    async def test(site: Lives) -> None:
        await site.begin()
        await site.until(lambda: len(site.cache.coverage) >= PAIRS // 2)
        await site.stop()
        stats = site.stats
        assert stats.status == "cancelled"
        assert stats.ended_at is not None
        assert 0 < stats.completed_pairs < PAIRS

    lived(test)


def test_cancelled_it_is_active_with_what_there_is_and_fetches_no_more_until_it_is_asked_to() -> None:
    async def test(site: Lives) -> None:
        await site.begin()
        await site.until(lambda: len(site.cache.coverage) > 0)
        site.engine.warming.cancel()
        await site.warm.wait()
        stats = site.stats
        assert stats.status == "cancelled"
        assert stats.symbols_left > 0
        await site.pass_time(30)
        assert sum(len(site.cache.candles[pair]) <= 3 for pair in site.pairs()) >= PAIRS // 3
        await site.pass_time(300)
        assert site.engine.lacking() == []
        site.engine.warming.again("again", is_full=False)
        await site.pass_until_quiet()
        assert site.differences() == []
        stats = site.stats
        assert (stats.run_id, stats.status) == ("again", "complete")

    lived(test)


@pytest.mark.parametrize("is_full", [False, True])
def test_warmed_up_again_what_is_whole_is_left_alone_unless_all_is_doubted(is_full: bool) -> None:
    async def test(site: Lives) -> None:
        await site.start()
        await site.pass_until_quiet()
        calls = kline_calls(site)
        site.engine.warming.again("again", is_full=is_full)
        await site.pass_time(5)
        stats = site.stats
        assert (stats.run_id, stats.status) == ("again", "complete")
        assert stats.total_pairs == (PAIRS if is_full else 0)
        await site.pass_until_quiet()
        assert site.differences() == []
        assert kline_calls(site) - calls >= (2 * PAIRS if is_full else 0)
        if not is_full:
            assert kline_calls(site) == calls

    lived(test)


def test_asked_for_again_in_mid_run_the_next_takes_its_place_before_work_begins() -> None:
    async def test(site: Lives) -> None:
        await site.begin()
        await site.until(lambda: len(site.cache.coverage) >= PAIRS // 2)
        site.engine.warming.again("again", is_full=True)
        await site.warm.wait()
        stats = site.stats
        assert (stats.run_id, stats.status, stats.total_pairs) == ("again", "complete", PAIRS)

    lived(test)


def test_a_store_that_is_away_at_the_end_is_told_of_it_when_it_is_back() -> None:
    async def test(site: Lives) -> None:
        def away(*_: object) -> None:
            raise StoreUnavailable("test", "it is away")

        await site.begin()
        await site.until(lambda: len(site.cache.coverage) > 0)
        site.kept.step = away
        await site.warm.wait()
        assert site.stats.status == "fetching"
        site.kept.step = site.step
        await site.pass_time(3)
        assert (site.stats.status, site.stats.percent_complete) == ("complete", 100)

    lived(test)


def test_the_warmup_of_an_older_lease_ends_its_process() -> None:
    async def test(site: Lives) -> None:
        site.token = "8"
        await site.start()
        await site.stop()
        site.token = "7"
        with pytest.raises(ExceptionGroup) as ended:
            await site.start()
        assert ended.value.subgroup(WriteFenced)
        assert site.stats.instance_id == "instance 8"
        site.run = None

    lived(test)


def test_killed_while_all_is_doubted_the_next_start_believes_no_more_of_it() -> None:
    async def test(site: Lives) -> None:
        await site.start()
        await site.pass_until_quiet()
        site.engine.warming.again("again", is_full=True)
        await site.until(lambda: site.stats.run_id == "again" and site.told().status(site.instance) == "fetching")
        await site.until(lambda: any(not one.verified for one in site.cache.coverage.values()))
        site.die()
        await site.stop()
        left = sum(not one.verified for one in site.cache.coverage.values())
        await site.next_life()
        assert site.schedule.needs_fetching >= left > 0

    lived(test)


def test_a_cancel_before_the_scan_leaves_nothing_to_fetch() -> None:
    async def test(site: Lives) -> None:
        await site.begin()
        site.engine.warming.cancel()
        await site.warm.wait()
        assert site.stats.percent_complete == 100
        assert site.stats.total_pairs == 0

    lived(test)
