"""A 429 or 418 that a trial meets: no process at this address sends until its end, charged or not, and it says so."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from perseus.errors import StoreUnavailable
from perseus.exchanges.budget.book import Book, Priority, Wait
from perseus.exchanges.budget.ledger import Ledger, inline
from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.events import Refused
from perseus.exchanges.registry import dialect_of
from perseus.harness.budget import Budget, Charged, LookedUp, Unknown
from perseus.simulator.faults.fault import Fault
from perseus.store import Client
from tests.harness.test_trial import bad, tried
from tests.simulated.site import START_MS

BINANCE = dialect_of("binance")
BUDGETS: dict[str, Callable[[Ledger], Budget]] = {
    "looked up": LookedUp,
    "charged": lambda ledger: Charged(ledger, BINANCE),
}
TOO_MUCH = Fault("http_429", count=1, target="*klines", params={"retry_after_s": 30})


def sharing(client: Client, make: Callable[[Ledger], Budget]) -> Callable[[ExchangeClock], Budget]:
    return lambda clock: make(Ledger(client, 7, "here", BINANCE.first_limits, clock, inline))


def other(client: Client) -> Wait:
    """What another process of this address is told that has just ended a candle."""
    told = Book(client, 7, "here", BINANCE.first_limits).reserve(START_MS + 10_000, "request", 2, Priority.BOUNDARY)
    assert isinstance(told, Wait)
    return told


@pytest.mark.parametrize("make", BUDGETS.values(), ids=BUDGETS)
def test_a_429_freezes_all_processes_of_the_address_with_and_without_write(
    client: Client, make: Callable[[Ledger], Budget]
) -> None:
    verdict, world = tried("binance", TOO_MUCH, budget=sharing(client, make))
    told, found = other(client), bad(verdict)
    assert told.is_frozen
    assert 15_000 < told.wait_ms <= 30_000
    assert told.why.startswith("HTTP 429")
    assert "Nothing is sent from this address for 30 s, by any process" in found["history"]
    assert "HTTP 429 was written there, and all processes wait for 30 s" in verdict.checks[-1].text
    assert "All requests wait for 30 s more" in found["stream"]
    assert world.exchanges["binance"].counters.seen["ws_connects"] == 0


def test_the_first_word_may_be_a_429_before_anybody_knows_the_time(client: Client) -> None:
    with_store_time = sharing(client, LookedUp)
    client.hset("{weight:7:here}:book", "offset", str(START_MS - _seconds(client)))
    tried("binance", Fault("http_429", count=1, target="*time", params={"retry_after_s": 60}), budget=with_store_time)
    assert other(client).is_frozen


def _seconds(client: Client) -> int:
    seconds, micros = client.time()
    return int(seconds) * 1000 + int(micros) // 1000


def test_a_handshake_that_is_refused_for_too_much_freezes_all(client: Client) -> None:
    fault = Fault("handshake", count=1, params={"status": 429})
    verdict, _ = tried("binance", fault, budget=sharing(client, LookedUp))
    assert other(client).is_frozen
    assert "by any process" in bad(verdict)["stream"]


def test_where_there_is_no_store_it_stops_itself_and_says_for_how_long() -> None:
    verdict, world = tried("binance", TOO_MUCH)
    found = bad(verdict)
    assert "no other process was told: nothing is shared" in found["history"]
    assert "Send nothing from this address for 30 s" in found["history"]
    assert "All requests wait for 30 s more" in found["stream"]
    assert world.exchanges["binance"].counters.seen["ws_connects"] == 0


def test_a_429_is_told_once_and_each_sentence_ends_once() -> None:
    verdict, _ = tried("binance", TOO_MUCH)
    told = "\n".join(verdict.lines())
    assert told.count("Too much request weight used") == 1
    assert "(HTTP 429, see above)" in bad(verdict)["stream"]
    assert ".." not in told


def test_a_status_without_words_is_told_once() -> None:
    verdict, _ = tried("binance", Fault("http_5xx", count=1, target="*klines"))
    assert bad(verdict)["history"].count("HTTP 502") == 1


@pytest.mark.parametrize("body", ["Too many.\nTry later.", " Too many.\r\n\r\nTry later..\n"])
def test_what_an_exchange_says_on_two_lines_stands_on_one(body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(BINANCE), "refusal", lambda self, answer: Refused(None, body))
    verdict, _ = tried("binance", Fault("http_5xx", count=1, target="*klines"))
    assert "was answered by HTTP 502: Too many. Try later. Try again" in bad(verdict)["history"]


def test_a_store_that_goes_away_hides_no_429() -> None:
    class Gone(Unknown):
        async def freeze(self, until_ms: int, why: str) -> str:
            raise StoreUnavailable("there", "it hangs")

    verdict, world = tried("binance", TOO_MUCH, budget=lambda _: Gone("it is away"))
    assert "no other process was told: The data store at there does not answer: it hangs." in bad(verdict)["history"]
    assert world.exchanges["binance"].counters.seen["ws_connects"] == 0
