"""`python -m tests.standby.killed STEP perseus-arguments...`: an ingest process that SIGKILL ends at one step."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from perseus.cli.main import main as perseus
from perseus.control import channel
from perseus.control.command import Kind
from perseus.ingest.commands import handlers
from perseus.ingest.membership import Membership
from perseus.ingest.standby import handover, waiting
from perseus.ingest.work import Work
from perseus.network.leasing.claims import RedisClaims
from perseus.network.leaving import Leaving


def die(*_: object, **__: object) -> None:
    """As from outside: nothing is cleaned up."""
    os.kill(os.getpid(), signal.SIGKILL)


def _before(owner: Any, name: str, is_so: Callable[..., bool] = lambda *_: True) -> Callable[[], None]:
    def arm() -> None:
        real = getattr(owner, name)
        setattr(owner, name, lambda *given, **named: (is_so(*given) and die(), real(*given, **named))[1])

    return arm


def _after(owner: Any, name: str, is_so: Callable[..., bool] = lambda *_: True) -> Callable[[], None]:
    def arm() -> None:
        real = getattr(owner, name)

        def then(*given: Any, **named: Any) -> Any:
            result = real(*given, **named)
            if is_so(*given):
                die()
            return result

        setattr(owner, name, then)

    return arm


def _is_hand_over(_client: object, _key: object, command: Any, *_: object) -> bool:
    return bool(command.kind is Kind.HAND_OVER)


HOLDER = {
    "accepted": _before(handover, "_done"),
    "before it stops": _before(handover.Service, "stop"),
    "before the release": _before(Leaving, "release"),
    "after the release": _after(Leaving, "release"),
    "while its successor is awaited": _before(handover, "has_come"),
}
SUCCESSOR = {
    "accepted": _before(handlers.Handlers, "until_active"),
    "before it asks": _before(channel, "send", _is_hand_over),
    "after it has asked": _after(channel, "send", _is_hand_over),
    "before it revokes": _before(RedisClaims, "revoke"),
    "after it has revoked": _after(RedisClaims, "revoke"),
    "before it claims": _before(Membership, "claim"),
    "after it has claimed": _after(Membership, "claim"),
    "before it warms": _before(Work, "_warm"),
}


def main() -> None:
    """Arm the step, then be `perseus`."""
    side, step = sys.argv[1].split(": ")
    {"holder": HOLDER, "successor": SUCCESSOR}[side][step]()
    assert waiting, "loaded before its parts are replaced"
    sys.argv = ["perseus", *sys.argv[2:]]
    perseus()


if __name__ == "__main__":
    main()
