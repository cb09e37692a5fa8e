"""Connections of several processes pass one gate."""

from __future__ import annotations

import asyncio

from perseus.exchanges.budget.gate import Gate
from perseus.exchanges.budget.ledger import Ledger
from perseus.exchanges.budget.sharedgate import SharedGate
from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.registry import dialect_of
from perseus.exchanges.rest import Rest
from perseus.exchanges.wire.request import CONNECTS, Limit
from perseus.exchanges.wire.transport import Answer
from perseus.store import Client, connect
from tests.exchanges.budget import BY_MINUTE, book, clock_now, ledger, true_ms
from tests.exchanges.test_rest import GOOD, Scripted
from tests.redis_process import free_port
from tests.simulated.virtual_loop import run

EIGHT_A_SECOND = Limit(CONNECTS, 1_000, 8, is_calendar=False)


def gate_on(client: Client, clock: ExchangeClock | None = None) -> tuple[Gate, Ledger]:
    clock = clock or clock_now()
    one = ledger(client, BY_MINUTE, EIGHT_A_SECOND, clock=clock)
    return SharedGate(one, Rest(Scripted(GOOD), one, clock, dialect_of("binance"), "https://api.example.com")), one


def test_two_processes_try_no_more_connections_than_one_may(real_store: str) -> None:
    async def main(one: Client, other: Client) -> None:
        moments: list[int] = []

        async def enter(gate: Gate) -> None:
            for _ in range(20):
                await gate.enter()
                moments.append(true_ms())

        await asyncio.gather(*(enter(gate_on(each)[0]) for each in (one, other)))
        assert min(moments[at + 5] - moments[at] for at in range(35)) >= 1_000

    with connect(real_store, timeout=2, name="one") as one, connect(real_store, timeout=2, name="other") as other:
        run(lambda: main(one, other))


def test_a_handshake_refused_with_429_keeps_all_away_for_as_long_as_it_says(real_store: str) -> None:
    async def main(client: Client) -> None:
        gate, _ = gate_on(client)
        await gate.refused(Answer(429, {"retry-after": "30"}, b""))
        began = true_ms()
        await gate_on(client)[0].enter()
        assert 30_000 <= true_ms() - began <= 30_100

    with connect(real_store, timeout=2, name="one") as one:
        run(lambda: main(one))


def test_a_handshake_that_failed_otherwise_keeps_nobody_away(real_store: str) -> None:
    async def main(client: Client) -> None:
        gate, _ = gate_on(client)
        await gate.refused(Answer(503, {}, b""))
        await asyncio.wait_for(gate.enter(), 0.1)

    with connect(real_store, timeout=2, name="one") as one:
        run(lambda: main(one))


def test_while_the_store_is_away_no_connection_is_tried_and_afterwards_one_is(real_store: str) -> None:
    async def main(away: Client, client: Client) -> None:
        gate, one = gate_on(away)
        entering = asyncio.create_task(gate.enter())
        await asyncio.sleep(5)
        assert not entering.done()
        one._book = book(client, (BY_MINUTE, EIGHT_A_SECOND))
        await asyncio.wait_for(entering, 1.1)

    with (
        connect(f"redis://127.0.0.1:{free_port()}/0", timeout=0.5, name="away") as away,
        connect(real_store, timeout=2, name="one") as one,
    ):
        run(lambda: main(away, one))
