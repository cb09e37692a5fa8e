"""The simulated exchanges together, on one clock: what a front drives."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Any

from perseus.simulator.binance.rest import Binance, rules_of_com, rules_of_us
from perseus.simulator.clock import VirtualClock
from perseus.simulator.coinbase.rest import Coinbase
from perseus.simulator.exchange import Exchange
from perseus.simulator.faults.fault import Fault, ScenarioError
from perseus.simulator.market import markets
from perseus.simulator.market.buckets import MINUTE
from perseus.simulator.timers import Timers

BASES = markets.DEFAULT
LATE_SECONDS = 0.2
"""A call that comes so much later than it was due: the process stood still meanwhile."""
NAMES = ("binance", "binance_us", "coinbase")


class World:
    """`exchanges` by name. Call `sync` before anything else is asked: it lets happen what is due by now.

    `besides`: what decides on its candles beside the seed and the start.
    """

    def __init__(
        self,
        clock: VirtualClock,
        seed: str,
        faults: Iterable[Fault] = (),
        bases: tuple[str, ...] = BASES,
        sequence_scope: str = "connection",
    ) -> None:
        self.clock = clock
        self.seed = seed
        self.besides = ""
        self.driver: Driver | None = None
        self.timers = Timers(clock.now_ms(), lambda: clock.speed)
        binances = (("binance", rules_of_com()), ("binance_us", rules_of_us()))
        self.exchanges: dict[str, Exchange] = {
            name: Binance(name, self.timers, seed, markets.binance(bases), rules) for name, rules in binances
        }
        self.exchanges["coinbase"] = Coinbase("coinbase", self.timers, seed, markets.coinbase(bases), sequence_scope)
        for fault in faults:
            self.add_fault(fault)

    @property
    def name(self) -> str:
        """The same where all candles are: by it a client tells this one from another at the same address."""
        start = self.clock.start_ms // MINUTE
        return blake2b(f"{self.seed}\n{start}\n{self.besides}".encode(), digest_size=6).hexdigest()

    def sync(self) -> None:
        self.timers.advance(self.clock.now_ms())

    def add_fault(self, fault: Fault) -> None:
        """At the exchange that it names, or at each. Raises ScenarioError for an unknown one."""
        if fault.exchange not in ("*", *self.exchanges):
            raise ScenarioError(f"No exchange is called {fault.exchange!r}. Known: {', '.join(self.exchanges)}.")
        for name, exchange in self.exchanges.items():
            if fault.exchange in ("*", name):
                kept = {**vars(fault), "params": dict(fault.params), "exchange": name}
                exchange.add_fault(Fault(**kept))

    def clear_faults(self) -> None:
        for exchange in self.exchanges.values():
            exchange.faults.clear()

    def broken(self) -> dict[str, int]:
        """Every rule that was broken anywhere, by `exchange rule`."""
        each = ((name, exchange.counters.broken) for name, exchange in self.exchanges.items())
        return {f"{name} {rule}": count for name, broken in each for rule, count in broken.items()}

    def as_json(self) -> dict[str, Any]:
        return {name: exchange.as_json() for name, exchange in self.exchanges.items()}


class Driver:
    """Runs a world on an asyncio loop: a timer of the loop for whatever is due next, at the speed of the clock.

    `time`: of that loop, where clients are other processes: what they could not do while this one stood still is no
    fault of theirs. None: they share the loop.
    """

    def __init__(self, world: World, call_at: Callable[..., Any], time: Callable[[], float] | None = None) -> None:
        self.world = world
        self._call_at = call_at
        self._time = time
        self._due: float | None = None
        self._handle: Any = None
        self._is_running = False
        world.timers.on_earlier = self.arm
        world.driver = self

    def arm(self) -> None:
        """Have the next call made in time. To be called when the clock was changed."""
        if self._is_running:
            return
        if self._handle:
            self._handle.cancel()
        due = self.world.timers.next_ms()
        self._due = None if due is None else self.world.clock.base_at(due)
        self._handle = None if self._due is None else self._call_at(self._due, self.run)

    def run(self) -> None:
        """Let happen what is due."""
        self._is_running = True
        if self._time and self._due is not None and self._time() - self._due > LATE_SECONDS:
            self.world.timers.stood_still(self.world.clock.now_ms())
        try:
            self.world.sync()
        finally:
            self._is_running = False
        self.arm()

    def stop(self) -> None:
        self.world.timers.on_earlier = self.world.driver = None
        if self._handle:
            self._handle.cancel()
