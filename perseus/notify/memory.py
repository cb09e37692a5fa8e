"""What one destination remembers of one exchange between two messages. Committed together with the cursor."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict


class Incident(BaseModel):
    """An outage that was told, from its first message to its recovery. Times: Unix milliseconds of the store."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    since_ms: int
    event: str
    ref: str | None = None
    title: str = ""
    reminders: int = 0
    next_reminder_ms: int | None = None
    acknowledged_by: str | None = None


class Memory(BaseModel):
    """`state`: the last state that the log told. `flips_ms`: changes between offline and online, oldest first.

    `told_offline`: whether the destination was last told of an outage that has not ended.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    state: str | None = None
    state_ms: int | None = None
    incident: Incident | None = None
    flips_ms: tuple[int, ...] = ()
    is_flapping: bool = False
    seq: int | None = None
    offline_told_ms: int | None = None

    @classmethod
    def read(cls, text: str | None) -> Self:
        """Of the text that stands in Redis; an empty memory for none or for what cannot be read."""
        try:
            return cls.model_validate_json(text) if text else cls()
        except ValueError:
            return cls()
