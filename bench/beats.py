"""1,000 instances that beat every 15 s against one store: what they take of a core of the store, and of their own.

The heartbeats are the real ones: a thread, a connection and a payload made anew for each. They share a process, and
do no other work.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from bench import load, store
from bench.figures import Figure
from bench.members import CLOCK, Member
from perseus import keys
from perseus.network.exchange import Exchange
from perseus.network.leasing.heartbeat import Heartbeat
from perseus.store import Client

INSTANCES = 1_000
IDLE_SECONDS = 10.0
SECONDS = 60.0
KB = 1_000


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds that passed, and those of processor time that the store and this process used meanwhile."""

    passed: float
    store: float
    clients: float
    beats: int


def measure(url: str) -> list[Figure]:
    """Connections that wait, then four heartbeats of each instance, evenly spread as those of a large site are."""
    with store.client_of(url, "counter") as counter, ExitStack() as open_:
        counter.flushall()
        counter.set(keys.INITIALISED, "kept")
        empty = int(counter.info("memory")["used_memory"])
        members = [Member(open_.enter_context(store.client_of(url)), _exchange(at)) for at in range(INSTANCES)]
        for member in members:
            member.settle()
            member.beat()
        idle = _spent(counter, IDLE_SECONDS)
        grown = int(counter.info("memory")["used_memory"]) - empty
        with _beating(members):
            spent = _spent(counter, SECONDS)
        _check(members, spent)
    return _figures(members, idle, spent, grown)


def _exchange(at: int) -> Exchange:
    return Exchange(at + 1, f"exchange_{at + 1}", f"Exchange {at + 1}")


@contextmanager
def _beating(members: list[Member]) -> Iterator[None]:
    """Every instance beats meanwhile; it begins once the last has sent its first."""
    beats = [Heartbeat(one.lease, one.claims, one.facts, lambda ms: None, CLOCK, one.store_clock) for one in members]
    every = members[0].lease.timing.heartbeat
    try:
        began = time.monotonic()
        for at, beat in enumerate(beats):
            time.sleep(max(0.0, began + at * every / len(beats) - time.monotonic()))
            members[at].beat()
            beat.start()
        yield
    finally:
        for beat in beats:
            beat.stop(0)
        for beat in beats:
            beat.stop(5)


def _spent(counter: Client, seconds: float) -> Spent:
    before = (time.monotonic(), _cpu(counter), time.process_time(), store.calls_of(counter, "evalsha"))
    time.sleep(seconds)
    after = (time.monotonic(), _cpu(counter), time.process_time(), store.calls_of(counter, "evalsha"))
    passed, of_store, of_clients, beats = (one - other for one, other in zip(after, before, strict=True))
    return Spent(passed, of_store, of_clients, int(beats))


def _cpu(counter: Client) -> float:
    told = counter.info("cpu")
    return float(told["used_cpu_user"]) + float(told["used_cpu_sys"])


def _check(members: list[Member], spent: Spent) -> None:
    lost = [one.exchange.name for one in members if one.lease.end_reason or not one.lease.valid(CLOCK.elapsed())]
    expected = len(members) * spent.passed / members[0].lease.timing.heartbeat
    if lost or not 0.95 * expected <= spent.beats <= 1.05 * expected:
        raise RuntimeError(f"{spent.beats} heartbeats instead of {expected:.0f}, {len(lost)} leases lost: {lost[:5]}")


def _figures(members: list[Member], idle: Spent, spent: Spent, grown: int) -> list[Figure]:
    answered = load.spread([(one.facts.rtt_ms or 0.0) / 1000 for one in members])
    waiting = f"{100 * idle.store / idle.passed:.2f} % while the same connections wait"
    told = f"{INSTANCES:,} instances"
    return [
        Figure(f"heartbeats a second of {told}", spent.beats / spent.passed, unit="/s", note="every 15 s, none missed"),
        Figure("  share of one core of the store", 100 * spent.store / spent.passed, unit="%", note=waiting),
        Figure("  share of one core of all clients together", 100 * spent.clients / spent.passed, unit="%"),
        Figure("  answered within, median", answered.half, unit="ms", note=str(answered)),
        Figure("  memory of the store, each", grown / len(members) / KB, unit="kB", note="records and connection"),
    ]
