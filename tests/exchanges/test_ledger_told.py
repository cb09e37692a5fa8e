"""What the exchange tells the ledger: how much is used, and that all must stop."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from perseus.errors import StoreUnavailable
from perseus.exchanges.budget.book import Priority
from perseus.exchanges.budget.ledger import FORGOTTEN, inline
from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.wire.request import REQUESTS
from perseus.store import Client, connect
from tests.exchanges.budget import (
    BY_MINUTE,
    BY_SECOND,
    CAP,
    MESSAGES_LIMIT,
    MINUTE,
    book,
    granted_within,
    ledger,
    true_ms,
)
from tests.redis_process import free_port
from tests.simulated.virtual_loop import run


def test_what_others_have_used_is_taken_away_at_once(client: Client, store: str) -> None:
    async def main() -> None:
        with connect(store, timeout=2, name="other") as other:
            one, two = ledger(client), ledger(other)
            assert await granted_within(one, 1, 10) == CAP // 10
            await asyncio.sleep(50)
            await one.reserve(10, Priority.ADMIN)
            await one.correct(110, MINUTE)
            assert (await two.state()).usages[0].used == 110
            assert (await two.state()).usages[0].others == 100
            assert await granted_within(two, 1, 10) == 2

    run(main)


def test_less_than_our_own_charges_is_not_believed_for_they_may_be_under_way(client: Client) -> None:
    async def main() -> None:
        one = ledger(client)
        for _ in range(5):
            await one.reserve(20, Priority.ADMIN)
        for _ in range(5):
            await asyncio.sleep(3)
            await one.correct(20, MINUTE)
        assert (await one.state()).usages[0].used == 100

    run(main)


def test_an_answer_that_was_overtaken_gives_nothing_back_but_a_later_one_does(client: Client) -> None:
    async def main() -> None:
        one = ledger(client)
        await one.reserve(2, Priority.ADMIN)
        await one.correct(92, MINUTE)
        await one.correct(52, MINUTE)
        assert (await one.state()).usages[0].used == 92
        await asyncio.sleep(2)
        await one.correct(52, MINUTE)
        assert (await one.state()).usages[0].used == 52

    run(main)


def test_an_answer_from_the_minute_before_does_not_spoil_this_one(client: Client) -> None:
    async def main() -> None:
        one = ledger(client)
        await asyncio.sleep(50.2)
        assert true_ms() % MINUTE == 200
        await one.reserve(2, Priority.ADMIN)
        await one.correct(130, MINUTE, at_ms=true_ms() - 1_000)
        assert (await one.state()).usages[0].used == 2
        assert await granted_within(one, 2, 2) == CAP // 2 - 1

    run(main)


def test_where_a_second_is_used_up_by_others_the_next_is_waited_for(client: Client) -> None:
    async def main() -> None:
        one = ledger(client, BY_SECOND)
        await one.reserve(1, Priority.ADMIN)
        await one.correct(9, 1_000, REQUESTS)
        assert await granted_within(one, 0.9, 1) == 0
        assert await granted_within(one, 0.3, 1) >= 1

    run(main)


def test_a_limit_that_nobody_knows_is_left_alone(client: Client) -> None:
    async def main() -> None:
        one = ledger(client)
        await one.correct(9_999, 7_000)
        assert (await one.state()).usages[0].used == 0

    run(main)


def test_a_freeze_stops_all_processes_until_its_end_and_says_why(client: Client, store: str) -> None:
    async def main() -> None:
        with connect(store, timeout=2, name="other") as other:
            one, two = ledger(client), ledger(other)
            until = true_ms() + 100_000
            await one.freeze(until, "HTTP 429: too many requests")
            state = await two.state()
            assert (state.frozen_until_ms, state.why) == (until, "HTTP 429: too many requests")
            asked = [
                two.reserve(1, Priority.ADMIN),
                two.reserve_connect(Priority.ADMIN),
                one.reserve(1, Priority.REPAIR),
            ]
            tasks = [asyncio.create_task(each) for each in asked]
            await asyncio.sleep(99.9)
            assert not any(each.done() for each in tasks)
            await asyncio.sleep(0.2)
            assert all(each.done() for each in tasks)
            assert (await two.state()).frozen_until_ms is None

    run(main)


def test_a_freeze_of_requests_holds_up_no_message_and_is_told_as_long_as_it_lasts(client: Client) -> None:
    async def main() -> None:
        one = ledger(client, BY_SECOND, MESSAGES_LIMIT)
        await one.freeze(true_ms() + 100_000, "HTTP 429")
        waiting = asyncio.create_task(one.reserve(1, Priority.ADMIN))
        await asyncio.sleep(1)
        told = one.held_up
        async with asyncio.timeout(1):
            await one.reserve_message()
        assert (waiting.done(), one.held_up, "HTTP 429" in told) == (False, told, True)
        waiting.cancel()

    run(main)


@pytest.mark.parametrize(("left_ms", "seconds"), [(300, 1), (1_200, 2), (30_000, 30)])
def test_who_waits_is_told_whole_seconds_and_never_none(
    client: Client, left_ms: int, seconds: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        one = ledger(client, BY_SECOND)
        await one.learn((BY_SECOND,))
        await one.freeze(true_ms() + left_ms, FORGOTTEN)
        await one.reserve(1, Priority.ADMIN)

    run(main)
    (said,) = [line for line in caplog.messages if line.startswith("Nothing is sent")]
    assert said.startswith(f"Nothing is sent to kraken for {seconds} s: ")


def test_a_freeze_is_none_the_shorter_when_the_exchange_s_clock_leaps_meanwhile(client: Client, store: str) -> None:
    async def main() -> None:
        with connect(store, timeout=2, name="other") as other:
            clocks = [ExchangeClock(asyncio.get_running_loop().time) for _ in range(2)]
            for clock in clocks:
                clock.heard(true_ms(), asyncio.get_running_loop().time())
            one, two = ledger(client, clock=clocks[0]), ledger(other, clock=clocks[1])
            await one.freeze(true_ms() + 100_000, "HTTP 429")
            tasks = [asyncio.create_task(each.reserve(1, Priority.ADMIN)) for each in (one, two)]
            await asyncio.sleep(20)
            for clock in (*clocks, *clocks):
                clock.heard(true_ms() + 7_000, asyncio.get_running_loop().time())
            assert [clock.now_ms() - true_ms() for clock in clocks] == [7_000, 7_000]
            await asyncio.sleep(79.9)
            assert not any(each.done() for each in tasks)
            await asyncio.sleep(0.2)
            assert all(each.done() for each in tasks)

    run(main)


def test_a_shorter_freeze_does_not_end_a_longer_one(client: Client) -> None:
    async def main() -> None:
        one = ledger(client)
        await one.freeze(true_ms() + 100_000, "banned")
        await one.freeze(true_ms() + 1_000, "later, but shorter")
        await asyncio.sleep(50)
        state = await one.state()
        assert state.why == "banned"
        assert await granted_within(one, 49, 1) == 0

    run(main)


def test_a_process_that_starts_within_a_ban_sends_nothing_although_it_knows_no_time_yet(client: Client) -> None:
    async def main() -> None:
        one = ledger(client)
        await one.reserve(1, Priority.ADMIN)
        await one.freeze(true_ms() + 120_000, "banned")
        fresh = ledger(client, clock=ExchangeClock(asyncio.get_running_loop().time))
        assert await granted_within(fresh, 119, 1) == 0
        await asyncio.wait_for(fresh.reserve(1, Priority.ADMIN), 20)

    run(main)


def test_a_freeze_that_the_store_cannot_be_told_holds_here_and_is_told_later(client: Client) -> None:
    async def main() -> None:
        address = f"redis://127.0.0.1:{free_port()}/0"
        with connect(address, timeout=0.5, name="away") as away:
            one = ledger(away)
            with pytest.raises(StoreUnavailable):
                await one.freeze(true_ms() + 60_000, "HTTP 418: banned")
        one._book = book(client)
        assert await granted_within(one, 59, 1) == 0
        assert book(client).state(true_ms()).why == "HTTP 418: banned"
        await asyncio.wait_for(one.reserve(1, Priority.ADMIN), 5)

    run(main)


def test_inline_gives_what_the_call_gives() -> None:
    assert run(lambda: inline(lambda: BY_MINUTE)) is BY_MINUTE


def test_a_limit_that_an_answer_tells_holds_for_all_from_then_on(client: Client) -> None:
    async def main() -> None:
        one, two = ledger(client, BY_SECOND), ledger(client, BY_SECOND)
        assert await granted_within(one, 10, 1) > 50
        await one.adjust(3, BY_SECOND.interval_ms, REQUESTS)
        assert await granted_within(two, 10, 1) <= 11
        await one.learn(())
        assert (await two.state()).usages[0].limit.amount == 3

    run(main)


def test_an_answer_that_tells_no_limit_changes_none(client: Client) -> None:
    async def main() -> None:
        one = ledger(client, BY_SECOND)
        await one.learn(())
        await one.adjust(None, BY_SECOND.interval_ms, REQUESTS)
        assert (await one.state()).usages[0].limit == BY_SECOND

    run(main)


def test_whoever_is_told_no_limits_keeps_to_what_others_were_told(client: Client) -> None:
    async def main() -> None:
        one = ledger(client, BY_SECOND)
        await one.learn((BY_SECOND,))
        await one.adjust(1, BY_SECOND.interval_ms, REQUESTS)
        two = ledger(client, BY_SECOND)
        await two.learn(())
        assert [usage.limit.amount for usage in (await two.state()).usages] == [1]

    run(main)


def test_in_an_emptied_book_a_second_is_waited_out_too(client: Client) -> None:
    async def main() -> None:
        one = ledger(client, BY_SECOND)
        await one.learn((replace(BY_SECOND, amount=1),))
        await one.reserve(1, Priority.ADMIN)
        client.flushall()
        time = asyncio.get_running_loop().time
        began = time()
        await one.reserve(1, Priority.ADMIN)
        assert time() - began >= BY_SECOND.interval_ms / 1000

    run(main)
