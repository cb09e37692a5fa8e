"""The ledger on every kind of store: what may be sent, by how many processes whatever, and what stops all of them."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from perseus import keys
from perseus.errors import StoreUnavailable
from perseus.exchanges.budget.book import Priority
from perseus.exchanges.budget.ledger import Ledger, TooHeavy
from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.wire.request import WEIGHT, Limit
from perseus.store import Client, connect
from tests.exchanges.budget import (
    ADDRESS,
    BY_FIVE_MINUTES,
    BY_MINUTE,
    BY_SECOND,
    CAP,
    MESSAGES_LIMIT,
    MINUTE,
    START_MS,
    book,
    clock_now,
    granted_within,
    ledger,
    true_ms,
)
from tests.redis_process import free_port
from tests.simulated.virtual_loop import run


def test_within_a_minute_65_percent_of_the_limit_are_granted_and_the_rest_waits_for_the_next(client: Client) -> None:
    async def main() -> None:
        one = ledger(client)
        assert await granted_within(one, 40, 2) == CAP // 2
        began = true_ms()
        await one.reserve(2, Priority.ADMIN)
        assert true_ms() // MINUTE == began // MINUTE + 1
        assert true_ms() % MINUTE < 1_000

    run(main)


def test_two_processes_have_one_budget(client: Client, store: str) -> None:
    async def main() -> None:
        with connect(store, timeout=2, name="other") as other:
            counts = await asyncio.gather(*(granted_within(ledger(each), 40, 1) for each in (client, other)))
        assert sum(counts) == CAP
        assert min(counts) > 0

    run(main)


def test_another_address_has_a_budget_of_its_own(client: Client) -> None:
    async def main() -> None:
        assert await granted_within(ledger(client), 40, 2) == CAP // 2
        assert await granted_within(ledger(client, address="192.0.2.8"), 1, 2) == CAP // 2

    run(main)


def test_clocks_that_differ_by_half_a_second_still_keep_the_limit_of_the_true_minute(client: Client) -> None:
    async def main() -> None:
        sent: list[int] = []

        async def ask(ahead_ms: int) -> None:
            one = ledger(client, clock=clock_now(ahead_ms))
            while True:
                await one.reserve(1, Priority.ADMIN)
                sent.append(true_ms())

        asking = [asyncio.create_task(ask(ahead)) for ahead in (-450, 0, 450)]
        await asyncio.wait(asking, timeout=200)
        for each in asking:
            each.cancel()
        await asyncio.wait(asking)
        minutes = [moment // MINUTE for moment in sent]
        assert len(set(minutes)) == 4
        assert max(minutes.count(minute) for minute in set(minutes)) <= CAP

    run(main)


def test_what_is_sent_at_the_end_of_a_minute_counts_in_the_next_too_for_it_may_arrive_then(client: Client) -> None:
    async def main() -> None:
        await asyncio.sleep(49)
        assert true_ms() % MINUTE == 59_000
        one = ledger(client)
        assert await granted_within(one, 0.5, 1) == CAP
        assert await granted_within(one, 30, 1) == 0

    run(main)


def test_a_clock_that_is_ahead_does_not_begin_the_minute_for_all(client: Client) -> None:
    async def main() -> None:
        await asyncio.sleep(47)
        assert true_ms() % MINUTE == 57_000
        assert await granted_within(ledger(client), 0.5, 1) == CAP
        await asyncio.sleep(2.1)
        ahead = ledger(client, clock=clock_now(ahead_ms=450))
        assert await granted_within(ahead, 0.39, 1) == 0

    run(main)


def test_a_second_is_shared_out_evenly(client: Client) -> None:
    async def main() -> None:
        one, moments = ledger(client, BY_SECOND), []
        for _ in range(20):
            await one.reserve(1, Priority.ADMIN)
            moments.append(true_ms())
        gaps = [after - before for before, after in itertools.pairwise(moments)]
        assert min(gaps) >= 166
        assert max(gaps) <= 170

    run(main)


def test_what_a_clock_that_is_days_ahead_was_granted_bars_nobody_for_longer_than_two_spans(client: Client) -> None:
    async def main() -> None:
        await ledger(client, BY_SECOND, clock=clock_now(5 * 86_400_000)).reserve(1, Priority.WARMUP)
        began = true_ms()
        await ledger(client, BY_SECOND).reserve(1, Priority.WARMUP)
        assert true_ms() - began < 3_000

    run(main, longest=60)


def test_connects_may_come_in_a_burst_but_never_exceed_what_five_minutes_allow(client: Client) -> None:
    async def main() -> None:
        one, moments = ledger(client, BY_MINUTE, BY_FIVE_MINUTES), []
        for _ in range(400):
            await one.reserve_connect(Priority.ADMIN)
            moments.append(true_ms())
        assert moments[49] - moments[0] < 100
        cap = 195
        assert min(moments[at + cap] - moments[at] for at in range(len(moments) - cap)) >= 300_000
        assert await granted_within(one, 1, 1) == CAP  # no request is charged for them

    run(main)


def test_a_connect_that_waits_holds_up_no_request(client: Client) -> None:
    async def main() -> None:
        one = ledger(client, BY_MINUTE, Limit("connects", 1_000, 1, is_calendar=False))
        await one.reserve_connect(Priority.ADMIN)
        waiting = asyncio.create_task(one.reserve_connect(Priority.ADMIN))
        await asyncio.sleep(0.1)
        await asyncio.wait_for(one.reserve(1, Priority.WARMUP), 0.1)
        assert not waiting.done()
        await waiting

    run(main)


def test_limits_that_the_exchange_tells_hold_for_all_and_lower_ones_at_once(client: Client, store: str) -> None:
    async def main() -> None:
        with connect(store, timeout=2, name="other") as other:
            one, two = ledger(client), ledger(other)
            assert await granted_within(one, 1, 1) == CAP
            waiting = asyncio.create_task(one.reserve(1, Priority.ADMIN))
            await asyncio.sleep(0.1)
            await one.learn([Limit(WEIGHT, MINUTE, 400, is_calendar=True)])
            await asyncio.wait_for(waiting, 0.1)
            assert await granted_within(two, 1, 1) == CAP - 1
            await two.learn([Limit(WEIGHT, MINUTE, 100, is_calendar=True)])
            assert await granted_within(one, 30, 1) == 0

    run(main)


def test_a_request_that_weighs_more_than_the_limit_is_an_error_and_holds_up_nobody(client: Client) -> None:
    async def main() -> None:
        one = ledger(client)
        with pytest.raises(TooHeavy, match=r"weight 131 can never be sent: at most 130 .* weight in 60 s"):
            await one.reserve(CAP + 1, Priority.ADMIN)
        await asyncio.wait_for(one.reserve(CAP, Priority.WARMUP), 0.1)

    run(main)


def test_where_the_store_is_away_nothing_may_be_sent_and_afterwards_it_goes_on(client: Client) -> None:
    async def main() -> None:
        with connect(f"redis://127.0.0.1:{free_port()}/0", timeout=0.5, name="away") as away:
            one = ledger(away)
            asked = [one.reserve(1, each) for each in Priority]
            errors = await asyncio.gather(*asked, return_exceptions=True)
            assert [type(error) for error in errors] == [StoreUnavailable] * 4
            with pytest.raises(StoreUnavailable, match="does not answer"):
                await one.reserve(1, Priority.ADMIN)
        await ledger(client).reserve(1, Priority.ADMIN)

    run(main)


def test_who_waits_for_what_was_forgotten_says_so_and_until_when(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        one = ledger(client)
        await one.learn((BY_MINUTE,))
        await one.reserve(1, Priority.ADMIN)
        assert one.held_up == ""
        client.delete(keys.weight_book(4, ADDRESS))
        waiting = asyncio.create_task(one.reserve(1, Priority.ADMIN))
        await asyncio.sleep(3)
        assert "s: the data store was emptied" in one.held_up
        await waiting
        assert one.held_up == ""

    run(test)
    assert len([line for line in caplog.messages if line.startswith("Nothing is sent to kraken for 50 s: ")]) == 1


def test_a_store_that_was_emptied_stops_all_until_what_was_sent_has_run_out(client: Client, store: str) -> None:
    async def main() -> None:
        with connect(store, timeout=2, name="other") as other:
            one, two = ledger(client), ledger(other)
            for each in (one, two):
                await each.learn([BY_MINUTE])
            assert await granted_within(one, 1, 1) == CAP
            client.delete(keys.weight_book(4, ADDRESS))
            assert await granted_within(one, 30, 1) == 0
            assert await granted_within(two, 8, 1) == 0
            assert "emptied" in (await two.state()).why
            await asyncio.sleep(15)
            assert await granted_within(two, 5, 1) == CAP

    run(main)


def test_before_the_exchange_has_told_its_time_requests_are_charged_all_the_same(client: Client) -> None:
    async def main() -> None:
        clock = ExchangeClock(asyncio.get_running_loop().time)
        one: Ledger = ledger(client, clock=clock)
        assert await granted_within(one, 0.1, 1) <= CAP
        clock.heard(START_MS, asyncio.get_running_loop().time())
        assert await granted_within(one, 1, 1) == CAP

    run(main)


def test_who_waits_no_longer_is_charged_nothing(client: Client) -> None:
    async def main() -> None:
        one = ledger(client)
        assert await granted_within(one, 1, 1) == CAP
        for _ in range(3):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(one.reserve(CAP, Priority.ADMIN), 1)
        await asyncio.sleep(50)
        assert await granted_within(one, 1, 1) == CAP

    run(main)


def test_the_state_says_what_is_used_of_each_limit(client: Client) -> None:
    async def main() -> None:
        one = ledger(client, BY_MINUTE, BY_SECOND)
        assert book(client, (BY_MINUTE,)).state().usages[0].used == 0
        for _ in range(3):
            await one.reserve(5, Priority.REPAIR)
        minute, second = (await one.state()).usages
        assert (minute.limit, minute.cap, minute.used, minute.others) == (BY_MINUTE, CAP, 15, 0)
        assert (second.limit, second.cap, second.used) == (BY_SECOND, 6, 1)

    run(main)


def test_what_is_said_on_sockets_is_shared_out_over_all_processes_of_an_address(client: Client) -> None:
    said: list[float] = []

    async def speak(one: Ledger) -> None:
        for _ in range(6):
            await one.reserve_message()
            said.append(asyncio.get_running_loop().time())

    async def main() -> None:
        await asyncio.gather(*(speak(ledger(client, BY_SECOND, MESSAGES_LIMIT)) for _ in range(4)))

    run(main)
    said.sort()
    within = [sum(at <= other < at + 1.0 for other in said) for at in said]
    assert max(within) <= 6, "of eight, whatever the way takes"
    assert said[-1] - said[0] < 8


def test_a_limit_that_an_older_version_did_not_know_is_added_to_what_the_store_knows(client: Client) -> None:
    async def main() -> None:
        old, new = ledger(client, BY_SECOND), ledger(client, BY_SECOND, MESSAGES_LIMIT)
        await old.learn([BY_SECOND])
        await new.learn([])
        assert [usage.limit for usage in (await new.state()).usages] == [BY_SECOND, MESSAGES_LIMIT]

    run(main)
