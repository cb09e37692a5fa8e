"""Who goes first: in one process, in two, and what a warmup can never take from the others."""

from __future__ import annotations

import asyncio

import pytest

from perseus.exchanges.budget.book import CLASS_SHARES, Granted, Priority, Wait
from perseus.store import Client, connect
from tests.exchanges.budget import BY_MINUTE, BY_SECOND, CAP, START_MS, book, granted_within, ledger, true_ms
from tests.simulated.virtual_loop import run

URGENT = (Priority.ADMIN, Priority.BOUNDARY, Priority.REPAIR)


def test_each_class_leaves_to_the_more_urgent_ones_what_is_theirs(client: Client) -> None:
    async def main() -> None:
        one = ledger(client)
        counts = [await granted_within(one, 5, 1, each) for each in reversed(Priority)]
        assert counts == [78, 110 - 78, 123 - 110, CAP - 123]

    run(main)


@pytest.mark.parametrize("priority", URGENT)
def test_what_is_urgent_goes_at_once_while_a_warmup_takes_all_that_it_may(client: Client, priority: Priority) -> None:
    async def main() -> None:
        one = ledger(client)
        warmup = [asyncio.create_task(one.reserve(2, Priority.WARMUP)) for _ in range(500)]
        for _ in range(3):
            await asyncio.sleep(7)
            began = true_ms()
            await one.reserve(2, priority)
            assert true_ms() - began < 10
        assert not all(each.done() for each in warmup)
        for each in warmup:
            each.cancel()

    run(main)


@pytest.mark.parametrize("priority", URGENT)
def test_by_the_second_what_is_urgent_is_not_held_up_by_the_warmup_of_another_process(
    client: Client, store: str, priority: Priority
) -> None:
    async def main() -> None:
        with connect(store, timeout=2, name="other") as other:
            one, two = ledger(client, BY_SECOND), ledger(other, BY_SECOND)
            counts = await asyncio.gather(
                granted_within(one, 60, 1, Priority.WARMUP), granted_within(two, 60, 1, priority)
            )
        alone = 60 * 6 * CLASS_SHARES[priority] / 100
        assert counts[1] >= 0.9 * alone
        assert sum(counts) <= 361

    run(main)


def test_a_warmup_alone_paces_itself_so_that_others_find_room(client: Client) -> None:
    async def main() -> None:
        assert await granted_within(ledger(client, BY_SECOND), 60, 1, Priority.WARMUP) == pytest.approx(60 * 3.6, abs=2)

    run(main)


def test_in_one_process_the_more_urgent_goes_first_and_equals_in_their_order(client: Client) -> None:
    async def main() -> None:
        one, order = ledger(client, BY_SECOND), []

        async def ask(name: str, priority: Priority) -> None:
            await one.reserve(1, priority)
            order.append(name)

        await one.reserve(1, Priority.ADMIN)
        asked = [("w", 4), ("r1", 3), ("b", 2), ("r2", 3), ("a", 1)]
        await asyncio.gather(*(ask(name, Priority(each)) for name, each in asked))
        assert order == ["a", "b", "r1", "r2", "w"]

    run(main)


def test_a_wish_that_must_wait_holds_up_the_less_urgent_of_others_but_not_for_ever(client: Client) -> None:
    one = book(client, (BY_SECOND,))
    assert isinstance(one.reserve(START_MS, "request", 1, Priority.ADMIN), Granted)
    assert isinstance(one.reserve(START_MS + 1, "request", 1, Priority.REPAIR), Wait)
    assert isinstance(one.reserve(START_MS + 200, "request", 1, Priority.WARMUP), Wait)
    assert isinstance(one.reserve(START_MS + 200, "request", 1, Priority.BOUNDARY), Granted)
    assert isinstance(one.reserve(START_MS + 1_300, "request", 1, Priority.WARMUP), Granted)


def test_a_wish_for_a_connect_holds_up_no_request(client: Client) -> None:
    one = book(client, (BY_MINUTE, type(BY_SECOND)("connects", 10_000, 1, is_calendar=False)))
    assert isinstance(one.reserve(START_MS, "connect", 0, Priority.ADMIN), Granted)
    assert isinstance(one.reserve(START_MS + 1, "connect", 0, Priority.ADMIN), Wait)
    assert isinstance(one.reserve(START_MS + 2, "request", 1, Priority.WARMUP), Granted)
