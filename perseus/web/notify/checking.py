"""Has a configuration checked by a dispatcher, the only process that knows the plugin's model."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from perseus import keys
from perseus.errors import PerseusError
from perseus.notify import orders
from perseus.notify.orders import Answer, What
from perseus.web.notify.outbound import Outbound
from perseus.web.people.guard import by

WAIT_SECONDS = 5.0
LOOK_SECONDS = 0.05


class NoAnswer(PerseusError):
    """Raised when no dispatcher said what it makes of a configuration. Nothing was saved."""

    def __init__(self, kind: str) -> None:
        super().__init__(
            f"Nothing was saved: no dispatcher that offers the kind {kind} has answered. "
            "Check that one runs (perseus dispatch), then save again."
        )
        self.kind = kind


def problems(
    tells: Outbound, kind: str, config: Mapping[str, Any], pause: Callable[[float], object] = time.sleep
) -> dict[str, str]:
    """What is wrong, by field; the key '' is for the whole. Secrets travel sealed.

    Raises NoAnswer after five seconds, at once where no dispatcher offers the kind; KeyUnusable, NotSealable.
    """
    if kind not in tells.dispatchers().kinds():
        raise NoAnswer(kind)
    sealed = tells.sealer.seal_secrets(config)
    client = tells.client
    order = orders.place(client, keys.kind_orders(kind), What.CHECK, by(), {"config": sealed})
    give_up = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < give_up:
        answer = orders.answer(client, keys.kind_answer(kind, order))
        if answer is not None:
            return _problems(answer)
        pause(LOOK_SECONDS)
    raise NoAnswer(kind)


def _problems(answer: Answer) -> dict[str, str]:
    found = answer.detail.get("problems") if isinstance(answer.detail, dict) else None
    named = {str(name): str(text) for name, text in found.items()} if isinstance(found, dict) else {}
    return named or ({} if answer.ok else {"": answer.text})
