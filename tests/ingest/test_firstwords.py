"""A start that waits for the first answers of an exchange."""

from __future__ import annotations

import asyncio

import pytest

from perseus.errors import StoreUnavailable, StoreUntrusted
from perseus.exchanges.resterrors import NoAnswer, RateLimited, RequestRefused
from perseus.exchanges.symbols import UnknownSymbol
from perseus.ingest.firstwords import heard
from tests.simulated.virtual_loop import run

SILENT = NoAnswer("binance", "/time", 4, "nobody is there.")
LIMITED = RateLimited("binance", "/time", 429, 5_000, 5_000, "too many requests")
AWAY = StoreUnavailable("redis://x", "away")
REFUSED = RequestRefused("binance", "/time", 451, None, "not from here")


class Exchange:
    """Raises `errors`, one each time it is asked, the last one for ever where it `is_endless`; answers then."""

    def __init__(self, *errors: Exception, is_endless: bool = False) -> None:
        self.errors = list(errors)
        self.is_endless = is_endless
        self.asked: list[float] = []
        self.said: list[str] = []

    async def ready(self) -> None:
        self.asked.append(asyncio.get_running_loop().time())
        if self.errors:
            raise self.errors[0] if self.is_endless and len(self.errors) == 1 else self.errors.pop(0)

    async def heard(self) -> None:
        await heard(self.ready, self.said.append, lambda: 0.0)


def test_it_waits_until_the_exchange_answers_and_says_each_reason_once() -> None:
    exchange = Exchange(SILENT, SILENT, LIMITED, LIMITED, SILENT)
    run(exchange.heard)
    assert exchange.said == [f"{SILENT} The start waits for it.", f"{LIMITED} The start waits for it."]
    began = exchange.asked[0]
    assert [round(at - began, 1) for at in exchange.asked] == [0, 0.5, 1.5, 3.5, 7.5, 15.5]


def test_a_data_store_that_is_away_while_it_waits_is_waited_for_too_and_said_once() -> None:
    exchange = Exchange(LIMITED, AWAY, AWAY, LIMITED)
    run(exchange.heard)
    assert exchange.said == [f"{LIMITED} The start waits for it.", f"{AWAY} The start waits for it as well."]
    assert len(exchange.asked) == 5


def test_a_data_store_that_nobody_can_trust_ends_it() -> None:
    exchange = Exchange(LIMITED, StoreUntrusted("redis://x", "a wrong certificate"))
    with pytest.raises(StoreUntrusted):
        run(exchange.heard)


def test_a_stop_ends_the_wait() -> None:
    async def main() -> Exchange:
        exchange = Exchange(LIMITED, is_endless=True)
        waiting = asyncio.create_task(exchange.heard())
        await asyncio.sleep(600)
        assert 10 < len(exchange.asked) < 40
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        return exchange

    assert len(run(main).said) == 1


@pytest.mark.parametrize("error", [REFUSED, UnknownSymbol("binance", ("NOUSDT",)), AWAY])
def test_what_no_wait_mends_ends_the_start(error: Exception) -> None:
    exchange = Exchange(error)
    with pytest.raises(type(error)):
        run(exchange.heard)
    assert exchange.said == []


def test_a_budget_that_another_process_had_frozen_is_told_once_with_until_when() -> None:
    async def main() -> list[str]:
        said: list[str] = []
        frozen_ms = 1_790_000_000_000

        async def ready() -> None:
            await asyncio.sleep(120)

        waiting = asyncio.create_task(heard(ready, said.append, held=lambda: (frozen_ms, "HTTP 418: banned.")))
        await asyncio.sleep(5)
        assert len(said) == 1
        await waiting
        return said

    assert run(main) == [
        "Nothing may be sent to the exchange until 2026-09-21 14:13:20 UTC: HTTP 418: banned. The start waits for it."
    ]


def test_a_refusal_that_was_told_is_not_told_again_as_a_frozen_budget() -> None:
    said: list[str] = []
    times = iter([LIMITED, None])

    async def ready() -> None:
        if error := next(times):
            raise error
        await asyncio.sleep(120)

    async def main() -> None:
        await heard(ready, said.append, lambda: 0.0, lambda: (5_000, "HTTP 429: too many") if said else None)

    run(main)
    assert said == [f"{LIMITED} The start waits for it."]
