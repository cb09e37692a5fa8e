"""What becomes of deliveries, handed on to the observing hooks of the plugins in the dispatcher."""

from __future__ import annotations

from perseus.notify.delivery import BreakerState, Delivery
from perseus.pluginhost.calling.observing import Observing
from perseus.pluginhost.context import Context
from perseus.pluginhost.plugins import Plugins

FINISHED = "perseus_delivery_finished"
DEAD = "perseus_delivery_dead"
BREAKER = "perseus_breaker_changed"


class DeliveryObserver:
    """Tells plugins of deliveries, each on a thread of its own; nobody who calls this waits.

    At the end it shuts down every plugin of the dispatcher that has `perseus_shutdown`.
    """

    def __init__(self, plugins: Plugins, context: Context) -> None:
        self._observing = Observing(plugins, context, (FINISHED, DEAD, BREAKER))

    def finished(self, delivery: Delivery) -> None:
        """An attempt ended, whatever its outcome; it is recorded."""
        self._observing.tell(FINISHED, delivery=delivery)

    def dead(self, delivery: Delivery) -> None:
        """A message was given up and lies among the dead letters."""
        self._observing.tell(DEAD, delivery=delivery)

    def breaker_changed(self, destination: str, state: BreakerState, reason: str) -> None:
        """A destination has stopped being sent to, is tried, or is sent to again."""
        self._observing.tell(BREAKER, destination=destination, state=state, reason=reason)

    def close(self, timeout: float) -> None:
        """Let the plugins finish and shut them down; what is not done after `timeout` seconds is left behind."""
        self._observing.close(timeout)
