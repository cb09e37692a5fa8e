"""A trial of simulated exchanges, without sockets and on virtual time: what is wrong is said, and nothing else."""

from __future__ import annotations

import asyncio
from typing import Any

import fakeredis
import pytest

from perseus.exchanges.budget.ledger import Ledger, inline
from perseus.exchanges.clock import ExchangeClock
from perseus.exchanges.endpoints import Endpoints
from perseus.exchanges.registry import dialect_of
from perseus.exchanges.wire.request import Limit
from perseus.harness.budget import Budget, Charged, LookedUp, Unknown
from perseus.harness.trial import Trial
from perseus.harness.verdict import Verdict
from perseus.simulator.clock import VirtualClock
from perseus.simulator.faults.fault import Fault
from perseus.simulator.inprocess import InProcess
from perseus.simulator.world import World
from tests.simulated.site import START_MS
from tests.simulated.virtual_loop import run

SYMBOLS = {"binance": "BTCUSDT", "binance_us": "BTCUSDT", "coinbase": "BTC-USD"}


def nobody(_: ExchangeClock) -> Budget:
    return Unknown("nothing is shared")


def tried(
    name: str = "binance",
    *faults: Fault,
    symbol: str | None = None,
    budget: Any = nobody,
    host_ahead_ms: int = 0,
) -> tuple[Verdict, World]:
    async def main() -> tuple[Verdict, World]:
        world = World(VirtualClock(asyncio.get_running_loop().time, START_MS), "harness", faults)
        wire = InProcess(world)
        endpoints = Endpoints.simulated(name, "sim://exchange", ())
        trial = Trial(wire, dialect_of(name), endpoints, budget, lambda: world.clock.now_ms() + host_ahead_ms)
        verdict = await trial.run(symbol)
        await asyncio.sleep(5)
        wire.driver.stop()
        return verdict, world

    return run(main)


def bad(verdict: Verdict) -> dict[str, str]:
    return {check.name: f"{check.text} {check.mend}".strip() for check in verdict.checks if not check.is_good}


@pytest.mark.parametrize("name", SYMBOLS)
def test_a_sound_exchange_is_good_with_the_evidence_and_no_rule_is_broken(name: str) -> None:
    verdict, world = tried(name)
    assert bad(verdict) == {}
    assert [check.name for check in verdict.checks] == [
        "time",
        "symbols",
        "symbol",
        "history",
        "stream",
        "messages",
        "budget",
    ]
    evidence, seen = verdict.evidence, world.exchanges[name].counters.seen
    assert evidence["requests"] == seen["http_requests"] == 3
    assert evidence["weight"] == {"binance": 23, "binance_us": 12, "coinbase": 3}[name]
    assert evidence["candles"] == 100
    assert evidence["symbol"] == SYMBOLS[name]
    assert evidence["missingFields"] == (["quote_volume", "trades"] if name == "coinbase" else [])
    assert isinstance(evidence["firstCandleMs"], int)
    assert isinstance(evidence["messages"], int)
    assert 0 < evidence["firstCandleMs"] < 10_000
    assert evidence["unknown"] == {}
    assert world.broken() == {}
    assert world.exchanges[name].sessions == {}
    assert list(verdict.lines())[-1].endswith("it does what it should.")


def test_pings_are_counted_and_answered() -> None:
    verdict, world = tried("binance", Fault("ping_flood", after_ms=1_200, count=1, params={"pings": 1}))
    assert verdict.evidence["pings"] == 1
    assert world.exchanges["binance"].counters.seen["pongs"] == 1


def test_the_host_s_clock_is_told_and_is_no_fault() -> None:
    verdict, _ = tried(host_ahead_ms=-180_000)
    assert verdict.is_good
    (check,) = [check for check in verdict.checks if check.name == "time"]
    assert "180.0 s behind" in check.text
    assert "set this host's" in check.mend
    ahead = verdict.evidence["hostAheadMs"]
    assert isinstance(ahead, int)
    assert abs(ahead + 180_000) < 200


@pytest.mark.parametrize(
    ("fault", "check", "says"),
    [
        (Fault("http_429", count=1, target="*time"), "time", "Send nothing from this address for"),
        (Fault("http_403", count=1, target="*exchangeInfo"), "symbols", "does not serve this address"),
        (Fault("http_5xx", count=1, target="*klines"), "history", "HTTP 502"),
        (Fault("html_page", count=1, target="*klines"), "history", "in a form that Perseus does not know"),
        (Fault("http_reset", count=1, target="*klines"), "history", "network of this host"),
        (Fault("rest_nan", count=1), "history", "NaN"),
        (Fault("rest_missing", count=1), "history", "the running one missing"),
        (Fault("silent_accept", count=1), "stream", "It sent no candle of BTCUSDT 1m in 10 s, only silence"),
        (Fault("ack_dead"), "stream", "only 1 acknowledgement"),
        (Fault("handshake", count=1), "stream", "network of this host"),
        (Fault("reset", after_ms=1_000, count=1), "stream", "It ended the connection"),
        (Fault("kline_nan", count=1), "messages", "cannot be read: kline of BTCUSDT 1m"),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else "",
)
def test_each_thing_that_is_wrong_is_one_bad_check_with_what_to_do(fault: Fault, check: str, says: str) -> None:
    verdict, _ = tried("binance", fault)
    found = bad(verdict)
    assert not verdict.is_good
    assert says in found[check]
    needs = {"time": 5, "symbols": 4}.get(check, 1)
    assert len(found) <= needs or all("Not tried" in text for name, text in found.items() if name != check)
    assert f"BAD: {', '.join(found)}." in list(verdict.lines())[-1]


def test_candles_that_came_but_cannot_be_read_are_said_once_and_no_matter_of_trade() -> None:
    verdict, _ = tried("binance", Fault("kline_nan"))
    found = bad(verdict)
    assert found["stream"].endswith("What came could not be read, see below.")
    assert found["messages"].count("decimal number") == 1


def test_an_exchange_that_tells_no_limits_is_said_to() -> None:
    verdict, _ = tried("coinbase")
    (check,) = [check for check in verdict.checks if check.name == "symbols"]
    assert check.text.endswith("It tells no limits.")


def test_a_hole_in_the_history_is_counted() -> None:
    verdict, _ = tried("binance", Fault("rest_hole", probability=0.1, count=2, params={"timeframe": "1d"}))
    assert "98 of 100 daily candles" in bad(verdict)["history"]
    assert "2 missing within" in bad(verdict)["history"]


def test_kinds_of_messages_that_are_not_known_are_named_and_no_fault() -> None:
    verdict, _ = tried("binance", Fault("unknown_event", count=2))
    assert verdict.is_good
    assert verdict.evidence["unknown"] in ({"marketWeather": 1}, {"marketWeather": 2})


def test_a_symbol_that_is_not_listed_or_does_not_trade_is_named() -> None:
    verdict, world = tried(symbol="BTCUSD")
    assert "Did you mean BTCUSDT" in bad(verdict)["symbol"]
    assert bad(verdict)["stream"].startswith("Not tried")
    assert world.exchanges["binance"].counters.seen["ws_connects"] == 0
    verdict, _ = tried("binance", Fault("market_halt", target="ETHUSDT", params={"status": "BREAK"}), symbol="ETHUSDT")
    assert "ETHUSDT is halted (BREAK)" in bad(verdict)["symbol"]


def ledger(redis: fakeredis.FakeRedis, clock: ExchangeClock) -> Ledger:
    clock.suppose(START_MS)
    return Ledger(redis, 7, "here", (Limit("weight", 60_000, 1_200, True),), clock, inline)


class Watching(fakeredis.FakeRedis):
    """Keeps the names of all commands."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        self.__dict__.setdefault("said", []).append(str(args[0]).upper())
        return super().execute_command(*args, **options)


def test_it_writes_nothing_to_the_store_of_a_sound_exchange_unless_it_is_asked_to() -> None:
    redis = Watching(decode_responses=True)
    verdict, _ = tried(budget=lambda clock: LookedUp(ledger(redis, clock)))
    assert verdict.is_good
    assert redis.dbsize() == 0
    assert set(redis.__dict__["said"]) <= {"HGETALL", "TIME", "EVALSHA", "SCRIPT LOAD", "DBSIZE"}
    assert "looked up, not charged" in verdict.checks[-1].text


def test_it_charges_the_shared_budget_when_it_is_asked_to() -> None:
    redis = fakeredis.FakeRedis(decode_responses=True)
    verdict, _ = tried(budget=lambda clock: Charged(ledger(redis, clock), dialect_of("binance")))
    assert verdict.is_good
    book = redis.hgetall("{weight:7:here}:book")
    own = [int(value) for name, value in book.items() if name.endswith(":own")]
    assert sum(own) >= 23


def test_the_wait_for_the_budget_is_no_time_of_the_exchange() -> None:
    class Slow(Unknown):
        async def request(self, weight: int) -> None:
            await asyncio.sleep(20)

        async def connect(self) -> None:
            await asyncio.sleep(20)

    verdict, _ = tried(budget=lambda _: Slow("nothing is shared"))
    for name in ("roundTripMs", "connectMs"):
        took_ms = verdict.evidence[name]
        assert isinstance(took_ms, int)
        assert 0 < took_ms < 1_000
    ahead_ms = verdict.evidence["hostAheadMs"]
    assert isinstance(ahead_ms, int)
    assert abs(ahead_ms) < 200


def test_while_all_are_to_wait_it_sends_nothing() -> None:
    redis = fakeredis.FakeRedis(decode_responses=True)
    redis.hset("{weight:7:here}:book", mapping={"frozen": str(START_MS + 90_000), "why": "HTTP 429: too much"})
    verdict, world = tried(budget=lambda clock: LookedUp(ledger(redis, clock)))
    assert "HTTP 429: too much" in bad(verdict)["time"]
    assert world.exchanges["binance"].counters.seen["http_requests"] == 0
