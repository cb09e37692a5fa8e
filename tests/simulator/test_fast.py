"""A clock that is faster than real time: who behaves at the pace of real time breaks no rule."""

from __future__ import annotations

from itertools import pairwise

import pytest

from perseus.exchanges.wire.transport import Ping
from tests.simulator.conftest import Bench, end_of, frames


def fast(speed: float) -> Bench:
    bench = Bench()
    bench.world.clock.run_at(speed)
    return bench


def pings(bench: Bench, path: str, seconds: float) -> list[float]:
    """When they came, of seconds; each is answered 1.9 s later."""
    session = bench.open(path)
    found: list[float] = []
    waiting: list[tuple[float, bytes]] = []
    for step in range(round(seconds * 100)):
        bench.wait(0.01)
        for frame in frames(session):
            if isinstance(frame, Ping):
                found.append(step / 100)
                waiting.append((step / 100 + 1.9, frame.payload))
        while waiting and waiting[0][0] <= step / 100:
            session.heard_pong(waiting.pop(0)[1])
    assert not session.is_over
    return found


@pytest.mark.parametrize("speed", [40, 64, 200, 1000])
def test_pings_come_each_half_second_at_most_and_their_pongs_have_two(speed: float) -> None:
    bench = fast(speed)
    found = pings(bench, "/ws", 12)
    assert [round(b - a, 1) for a, b in pairwise(found)] == [0.5] * (len(found) - 1)
    assert len(found) >= 22
    assert bench.world.broken() == {}


def test_at_a_slower_clock_they_come_at_its_time() -> None:
    found = pings(fast(10), "/ws", 9)
    assert [round(b - a) for a, b in pairwise(found)] == [2] * 3


def test_who_answers_no_ping_is_still_cut_off() -> None:
    bench = fast(200)
    session = bench.open("/ws")
    bench.wait(2.4)
    assert end_of(session) is None
    bench.wait(0.2)
    assert end_of(session)
    assert bench.world.broken() == {"binance pong_missing": 1}


def test_a_connection_lives_a_day_of_real_time() -> None:
    bench = fast(200)
    bench.exchange().rules.ping_ms = 0
    bench.exchange().rules.life_ms = 600_000
    session = bench.open("/ws")
    bench.wait(599)
    assert end_of(session) is None
    bench.wait(2)
    assert end_of(session)


def test_a_first_subscription_has_five_seconds_of_real_time() -> None:
    bench = fast(200)
    late, session = bench.open("/", "coinbase"), bench.open("/", "coinbase")
    bench.wait(4.9)
    assert end_of(session) is None
    bench.say(session, {"type": "subscribe", "channel": "heartbeats"})
    bench.wait(0.2)
    assert end_of(late)
    assert end_of(session) is None
    assert bench.world.broken() == {"coinbase subscribe_late": 1}
