"""What an exchange says of itself: remembered for a quarter of an hour, asked for otherwise, and read again at work."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
import pytest

from perseus import keys
from perseus.exchanges import recollection
from perseus.exchanges.recollection import FARTHEST_MS, FRESH_MS, Recollection
from perseus.exchanges.symbols import UnknownSymbol
from perseus.ingest.engine.acquaintance import TRUSTED_MS
from perseus.simulator.faults.fault import Fault
from tests.simulated.site import EXCHANGE_ID
from tests.warmup.lives import SYMBOLS, Lives, lived

KEY = keys.listings(EXCHANGE_ID)
GONE = SYMBOLS[3]


def kept(site: Lives) -> Recollection:
    found = recollection.read(site.redis, EXCHANGE_ID)
    assert found is not None
    return found


def changed(site: Lives, **fields: object) -> None:
    """As if something else had been kept."""
    told = msgspec.json.decode(site.redis.get(KEY))
    site.redis.set(KEY, msgspec.json.encode({**told, **fields}))


async def whole(site: Lives) -> int:
    """Begun, complete and stopped; how often the exchange was asked for anything until then."""
    await site.start()
    await site.pass_until_quiet()
    await site.stop()
    return site.requests()


def delist(site: Lives, *symbols: str) -> None:
    for symbol in symbols:
        site.exchange.add_fault(Fault("delist", "binance", target=symbol, count=1))


def test_what_was_said_is_kept_in_the_form_that_is_documented_for_a_day() -> None:
    async def test(site: Lives) -> None:
        await site.start()
        told = msgspec.json.decode(site.redis.get(KEY))
        assert set(told) == {"source", "atMs", "offsetMs", "limits", "listings"}
        assert {"symbol", "base", "quote", "status", "native", "aliasOf"} == set(told["listings"][0])
        assert {"kind", "intervalMs", "amount", "isCalendar"} == set(told["limits"][0])
        assert abs(told["offsetMs"]) < 1_000
        assert 86_000 < site.redis.ttl(KEY) <= 86_400
        assert Recollection.from_json(kept(site).to_json()) == kept(site)

    lived(test)


def test_a_clock_that_is_far_from_that_of_the_store_is_remembered_and_asked_for_its_time_alone() -> None:
    async def test(site: Lives) -> None:
        site.store_ahead_ms = 7_200_000
        requests = await whole(site)
        assert abs(kept(site).offset_ms + 7_200_000) < 1_000
        await site.next_life()
        assert site.requests() == requests + 1
        assert abs(site.clock.now_ms() - site.world.clock.now_ms()) < 200

    lived(test)


JUNK: list[Callable[[Lives], object]] = [
    lambda site: site.redis.set(KEY, "junk"),
    lambda site: site.redis.delete(KEY),
    lambda site: (site.redis.delete(KEY), site.redis.rpush(KEY, "junk")),
    lambda site: changed(site, limits=[{"kind": "x", "intervalMs": 1, "amount": 0, "isCalendar": True}]),
    lambda site: changed(site, offsetMs=1e30),
    lambda site: changed(site, offsetMs=FARTHEST_MS + 1),
    lambda site: changed(site, atMs=1e30),
    lambda site: changed(site, limits=[{"kind": "weight", "intervalMs": 0, "amount": 9, "isCalendar": True}]),
    lambda site: changed(site, limits=[{"kind": "weight", "intervalMs": 1e30, "amount": 9, "isCalendar": True}]),
    lambda site: changed(site, limits=[{"kind": "weight", "intervalMs": 60_000, "amount": True, "isCalendar": True}]),
    lambda site: changed(site, atMs=kept(site).at_ms - FRESH_MS),
    lambda site: changed(site, atMs=kept(site).at_ms + 60_000_000),
    lambda site: changed(site, source="https://another.example"),
]


@pytest.mark.parametrize("spoil", JUNK)
def test_what_is_junk_old_of_the_future_or_of_another_source_is_asked_for_anew(
    spoil: Callable[[Lives], object],
) -> None:
    async def test(site: Lives) -> None:
        requests = await whole(site)
        spoil(site)
        await site.next_life()
        assert site.requests() == requests + 2
        assert site.stats.mode == "warm"
        assert abs(kept(site).at_ms - site.world.clock.now_ms()) < 60_000

    lived(test)


def test_junk_is_said_once() -> None:
    async def test(site: Lives) -> None:
        await whole(site)
        site.redis.set(KEY, "junk")
        await site.next_life()
        assert len([line for line in site.said if KEY in line]) == 1

    lived(test)


@pytest.mark.parametrize(
    "wrong_ms",
    [
        *(pytest.param(ms, marks=pytest.mark.long) for ms in (-10_800_000, -300_000, 3_000, 300_000)),
        -3_000,
        10_800_000,
    ],
)
def test_a_time_that_is_remembered_wrongly_is_put_right_by_what_is_heard(wrong_ms: int) -> None:
    async def test(site: Lives) -> None:
        await whole(site)
        changed(site, offsetMs=kept(site).offset_ms + wrong_ms)
        await site.next_life()
        if abs(wrong_ms) > TRUSTED_MS:
            assert abs(site.clock.now_ms() - site.world.clock.now_ms()) < 200
        await site.pass_time(90)
        assert abs(site.clock.now_ms() - site.world.clock.now_ms()) < 200
        await site.pass_time(900)
        await site.pass_until_quiet()
        assert site.differences() == []

    lived(test)


def told_of(site: Lives, symbol: str) -> list[str]:
    return [line for line in site.said if line.startswith(symbol)]


@pytest.mark.parametrize("is_remembered", [True, False])
def test_a_symbol_that_was_delisted_meanwhile_is_dropped_and_named(is_remembered: bool) -> None:
    async def test(site: Lives) -> None:
        await whole(site)
        if is_remembered:
            changed(site, atMs=kept(site).at_ms - FRESH_MS)
        else:
            site.redis.delete(KEY)
        delist(site, GONE)
        await site.pass_time(1)
        await site.next_life()
        assert GONE not in site.engine.symbols
        assert len(site.engine.symbols) == len(SYMBOLS) - 1
        assert told_of(site, GONE) == [f"{GONE} is delisted (no longer listed)"]
        changed(site, atMs=kept(site).at_ms - FRESH_MS)
        await site.next_life()
        assert GONE not in site.engine.symbols

    lived(test)


def refused(site: Lives) -> Callable[[], Awaitable[None]]:
    async def begun() -> None:
        with pytest.raises(UnknownSymbol):
            await site.next_life()
        site.run = None

    return begun


def test_a_symbol_that_was_never_listed_is_named_even_where_the_listings_are_remembered() -> None:
    async def test(site: Lives) -> None:
        requests = await whole(site)
        site.wanted = type(site.wanted)((*SYMBOLS, "NOUSDT"), site.wanted.timeframes)
        await site.next_life()
        assert site.requests() == requests + 2
        assert (site.engine.symbols, len(told_of(site, "NOUSDT is not listed"))) == (SYMBOLS, 1)


def test_a_delisted_symbol_holds_up_no_start_although_the_store_was_emptied() -> None:
    async def test(site: Lives) -> None:
        await whole(site)
        delist(site, GONE)
        await site.pass_time(1)
        site.redis.flushall()
        site.cache.lose()
        await site.next_life()
        assert GONE not in site.engine.symbols
        assert len(told_of(site, f"{GONE} is not listed")) == 1

    lived(test)


def test_when_all_that_is_wanted_is_gone_that_is_an_error() -> None:
    async def test(site: Lives) -> None:
        await whole(site)
        changed(site, atMs=kept(site).at_ms - FRESH_MS)
        site.wanted = type(site.wanted)(SYMBOLS[:2], site.wanted.timeframes)
        delist(site, *SYMBOLS[:2])
        await site.pass_time(1)
        await refused(site)()

    lived(test)


def test_at_work_a_delisting_is_learnt_within_ten_minutes_named_once_and_nothing_asked_about_it() -> None:
    async def test(site: Lives) -> None:
        await site.start()
        await site.pass_until_quiet()
        delist(site, GONE)
        await site.pass_time(610)
        assert told_of(site, f"{GONE} delisted") == [f"{GONE} delisted (no longer listed)"]
        assert kept(site).listings.by_symbol[GONE].status == "delisted"
        said, bad = list(site.said), site.exchange.counters.broken["bad_request"]
        await site.pass_time(1_300)
        assert site.said == said
        assert site.exchange.counters.broken["bad_request"] == bad
        site.exchange.counters.broken.clear()

    lived(test)


def test_at_work_it_is_read_again_every_ten_minutes_so_that_a_restart_at_any_time_asks_for_no_listings() -> None:
    async def test(site: Lives) -> None:
        seen = site.exchange.counters.seen
        await site.start()
        await site.pass_until_quiet()
        lists = seen["GET /api/v3/exchangeInfo"]
        await site.pass_time(1_830)
        assert 3 <= seen["GET /api/v3/exchangeInfo"] - lists <= 5
        await site.pass_time(540)
        lists, times = seen["GET /api/v3/exchangeInfo"], seen["GET /api/v3/time"]
        await site.next_life()
        await site.pass_time(10)
        assert (seen["GET /api/v3/exchangeInfo"], seen["GET /api/v3/time"]) == (lists, times)

    lived(test)


def test_a_clock_that_has_an_answer_is_not_set_by_what_is_remembered() -> None:
    async def test(site: Lives) -> None:
        await site.start()
        changed(site, offsetMs=kept(site).offset_ms + 5_000)
        before_ms = site.clock.now_ms()
        await site.engine._exchange.meet(site.wanted)
        assert abs(site.clock.now_ms() - before_ms) < 1_000

    lived(test)
