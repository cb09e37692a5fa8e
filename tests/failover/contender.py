"""One of several processes that want one exchange while the store fails over: it holds, works, loses, claims again.

Configured by the environment as any ingest process. Arguments: id and name of the exchange, and the file to write to, a
JSON array a line: `["grant", token]`, `["span", token, from, to]` (valid all that time, elapsed seconds),
`["event", event id, stream id]` (confirmed by the log) and `["lost", why]`. Ends when its stdin does.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

from perseus.clock import SystemClock
from perseus.errors import LeasePending, LeaseRefused, PerseusError
from perseus.network.exchange import Exchange
from perseus.network.identity import Identity
from perseus.network.instance import Instance
from perseus.network.joining import join
from perseus.network.log.activity import ActivityLog, Written
from perseus.network.states import State
from perseus.settings import Settings
from perseus.store import connect

PACE, STEP, AGAIN, LONGEST_SPAN = 0.004, 0.15, 0.3, 0.5
ROUND = (State.STARTING, State.WARMING, State.ACTIVE, State.STOPPING, State.STOPPED, State.IDLE)
CLOCK = SystemClock()


class Diary:
    """What happened, at once on disk: the process may be killed."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", buffering=1)
        self._lock = threading.Lock()

    def note(self, *what: object) -> None:
        with self._lock:
            self._file.write(json.dumps(what) + "\n")


def sample(instance: Instance, diary: Diary, ended: threading.Event) -> None:
    """Ask all the time. A span begins behind the first yes and ends before the last: it is never told too long."""
    began = last = None
    while not ended.wait(PACE):
        before = CLOCK.elapsed()
        if instance.valid():
            began, last = began or CLOCK.elapsed(), before
            if last - began > LONGEST_SPAN:
                diary.note("span", instance.token, began, last)
                began = last
        elif began is not None:
            diary.note("span", instance.token, began, last)
            began = None
    if began is not None:
        diary.note("span", instance.token, began, last)


def work(instance: Instance, diary: Diary) -> None:
    """Go round all states, each an event, until the lease is lost."""
    for to_state in itertools.cycle(ROUND):
        instance.wait_valid()
        instance.transition(to_state, "work")
        time.sleep(STEP)


def hold(exchange: Exchange, settings: Settings, diary: Diary, number: int) -> None:
    """One lease from claim to loss. What is wrong with it ends it, and is noted."""
    assert settings.redis_url is not None
    clients = partial(connect, settings.redis_url.get_secret_value(), timeout=settings.store_timeout_seconds)
    with join(exchange, settings, lambda name: clients(name=name), Identity(f"host-{number}", None, None, None)) as own:
        diary.note("grant", own.token)
        ended = threading.Event()
        sampler = threading.Thread(target=sample, args=(own, diary, ended), daemon=True)
        sampler.start()
        try:
            work(own, diary)
        finally:
            ended.set()
            sampler.join()


def listen(diary: Diary) -> None:
    """Note each event that a log confirms."""
    write = ActivityLog.write

    def noting(log: ActivityLog, *args: Any, **options: Any) -> Written:
        written = write(log, *args, **options)
        diary.note("event", written.event_id, written.stream_id)
        return written

    ActivityLog.write = noting  # type: ignore[method-assign]


def end_with_stdin() -> None:
    """Outlive nobody who started this."""
    sys.stdin.read()
    os._exit(0)


def main() -> None:
    exchange = Exchange(int(sys.argv[1]), sys.argv[2], sys.argv[2])
    diary, settings = Diary(Path(sys.argv[3])), Settings.from_environment()
    threading.Thread(target=end_with_stdin, daemon=True).start()
    listen(diary)
    while True:
        try:
            hold(exchange, settings, diary, os.getpid())
        except (LeasePending, LeaseRefused):
            pass
        except PerseusError as error:
            with contextlib.suppress(ValueError):
                diary.note("lost", str(error))
        time.sleep(AGAIN)


if __name__ == "__main__":
    main()
