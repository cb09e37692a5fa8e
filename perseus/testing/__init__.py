"""For authors of plugins: a pytest plugin, a network that reads like an incident, a service that misbehaves.

Everything is loaded on first use: pytest starts as fast as without Perseus.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perseus.testing.chaos import ChaosDiscord
    from perseus.testing.clock import FakeClock
    from perseus.testing.contract import NotifierContract
    from perseus.testing.network import FakeNetwork
    from perseus.testing.node import FakeNode
    from perseus.testing.samples import drill, event, exchange_status, fuzzed, notification, one_of_each, status
    from perseus.testing.sender import Sender, examined, kind_of
    from perseus.testing.service import FakeService

__all__ = [
    "ChaosDiscord",
    "FakeClock",
    "FakeNetwork",
    "FakeNode",
    "FakeService",
    "NotifierContract",
    "Sender",
    "drill",
    "event",
    "examined",
    "exchange_status",
    "fuzzed",
    "kind_of",
    "notification",
    "one_of_each",
    "status",
]

_HOME = {
    "ChaosDiscord": "chaos",
    "FakeClock": "clock",
    "FakeNetwork": "network",
    "FakeNode": "node",
    "FakeService": "service",
    "NotifierContract": "contract",
    "Sender": "sender",
    "examined": "sender",
    "kind_of": "sender",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'perseus.testing' has no attribute {name!r}")
    found: object = getattr(importlib.import_module(f"perseus.testing.{_HOME.get(name, 'samples')}"), name)
    globals()[name] = found
    return found
