"""`make failovers`: failovers under load, and a judge who asks after each whether the guarantees held.

`python -m tests.failover.staged [--count 200] [--seed N] [--setup NAME]`. Contenders in processes of their own beat,
work and claim while primaries are killed, frozen and replaced, on a Cluster and under Sentinel, with and without WAIT
and min-replicas. Ends with 1 when two were valid at one moment, a smaller token was valid after a larger one, or an
event that a log had confirmed is gone without a word; the diaries are then left behind.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

from perseus import keys
from perseus.clock import SystemClock
from perseus.errors import StoreUnavailable
from perseus.network.exchange import Exchange
from perseus.store import Client, answers, connect
from tests.conftest import short
from tests.failover.ledger import Fate, Ledger, fate, repeated
from tests.failover.strikes import MIN_REPLICAS, ClusterStrikes, SentinelStrikes, Strikes
from tests.faults.child import environment

ROOT = Path(__file__).parents[2]
EXCHANGES = (Exchange(1, "alpha", "Alpha"), Exchange(2, "beta", "Beta"))
CONTENDERS = 2
RECOVERY = 60.0
CLOCK = SystemClock()


@dataclass(frozen=True)
class Setup:
    """One of the sets that are tried."""

    name: str
    strikes: Callable[..., Strikes]
    options: Sequence[str] = ()
    durable: int = 0


SETUPS = (
    Setup("Cluster", ClusterStrikes),
    Setup("Cluster, WAIT and min-replicas", ClusterStrikes, MIN_REPLICAS, 1),
    Setup("Sentinel", SentinelStrikes),
    Setup("Sentinel, WAIT and min-replicas", SentinelStrikes, MIN_REPLICAS, 1),
)


@dataclass
class Result:
    """What became of one set-up."""

    name: str
    failovers: int = 0
    violations: list[str] = field(default_factory=list)
    leases: int = 0
    gaps: list[float] = field(default_factory=list)
    fates: list[Fate] = field(default_factory=list)


class Contender:
    """One process and its diary; started again whenever it has ended."""

    def __init__(self, exchange: Exchange, url: str, home: Path, durable: int) -> None:
        home.mkdir(parents=True)
        self.exchange, self.diary = exchange, home / "diary"
        self.diary.touch()
        self._environment = {**environment(short(home), url), "PERSEUS_DURABLE_REPLICAS": str(durable)}
        self._said = (home / "said").open("w")
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        own = [str(self.exchange.id), self.exchange.name, str(self.diary)]
        command = [sys.executable, "-m", "tests.failover.contender", *own]
        return subprocess.Popen(
            command, cwd=ROOT, env=self._environment, stdin=subprocess.PIPE, stdout=self._said, stderr=self._said
        )

    def keep_up(self) -> None:
        if self.process.poll() is not None:
            self._close_stdin()
            self.process = self._start()

    def end(self) -> None:
        self.process.kill()
        self.process.wait(10)
        self._close_stdin()
        self._said.close()

    def _close_stdin(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()


class Stage:
    """One set-up under load. Whatever process it has begun ends with `ending`, whatever went wrong."""

    def __init__(self, setup: Setup, folder: Path, random: Random, ending: ExitStack) -> None:
        self.random = random
        self.strikes = setup.strikes(folder / "store", random, *setup.options)
        ending.callback(self.strikes.end)
        self.ask(lambda client: client.set(keys.INITIALISED, "kept"))
        self.contenders: list[Contender] = []
        for exchange, number in product(EXCHANGES, range(CONTENDERS)):
            home = folder / f"{exchange.name}-{number}"
            self.contenders.append(Contender(exchange, self.strikes.url, home, setup.durable))
            ending.callback(self.contenders[-1].end)

    def ledgers(self) -> dict[str, Ledger]:
        found = {exchange.name: Ledger() for exchange in EXCHANGES}
        for contender in self.contenders:
            with contender.diary.open() as lines:
                found[contender.exchange.name].read(lines)
        return found

    def wait_until_held(self) -> list[str]:
        """Until each exchange has been valid for somebody after this moment; what was not in time."""
        began = CLOCK.elapsed()
        while CLOCK.elapsed() < began + RECOVERY:
            for contender in self.contenders:
                contender.keep_up()
            held = [any(span.ended > began for span in ledger.spans) for ledger in self.ledgers().values()]
            if all(held):
                return []
            time.sleep(0.2)
        return [f"nobody was valid within {RECOVERY:.0f} s"]

    def fail_over(self, kind: str) -> list[str]:
        exchange = self.random.choice(EXCHANGES)
        key = self.random.choice((keys.status(exchange.id), keys.activity(exchange.name)))
        if self.random.random() < 0.3:
            self.random.choice(self.contenders).process.kill()
        self.strikes.strike(kind, key)
        self.strikes.mend()
        return self.wait_until_held()

    def log_of(self, exchange: Exchange) -> list[tuple[str, dict[str, str]]]:
        return list(self.ask(lambda client: client.xrange(keys.activity(exchange.name))))

    def ask(self, what: Callable[[Client], Any]) -> Any:
        """Ask the store, which may have failed over a moment ago."""
        with connect(self.strikes.url, timeout=2, name="staged") as client:
            for _ in range(50):
                try:
                    with answers(client):
                        return what(client)
                except StoreUnavailable:
                    time.sleep(0.2)
        raise RuntimeError("the store does not come back")


def run(setup: Setup, count: int, seed: int, say: Callable[[str], object]) -> Result:
    """All failovers of one set-up."""
    result = Result(setup.name)
    folder = Path(tempfile.mkdtemp(prefix="failovers-"))
    with ExitStack() as ending:
        stage = Stage(setup, folder, Random(seed), ending)
        result.violations += stage.wait_until_held()
        for number in range(count):
            kind = stage.strikes.kinds[number % len(stage.strikes.kinds)]
            began = CLOCK.elapsed()
            time.sleep(stage.random.uniform(0, 2))
            told = [*stage.fail_over(kind), *judge(stage.ledgers())]
            result.failovers += 1
            result.violations += [f"failover {number + 1} ({kind}): {what}" for what in told]
            took = f"{began:.1f} to {CLOCK.elapsed():.1f}"
            say(f"{setup.name}: {number + 1} of {count}, {kind}, {took} {told or ''}\n")
        # What is remembered is written again for two TTLs; then it is done.
        time.sleep(6)
        conclude(stage, result)
    if result.violations:
        say(f"The diaries are in {folder}.\n")
    else:
        shutil.rmtree(folder)
    return result


def judge(ledgers: dict[str, Ledger]) -> list[str]:
    """Violations of the whole run until now: of these one is too many, however often it is told."""
    told = []
    for name, ledger in ledgers.items():
        told += [f"{name}: {first} and {second} were both valid" for first, second in ledger.overlaps()]
        told += [f"{name}: {second} was valid after {first}" for first, second in ledger.disorders()]
        if len(set(ledger.grants)) != len(ledger.grants):
            told.append(f"{name}: a token was given twice")
    return told


def conclude(stage: Stage, result: Result) -> None:
    """Compare the logs with what they had confirmed."""
    for exchange in EXCHANGES:
        ledger, log = stage.ledgers()[exchange.name], stage.log_of(exchange)
        found = fate(ledger.events, log)
        result.fates.append(found)
        result.gaps += ledger.gaps()
        result.leases += len(set(ledger.grants))
        if found.silent:
            result.violations.append(f"{exchange.name}: {found.silent} confirmed events are gone without a word")
        if repeated(log):
            result.violations.append(f"{exchange.name}: {repeated(log)} events stand there twice")


def table(results: Sequence[Result]) -> str:
    """The figures, a line a set-up."""
    head = f"{'set-up':34}{'failovers':>10}{'leases':>8}{'violations':>12}{'events':>8}{'again':>7}{'told lost':>11}"
    lines = [head + f"{'silent':>8}{'nobody valid: median, most':>28}"]
    for result in results:
        sums = [sum(getattr(each, name) for each in result.fates) for name in Fate.__slots__]
        gaps = f"{statistics.median(result.gaps):.1f} s, {max(result.gaps):.1f} s" if result.gaps else "never"
        figures = f"{result.failovers:>10}{result.leases:>8}{len(result.violations):>12}{sums[0]:>8}{sums[1]:>7}"
        lines.append(f"{result.name:34}{figures}{sums[2]:>11}{sums[3]:>8}{gaps:>28}")
    return "\n".join(lines)


def say(text: str) -> None:
    """On stdout, at once."""
    sys.stdout.write(text)
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.failover.staged", description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="failovers of all set-ups together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--setup", choices=[setup.name for setup in SETUPS], help="only this one")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    setups = [setup for setup in SETUPS if given.setup in (None, setup.name)]
    results = []
    for setup in setups:
        results.append(run(setup, given.count // len(setups), given.seed, say))
        say(table(results) + "\n")
    violations = [f"{result.name}: {what}" for result in results for what in result.violations]
    say(("\n".join(violations) or "Every guarantee held.") + "\n")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
