"""The candle cache, on each kind of store: exact, idempotent, fenced; each finished candle is told once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perseus import keys
from perseus.errors import StoreCorrupt
from perseus.market.cache import KEEP, CandleCache, Stored
from perseus.market.candle import Candle, Pair
from perseus.market.precedence import Change, change
from perseus.network.leasing.fence import WriteFenced
from perseus.store import Client
from tests.market.making import BTC, ETH, M5, NEW, OLD, START, STATES, STEP, candle

KEY = keys.candles(7, "BTCUSDT", "5m")
META = keys.candles_meta(7, "BTCUSDT", "5m")
CHANNEL = keys.candle_close_channel(7, "BTCUSDT", "5m")


@pytest.fixture
def cache(client: Client) -> CandleCache:
    return CandleCache(client, 7, NEW)


@contextmanager
def listening(client: Client) -> Iterator[list[dict[str, object]]]:
    """What the channel of BTC carries while this is entered."""
    heard: list[dict[str, object]] = []
    with client.pubsub() as listener:
        listener.subscribe(CHANNEL)
        assert listener.get_message(timeout=5)
        yield heard
        client.publish(CHANNEL, "null")
        while (message := listener.get_message(timeout=5)) is None or message["data"] != "null":
            assert message is not None, "the channel is silent"
            heard.append(json.loads(message["data"]))


def test_candles_are_read_as_they_were_written_oldest_first(cache: CandleCache, client: Client) -> None:
    given_ = [candle(number, close=f"10{number}.10000000") for number in (3, 1, 2, 0)]
    assert cache.store({BTC: given_, ETH: [candle(9)]}, live=False) == Stored(written=5, closed=5)
    assert cache.newest(BTC, 3) == [candle(number, close=f"10{number}.10000000") for number in (1, 2, 3)]
    assert cache.newest(ETH, 5) == [candle(9)]
    assert cache.newest(BTC, 0) == cache.newest(Pair("NONE", M5), 5) == []
    assert client.zrange(KEY, 0, 0) == [candle(0, close="100.10000000").to_json(7, BTC).decode()]
    assert client.zscore(KEY, str(client.zrange(KEY, 0, 0)[0])) == START


def test_the_script_judges_as_the_rule_does(cache: CandleCache, client: Client) -> None:
    @settings(max_examples=75, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(STATES, min_size=1, max_size=8), st.booleans())
    def judged(states: list[Candle], at_once: bool) -> None:
        client.delete(KEY, META)
        stands: Candle | None = None
        expected = Stored()
        for state in states:
            what = change(stands, state)
            expected.written += what.is_written
            expected.refused += what is Change.REFUSED
            expected.closed += what is Change.CLOSED or (what is Change.FIRST and state.is_closed)
            expected.corrected += what is Change.CORRECTED
            stands = state if what.is_written else stands
        calls = [states] if at_once else [[state] for state in states]
        stored = [cache.store({BTC: call}, live=True) for call in calls]
        assert [cache.newest(BTC, 5)] == [[stands]]
        assert sum(one.written for one in stored) == expected.written
        assert sum(one.refused for one in stored) == expected.refused
        assert sum(one.closed for one in stored) == expected.closed
        assert sum(one.corrected for one in stored) == expected.corrected
        counted = {name: int(client.hget(META, name) or 0) for name in ("written", "refused", "closed", "corrected")}
        assert Stored(**counted) == expected

    judged()


def test_a_write_that_is_repeated_leaves_the_same_bytes(cache: CandleCache, client: Client) -> None:
    given_ = [candle(number) for number in range(20)]
    cache.store({BTC: given_}, live=False)
    before = client.zrange(KEY, 0, -1, withscores=True)
    assert cache.store({BTC: given_}, live=False) == Stored()
    assert client.zrange(KEY, 0, -1, withscores=True) == before


def test_the_newest_thousand_stay_and_what_is_older_is_refused(cache: CandleCache, client: Client) -> None:
    cache.store({BTC: [candle(number) for number in range(5, KEEP + 5)]}, live=False)
    assert cache.store({BTC: [candle(4)]}, live=False) == Stored(refused=1)
    assert cache.store({BTC: [candle(KEEP + 5), candle(6)]}, live=False) == Stored(written=1, closed=1)
    assert client.zcard(KEY) == KEEP
    assert [one.open_ms for one in cache.newest(BTC, KEEP + 9)] == [START + STEP * at for at in range(6, KEEP + 6)]


def test_each_finished_candle_is_told_once_and_its_correction_as_one(cache: CandleCache, client: Client) -> None:
    last = candle(0, close="99", event_ms=START + STEP + 9_000)
    with listening(client) as heard:
        cache.store({BTC: [candle(0, is_closed=False, event_ms=START + 1)]}, live=True)
        cache.store({BTC: [candle(0)]}, live=True)
        cache.store({BTC: [candle(0)]}, live=True)
        cache.store({BTC: [candle(0, event_ms=START + STEP + 2_000)]}, live=True)
        cache.store({BTC: [candle(0, is_closed=False, event_ms=START + STEP + 3_000)]}, live=True)
        cache.store({BTC: [last]}, live=True)
        cache.store({BTC: [candle(1)]}, live=True)
    assert heard == [
        json.loads(candle(0).to_json(7, BTC)),
        {**json.loads(last.to_json(7, BTC)), "corrected": True},
        json.loads(candle(1).to_json(7, BTC)),
    ]


def test_one_that_was_told_and_then_lost_is_told_as_a_correction_only(cache: CandleCache, client: Client) -> None:
    told = {BTC: [START, START + STEP]}
    last = candle(0, close="99", event_ms=START + STEP + 9_000)
    with listening(client) as heard:
        cache.store({BTC: [candle(0), candle(1)]}, live=True, told=told)
        cache.store({BTC: [last, candle(2)]}, live=True, told=told)
    assert [one.open_ms for one in cache.newest(BTC, 9)] == [START, START + STEP, START + 2 * STEP]
    assert heard == [{**json.loads(last.to_json(7, BTC)), "corrected": True}, json.loads(candle(2).to_json(7, BTC))]


def test_what_is_not_live_is_told_to_nobody(cache: CandleCache, client: Client) -> None:
    with listening(client) as heard:
        cache.store({BTC: [candle(0), candle(1)]}, live=False)
        cache.store({BTC: [candle(0, close="1", event_ms=START + STEP + 9_000)]}, live=False)
    assert heard == []


def test_a_later_lease_shuts_an_older_one_out_and_counts_its_tries(cache: CandleCache, client: Client) -> None:
    old = CandleCache(client, 7, OLD)
    old.store({BTC: [candle(0)]}, live=False)
    cache.store({BTC: [candle(1)]}, live=False)
    with listening(client) as heard, pytest.raises(WriteFenced) as late:
        old.store({BTC: [candle(2)]}, live=True)
    assert (late.value.token, late.value.newest) == (OLD, NEW)
    assert heard == []
    assert cache.newest(BTC, 9) == [candle(0), candle(1)]
    assert client.hmget(META, ["token", "fenced"]) == [NEW, "1"]


def test_a_pair_that_somebody_spoilt_is_named_and_keeps_no_other_from_being_written(
    cache: CandleCache, client: Client
) -> None:
    client.set(KEY, "mine")
    stored = cache.store({BTC: [candle(0)], ETH: [candle(0)]}, live=False)
    assert (stored.written, list(stored.corrupt)) == (1, [BTC])
    assert KEY in str(stored.corrupt[BTC])
    with pytest.raises(StoreCorrupt, match=KEY):
        cache.newest(BTC, 1)


@pytest.mark.parametrize("member", ["mine", "{}", "[]", '"eventTime"'])
def test_a_member_that_is_no_candle_is_named(cache: CandleCache, client: Client, member: str) -> None:
    client.zadd(KEY, {member: START})
    assert list(cache.store({BTC: [candle(0)]}, live=False).corrupt) == [BTC]
    with pytest.raises(StoreCorrupt, match=KEY):
        cache.newest(BTC, 1)


def test_many_pairs_are_written_at_once_though_no_server_knows_the_script(cache: CandleCache, client: Client) -> None:
    pairs = [Pair(f"S{number}", M5) for number in range(60)]
    for _ in range(2):
        client.script_flush()
        cache.store({pair: [candle(0), candle(1, is_closed=False)] for pair in pairs}, live=True)
    assert all(cache.newest(pair, 9) == [candle(0), candle(1, is_closed=False)] for pair in pairs)
