"""A dispatcher's hand that answers orders, for tests of pages that place them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from perseus import keys
from perseus.notify import orders
from perseus.notify.orders import Answer, Order
from perseus.store import Client

Reply = Callable[[Order], Answer]


@dataclass
class Hand:
    """Takes orders as they come. `taken`: those that it answered, oldest first."""

    client: Client
    taken: list[Order] = field(default_factory=list)
    _stopped: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def at(self, key: str, answer_key: Callable[[str], str], reply: Reply) -> Iterator[None]:
        """Answer the orders of this list for as long as the block lasts."""
        thread = threading.Thread(target=self._work, args=(key, answer_key, reply), daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            thread.join(5)
            self._stopped.clear()

    def _work(self, key: str, answer_key: Callable[[str], str], reply: Reply) -> None:
        while not self._stopped.is_set():
            order = orders.take(self.client, key)
            if order is None:
                self._stopped.wait(0.01)
            else:
                self.taken.append(order)
                orders.reply(self.client, answer_key(order.id), reply(order))

    @contextmanager
    def of_kind(self, kind: str, reply: Reply) -> Iterator[None]:
        """Answer what is asked of a kind."""
        with self.at(keys.kind_orders(kind), lambda order: keys.kind_answer(kind, order), reply):
            yield

    @contextmanager
    def of_destination(self, name: str, reply: Reply) -> Iterator[None]:
        """Answer what is asked of a destination."""
        with self.at(keys.destination(name, "orders"), lambda order: keys.destination_answer(name, order), reply):
            yield


def fine(_: Order) -> Answer:
    """Nothing is wrong."""
    return Answer(True, "nothing is wrong")


def wrong(**problems: str) -> Reply:
    """These fields are wrong."""
    return lambda _: Answer(False, "look at the fields", {"problems": problems})
