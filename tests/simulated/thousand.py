"""`make scenarios`: trials drawn by seeds on all cores. `python -m tests.simulated.thousand 17` runs that of seed 17.

Each failure leaves its scenario as a file, which `perseus simulate --scenario` plays as well. The same seed is the same
trial each time; names are hashed by a seed of their own, so that what iterates over a set does so in the same order.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from time import monotonic

import msgspec

from perseus.clock import iso
from perseus.simulator.scenario import Scenario
from tests.simulated.trial import Trial

COUNT = 1_000
FOLDER = Path("build/scenarios")
SHOWN = 5
AGAIN = "PYTHONHASHSEED=0 python -m tests.simulated.thousand {seed}"


def tried(seed: int) -> tuple[int, list[str]]:
    """The seed, and what is wrong after its trial."""
    try:
        return seed, Trial.drawn(seed).run()
    except Exception as error:  # noqa: BLE001  # whatever ends a trial is a finding of that seed
        return seed, [f"ended by {''.join(traceback.format_exception(error)[-3:])}"]


def failed(seed: int, wrong: list[str]) -> str:
    """What a person needs to see it again; writes the scenario's file."""
    trial = Trial.drawn(seed)
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = FOLDER / f"{seed}.json"
    file.write_bytes(as_file(trial.scenario))
    more = [f"    and {len(wrong) - SHOWN} more"] if len(wrong) > SHOWN else []
    own = [f"    beside it: {one.name} at {one.at:.0f} s for {one.seconds:g} s" for one in trial.troubles]
    lines = [f"seed {seed}, {trial.exchange}: {file}, again by: {AGAIN.format(seed=seed)}", *own]
    return "\n".join(lines + [f"    {line}" for line in wrong[:SHOWN]] + more)


def as_file(scenario: Scenario) -> bytes:
    """As `perseus.simulator.scenario.read` reads it."""
    assert scenario.start_ms is not None
    faults = [{name: value for name, value in fault.as_json().items() if name != "done"} for fault in scenario.faults]
    told = {
        "seed": scenario.seed,
        "start": iso(scenario.start_ms),
        "symbols": scenario.symbols,
        "sequence_scope": scenario.sequence_scope,
        "faults": [{name: value for name, value in fault.items() if value is not None} for fault in faults],
    }
    return msgspec.json.format(msgspec.json.encode(told))


def main(seeds: list[int]) -> int:
    """Try them all; how many failed, 1 at most."""
    began, bad = monotonic(), 0
    with ProcessPoolExecutor(os.cpu_count(), initializer=logging.disable) as pool:
        for done, (seed, wrong) in enumerate(pool.map(tried, seeds), 1):
            if wrong:
                bad += 1
                print(failed(seed, wrong), flush=True)
            if done % 100 == 0:
                print(f"{done} of {len(seeds)} after {monotonic() - began:.0f} s, {bad} failed", flush=True)
    print(f"{len(seeds)} scenarios in {monotonic() - began:.0f} s: {bad} failed.")
    return min(bad, 1)


def _named(words: list[str]) -> list[int]:
    """Seeds of the command line: `17`, or `0-999`; without any the first thousand."""
    seeds: list[int] = []
    for word in words:
        first, _, last = word.partition("-")
        seeds += range(int(first), int(last or first) + 1)
    return seeds or list(range(COUNT))


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":
        again = [sys.executable, "-m", "tests.simulated.thousand", *sys.argv[1:]]
        os.execve(sys.executable, again, {**os.environ, "PYTHONHASHSEED": "0"})
    sys.exit(main(_named(sys.argv[1:])))
