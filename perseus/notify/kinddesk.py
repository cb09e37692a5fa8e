"""Checks configurations before they are saved: only here are the models of plugins known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from perseus import keys
from perseus.errors import PerseusError
from perseus.notify import orders
from perseus.notify.notifier import NotifierKind
from perseus.notify.orders import Answer, Order, What
from perseus.pluginhost.calling.deadline import TookTooLong, call_within
from perseus.pluginhost.calling.scrub import Scrubber
from perseus.pluginhost.configuration import form
from perseus.store import Client

CHECK_SECONDS = 3.0


class Opener(Protocol):
    """The side of `perseus.sealing.Sealer` that is needed."""

    def open_secrets(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """The same configuration with its secrets open. Raises a PerseusError for what cannot be opened."""


class KindDesk:
    """Answers the orders to kinds. `client`: of the store; `scrubber` learns what it sees."""

    def __init__(self, client: Client, opener: Opener, scrubber: Scrubber, now_ms: Any) -> None:
        self._client = client
        self._opener = opener
        self._scrubber = scrubber
        self._now_ms = now_ms

    def serve(self, kinds: Mapping[str, NotifierKind], ordered: Iterable[str]) -> None:
        """Answer everything that these lists of orders hold. Raises StoreUnavailable, StoreRefused."""
        lists = set(ordered)
        for name, kind in kinds.items():
            while keys.kind_orders(name) in lists:
                order = orders.take(self._client, keys.kind_orders(name))
                if order is None:
                    break
                orders.reply(self._client, keys.kind_answer(name, order.id), self._answer(kind, order))

    def _answer(self, kind: NotifierKind, order: Order) -> Answer:
        if order.what != What.CHECK:
            return Answer(False, f"No dispatcher knows the order {order.what!r}.", done_ms=self._now_ms())
        problems = self._problems(kind, order.args.get("config"))
        text = "The configuration can be used." if not problems else "The configuration cannot be used."
        return Answer(not problems, text, {"problems": problems}, self._now_ms())

    def _problems(self, kind: NotifierKind, sealed: object) -> dict[str, str]:
        if not isinstance(sealed, dict):
            return {"": "there is no configuration"}
        try:
            raw = self._opener.open_secrets(sealed)
        except PerseusError as error:
            return {"": str(error)}
        self._scrubber.register(form.revealed(raw, kind.config))
        try:
            _, problems = call_within(CHECK_SECONDS, f"kind:{kind.name}", lambda: form.check(kind.config, raw))
        except TookTooLong as error:
            return {"": f"its own check took longer than {error.seconds:g} s"}
        return {name: self._scrubber.scrub(text) for name, text in problems.items()}
