"""What one destination remembers of one exchange between two messages. Committed together with the cursor."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict


class Seen(BaseModel):
    """An event as it is remembered, so that what time brings (a reminder, calm) can still be routed and told."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    exchange_id: int
    display_name: str
    stream_id: str
    fields: dict[str, str]


class Incident(BaseModel):
    """An outage that was told, from its first message until the exchange is active again.

    Times: Unix milliseconds of the store. `id`: the same for all exchanges of one group. `event`: name of the one that
    began it. `group`: exchanges that were told together, empty for one alone. `ended_ms`: when it was back; from then
    to `active` only its message is kept up to date. `hostname` and `admin`: of the instance that was lost.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    since_ms: int
    event: str
    group: tuple[str, ...] = ()
    ended_ms: int | None = None
    hostname: str = ""
    admin: str = ""
    ref: str | None = None
    title: str = ""
    reminders: int = 0
    next_reminder_ms: int | None = None


class Memory(BaseModel):
    """`state`: the last state that the log told. `flips_ms`: changes between offline and online, oldest first.

    `seq`: number of the last event. `offline_told_ms`: when this destination was last told that it went offline.
    `flip`: the last change between offline and online. `hushed`: why that was not told (a code of
    `perseus.notify.told.why`), kept until it is told after all or the exchange is active again.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    state: str | None = None
    state_ms: int | None = None
    incident: Incident | None = None
    flips_ms: tuple[int, ...] = ()
    is_flapping: bool = False
    seq: int | None = None
    offline_told_ms: int | None = None
    flip: Seen | None = None
    hushed: str | None = None

    @classmethod
    def read(cls, text: str | None) -> Self:
        """Of the text that stands in Redis; an empty memory for none or for what cannot be read."""
        try:
            return cls.model_validate_json(text) if text else cls()
        except ValueError:
            return cls()
