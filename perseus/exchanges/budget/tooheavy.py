"""The one request that no waiting helps."""

from __future__ import annotations

from perseus.errors import PerseusError


class TooHeavy(PerseusError):
    """Raised when one request weighs more than all that may be used of a limit: it can never be sent."""

    def __init__(self, weight: int, limit: str, most: int) -> None:
        kind, _, interval_ms = limit.partition(":")
        super().__init__(
            f"A request of weight {weight} can never be sent: at most {most} is used of the limit of {kind} in "
            f"{int(interval_ms) / 1000:g} s. Ask for less at once."
        )
        self.weight = weight
        self.limit = limit
        self.most = most
