"""One contender of a drill, in a process of its own: waits for the exchange, holds it, and asks its lease all the time.

Configured by the environment as any ingest process is, and by its arguments. On stdout a line of JSON for each thing
that happens to it. It ends when its stdin does, whatever becomes of who started it.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from perseus import logs
from perseus.clock import SystemClock
from perseus.drill import detour, practice
from perseus.drill.runner import ENDING
from perseus.drill.spans import SpanBook
from perseus.errors import LeasePending, LeaseRefused, PerseusError, StoreUnavailable
from perseus.network.exchange import Exchange
from perseus.network.identity import Identity
from perseus.network.instance import Instance
from perseus.network.joining import join
from perseus.network.states import State
from perseus.network.stopflag import StopFlag
from perseus.settings import Settings
from perseus.store import connect

PACE = 0.001
TRY = 0.25
LEAST = 0.01
PR_SET_PDEATHSIG = 1
GOES_ON = "the drill goes on without it"
CLOCK = SystemClock()


def say(what: str, **more: object) -> None:
    """Tell the drill."""
    sys.stdout.write(json.dumps({"at": CLOCK.elapsed(), "what": what, **more}) + "\n")
    sys.stdout.flush()


def sample(instance: Instance, book: SpanBook) -> None:
    """Ask, all the time, as work does before each effect. The clock is read first: no answer looks later than it is."""
    token = int(instance.token)
    while True:
        at = CLOCK.elapsed()
        if instance.valid():
            book.valid(at, token)
        else:
            book.invalid(at, CLOCK.elapsed())
        time.sleep(PACE)


def claim(exchange: Exchange, settings: Settings, mark: str, pause: Callable[[float], object]) -> Instance:
    """Ask until it is granted; `pause(seconds)` between tries. The names of all connections begin with `mark`."""
    assert settings.redis_url is not None
    url, timeout = settings.redis_url.get_secret_value(), settings.store_timeout_seconds
    identity = Identity(socket.gethostname(), settings.admin_email, settings.admin_name)
    while True:
        try:
            return join(
                exchange,
                settings,
                lambda name: connect(url, timeout=timeout, name=f"{mark}{name}"),
                identity,
                pause=pause,
            )
        except LeaseRefused as refused:
            wait, why = refused.holder.seconds_left or TRY, str(refused)
        except LeasePending as pending:
            wait, why = pending.wait_ms / 1000, str(pending)
        except StoreUnavailable as unavailable:
            wait, why = TRY, str(unavailable)
        say("waiting", why=why)
        pause(min(max(wait, LEAST), TRY))


def hold(instance: Instance) -> None:
    """Go to active and stay there until asked to stop, or lost. Raises LeaseLost."""
    instance.wait_valid()
    for state in (State.STARTING, State.WARMING, State.ACTIVE):
        instance.transition(state, "drill")
    say("active")
    while not instance.stop_requested.wait(TRY / 10):
        if not instance.valid():
            say("halted")
            instance.wait_valid()
            say("resumed")


def main() -> int:
    """0 stopped; else the exit code of what ended it."""
    options = _options()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # a stopped process, too, ends with the drill
    ending = StopFlag()  # looked at between two steps: no claim is left half made
    signal.signal(signal.SIGTERM, lambda *_: ending.set())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    settings = Settings.from_environment()
    logs.configure(settings.log_level)
    if options.cable:
        detour.through(options.cable)
    exchange = practice.exchange_of(options.id, options.name)
    book = SpanBook(options.book)
    threading.Thread(target=_end_with_stdin, args=(settings.stop_seconds,), daemon=True).start()
    say("ready")

    def pause(seconds: float) -> None:
        if ending.wait(seconds):
            sys.exit(0)

    try:
        pause(0)
        with claim(exchange, settings, options.mark, pause) as instance:
            signal.signal(signal.SIGTERM, lambda *_: instance.request_stop(GOES_ON))
            if ending.is_set():
                instance.request_stop(GOES_ON)
            watched = CLOCK.elapsed()
            book.invalid(watched, watched)
            threading.Thread(target=sample, args=(instance, book), daemon=True).start()
            say("claimed", instance=instance.instance_id, token=instance.token)
            hold(instance)
    except PerseusError as error:
        say("ended", why=str(error))
        return error.exit_code
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--id", type=int, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--book", type=Path, required=True)
    parser.add_argument("--mark", required=True)
    parser.add_argument("--cable", type=int)
    return parser.parse_args()


def _end_with_stdin(stop_seconds: float) -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 1):
            pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(stop_seconds + 1)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
