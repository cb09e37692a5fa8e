"""What a lane finds around it, asked for at each step: all of it may change between two."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from perseus.network.exchange import Exchange
from perseus.notify.configuration import ConfigurationSource
from perseus.notify.delivery import BreakerState, Delivery
from perseus.notify.lanes.breaker import Chance
from perseus.notify.outlook import Outlook
from perseus.notify.planning.planner import plan
from perseus.notify.planning.steps import Rest, Situation, Step
from perseus.notify.system import SystemLog
from perseus.store import Client


class DeliveryObserver(Protocol):
    """Hears of what was recorded. Called from lanes; must neither block nor raise."""

    def finished(self, delivery: Delivery) -> None:
        """An attempt has ended."""

    def dead(self, delivery: Delivery) -> None:
        """A message was given up."""

    def breaker_changed(self, destination: str, state: BreakerState, reason: str) -> None:
        """A destination is no longer sent to, or is again."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`exchanges()`: those of the database. `outlook()`: the newest look at all logs. `now_ms()`: the store's time."""

    client: Client
    configuration: ConfigurationSource
    exchanges: Callable[[], Sequence[Exchange]]
    outlook: Callable[[], Outlook]
    now_ms: Callable[[], int]
    observer: DeliveryObserver
    system: SystemLog
    chance: Chance = random.uniform
    plan: Callable[[Situation], Step | Rest] = plan
