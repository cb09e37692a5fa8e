"""Limits of services that never name them: kept to by when requests can have arrived."""

from __future__ import annotations

from perseus.notify.notifier import Limit
from perseus.notify.outcomes import Wait
from perseus.notify.outgoing.limiter import Limiter
from perseus.store import Client
from tests.conftest import ManualClock
from tests.notify.rig import COINBASE, Rig


def test_a_request_counts_from_when_its_call_ended(client: Client, clock: ManualClock) -> None:
    """The first of a process makes a connection, and may arrive much later than it was begun."""
    rig = Rig(client, clock, limits=(Limit(2, 10.0),))
    rig.sender.answers = [lambda: clock.advance(3), lambda: clock.advance(0)]
    for state in ("starting", "warming", "active"):
        rig.write(COINBASE, state)
    began = rig.clock.wall
    rig.step()
    assert len(rig.sender.sent) == 2
    rig.clock.wall = began + 10_500
    rig.step()
    assert len(rig.sender.sent) == 2
    rig.clock.wall = began + 13_100
    rig.step()
    assert len(rig.sender.sent) == 3


def test_what_arrived_never_counts_from_before_it_was_sent() -> None:
    limiter = Limiter((Limit(1, 1.0),))
    limiter.arrived(5)
    assert limiter.recent == []
    limiter.sent(1_000)
    limiter.arrived(900)
    assert limiter.recent == [1_000]
    limiter.arrived(1_400)
    assert limiter.recent == [1_400]


def test_what_our_own_limit_held_back_counts_as_no_request(client: Client, clock: ManualClock) -> None:
    rig = Rig(client, clock, limits=(Limit(5, 10.0),))
    rig.sender.answers = [Wait(2, "the limit is used up")]
    rig.write(COINBASE, "active")
    rig.step()
    assert rig.lane.outlet.limiter.recent == []
    rig.wait(3)
    assert len(rig.lane.outlet.limiter.recent) == len(rig.sender.sent) == 1
