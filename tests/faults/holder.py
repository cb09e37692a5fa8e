"""A holder in a process of its own, configured by the environment like any ingest process.

It claims kraken, goes to active and works: each effect is a line `<elapsed seconds> <fencing token>` in the file
`effects` of its home. Says on stdout how far it is.

With `--stubborn` it never asks whether it may. With `--defiant`, when it has slept, it first beats and logs, then
asks; and nothing but that question ends it.
"""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path

from perseus.clock import SystemClock
from perseus.errors import PerseusError
from perseus.network.exchange import Exchange
from perseus.network.identity import Identity
from perseus.network.instance import Instance
from perseus.network.joining import join
from perseus.network.states import State
from perseus.settings import Settings
from perseus.store import connect

PACE = 0.01
SLEPT = 1.0
ARRIVES_SECONDS = 0.5
STUBBORN = "--stubborn" in sys.argv
DEFIANT = "--defiant" in sys.argv


def say(line: str) -> None:
    """Tell the test."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def work(instance: Instance, effects: Path) -> None:
    """Until asked to stop, or no longer the holder."""
    clock = SystemClock()
    at = clock.elapsed()
    with effects.open("a", buffering=1) as file:
        file.write(f"{at} {instance.token}\n")
        say(f"active {instance.token}")
        while not instance.stop_requested.wait(PACE):
            # Read before the question: an answer that is out of date by the time it is used must show.
            before, at = at, clock.elapsed()
            if DEFIANT and at - before > SLEPT:
                defy(instance)
            if STUBBORN or instance.valid():
                file.write(f"{at} {instance.token}\n")
            else:
                say("halted")
                instance.wait_valid()
                say("resumed")


def defy(instance: Instance) -> None:
    """Beat and log as if nothing had happened, with time enough for both to arrive."""
    instance.report_error("back from a long sleep")
    time.sleep(ARRIVES_SECONDS)
    instance.guard()


def go_on() -> None:
    """What `--defiant` has in place of the end of the process."""


def main() -> int:
    settings = Settings.from_environment()
    assert settings.redis_url is not None
    clients = partial(connect, settings.redis_url.get_secret_value(), timeout=settings.store_timeout_seconds)
    identity = Identity("host-of-the-holder", "ann@example.org", "Ann", "192.0.2.7")
    try:
        options = {"hard_exit": go_on} if DEFIANT else {}
        kraken = Exchange(4, "kraken", "Kraken")
        with join(kraken, settings, lambda name: clients(name=name), identity, **options) as instance:
            instance.set_symbols(12)
            for state in (State.STARTING, State.WARMING, State.ACTIVE):
                instance.transition(state, "test")
            work(instance, settings.home / "effects")
    except PerseusError as error:
        say(f"ended {error}")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
