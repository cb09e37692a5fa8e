"""A crowd of watchers and one death each."""

from __future__ import annotations

from contextlib import ExitStack

from perseus import keys
from perseus.settings import Settings
from perseus.store import connect
from tests.faults.child import child
from tests.faults.gravedigger import EXCHANGES, ROUNDS, THREADS, exchange

PROCESSES = 4


def test_sixteen_watchers_with_2000_calls_each_write_every_death_exactly_once(
    real_store: str, settings: Settings
) -> None:
    assert (PROCESSES * THREADS, EXCHANGES * ROUNDS) == (16, 2_000)
    with ExitStack() as stack:
        diggers = [stack.enter_context(child("gravedigger", settings, real_store)) for _ in range(PROCESSES)]
        for digger in diggers:
            digger.line("ready")
        for digger in diggers:
            digger.say("go")
        for digger in diggers:
            digger.line("done", 120)
    with connect(real_store, timeout=2, name="test") as client:
        found = [client.xlen(keys.activity(exchange(number).name)) for number in range(EXCHANGES)]
    assert found == [1] * EXCHANGES
