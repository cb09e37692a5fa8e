"""A check of an exchange that has banned or limited this address: it says so, and until when, and asks nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from perseus.control.command import Command, Kind
from perseus.control.handling import Job
from perseus.control.outcomes import Status
from perseus.exchanges.budget.ledger import FORGOTTEN, Ledger, Priority, inline
from perseus.exchanges.clock import ExchangeClock
from perseus.ingest.commands import checking
from perseus.ingest.commands.checking import ExchangeHeld, Found
from perseus.ingest.exchangefeed import SIMULATED_ADDRESS
from perseus.store import Client
from tests.control.conftest import KEYED, Commander
from tests.exchanges.budget import BY_MINUTE, ledger, true_ms
from tests.ingest.running import BINANCE_ID, Start
from tests.simulated.virtual_loop import run

BANNED = "HTTP 418: Way too many requests; IP banned."
IS_HERE = Found(7, 400)


def followed(held: Ledger, steps: list[str]) -> Any:
    """A check that sends one request, as far as it may."""
    job = Job(Command("host-1-7-0a1b2c3d", Kind.CHECK, "ada@example.net"), lambda _, step, *more: steps.append(step))

    async def asking() -> Found:
        await held.reserve(1, Priority.ADMIN)
        return IS_HERE

    return checking._unless_held(job, "binance", held, held._clock, asking())


def test_a_ban_that_outlasts_the_check_ends_it_at_once_and_says_until_when(client: Client) -> None:
    async def main() -> None:
        one, time = ledger(client), asyncio.get_running_loop().time
        until, began = true_ms() + 600_000, time()
        await ledger(client).freeze(until, BANNED)
        with pytest.raises(ExchangeHeld) as told:
            await followed(one, [])
        assert time() - began < 1
        said = str(told.value)
        assert said.startswith("binance was not asked: nothing may be sent to it from this address until 20")
        assert "Z, for 600 s more. binance has banned or limited this address: HTTP 418: Way too many" in said
        assert said.endswith("IP banned. Check it again then.")
        assert one.granted == {}

    run(main)


def test_one_that_ends_before_the_check_does_is_waited_for_and_told_meanwhile(client: Client) -> None:
    async def main() -> None:
        one, steps = ledger(client), list[str]()
        await ledger(client).freeze(true_ms() + 12_000, BANNED)
        assert await followed(one, steps) == IS_HERE
        assert steps == [f"asking the exchange: nothing may be sent to the exchange for 12 s: {BANNED}"]

    run(main)


def test_what_holds_it_up_and_is_no_ban_is_not_told_as_one(client: Client) -> None:
    async def main() -> None:
        await ledger(client).freeze(true_ms() + 60_000, FORGOTTEN)
        with pytest.raises(
            ExchangeHeld, match=r"s more\. The data store was emptied: what was sent .* any more\. Check"
        ):
            await followed(ledger(client), [])

    run(main)


def test_what_fails_is_told_as_it_is(client: Client) -> None:
    async def main() -> None:
        one = ledger(client)
        job = Job(Command("host-1-7-0a1b2c3d", Kind.CHECK, "ada@example.net"), lambda *_: None)

        async def asking() -> Found:
            raise ConnectionError("no route")

        with pytest.raises(ConnectionError, match="no route"):
            await checking._unless_held(job, "binance", one, one._clock, asking())

    run(main)


def test_a_process_whose_address_is_banned_says_so_to_who_commands_a_check(start: Start, commander: Commander) -> None:
    async def ban() -> None:
        clock = ExchangeClock(asyncio.get_running_loop().time)
        book = Ledger(commander.client, BINANCE_ID, SIMULATED_ADDRESS, (BY_MINUTE,), clock, inline)
        await book.freeze((await book.state()).now_ms + 600_000, BANNED)

    asyncio.run(ban())
    start("-m", "perseus", "ingest", "--idle", "--simulator", "http://127.0.0.1:9", **KEYED)
    (host,) = commander.hosts(role="idle")
    told = commander.end(host.target, Kind.CHECK, "binance", environment=[])
    assert told.status is Status.FAILED
    assert "binance has banned or limited this address: HTTP 418" in str(told.text)
