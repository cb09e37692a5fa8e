"""Which instances seem stuck, read once: by the logs of those alone that could be."""

from __future__ import annotations

import pytest

from perseus.clock import SystemClock
from perseus.network.log.stuck import StuckReader
from perseus.network.log.usual import Usual
from perseus.store import Client, connect
from tests.network.stucklog import MINUTE, now, six_runs, warming
from tests.web.views import BINANCE, COINBASE, KRAKEN, live, view


def test_one_is_named_that_is_in_its_state_for_longer_than_its_own_log_calls_usual(client: Client) -> None:
    now_ms = now(client)
    for exchange in (COINBASE, BINANCE):
        six_runs(client, exchange, now_ms)
    reader = StuckReader(client, SystemClock())
    seen = [
        warming(COINBASE, now_ms, 4 * MINUTE + 1),
        warming(BINANCE, now_ms, 4 * MINUTE),
        warming(KRAKEN, now_ms, 9**9),
    ]
    usual = Usual(6, 2 * MINUTE, 2 * MINUTE, 4 * MINUTE)
    for _ in range(2):
        assert reader.of(view(seen, now=now_ms)) == {COINBASE: usual}, "KRAKEN has no log, so nothing is usual there"


def test_no_log_is_read_that_could_call_nothing_stuck(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    now_ms = now(client)
    reader = StuckReader(client, SystemClock())
    asked: list[object] = []
    monkeypatch.setattr(reader._chronicle, "_follow", lambda some: asked.extend(some) or [])
    reader.of(view([live(COINBASE), warming(BINANCE, now_ms, 30_000), warming(KRAKEN, now_ms, 30_001)], now=now_ms))
    assert asked == [KRAKEN]


def test_of_a_store_that_falls_silent_meanwhile_nothing_is_said() -> None:
    with connect("redis://127.0.0.1:1/0", timeout=0.2, name="test") as client:
        assert StuckReader(client, SystemClock()).of(view([warming(COINBASE, 10**12, 10**9)], now=10**12)) == {}
