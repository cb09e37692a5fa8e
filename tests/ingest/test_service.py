"""What a process says it is at while it begins."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from perseus.ingest.service import Order, Service
from perseus.network.states import State

WHY = "nothing may be sent to the exchange for 38 s: the data store was emptied"


@pytest.mark.parametrize(
    ("is_valid", "said"), [(True, "making its feed ready"), (False, "waiting until its lease counts")]
)
def test_a_lease_that_counts_is_not_waited_for(is_valid: bool, said: str) -> None:
    service = Service(Order("binance", lambda: None), 10)  # type: ignore[arg-type,return-value]
    instance: Any = SimpleNamespace(state=State.IDLE, valid=lambda: is_valid)
    service.instance = instance
    assert service.step == said


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (State.STARTING, f"connecting to the exchange: {WHY}"),
        (State.WARMING, f"warming: {WHY}"),
        (State.ACTIVE, "active"),
    ],
)
def test_while_it_begins_it_says_what_it_waits_for(state: State, said: str) -> None:
    service = Service(Order("binance", lambda: None), 10)  # type: ignore[arg-type,return-value]
    instance: Any = SimpleNamespace(state=state)
    feed: Any = SimpleNamespace(held_up=WHY)
    service.instance, service.feed = instance, lambda: feed
    assert service.step == said
    feed.held_up = ""
    assert service.step == said.removesuffix(f": {WHY}")
    service.feed = lambda: None
    assert service.step == said.removesuffix(f": {WHY}")
