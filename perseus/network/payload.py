"""The payload of `exchange:<id>:status`: what an instance says of itself with every heartbeat."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from perseus.network.holdoff import HoldOff, Iso
from perseus.network.leasing.durability import Durability
from perseus.network.states import State


class InstanceStatus(BaseModel):
    """One JSON object, camelCase in Redis, snake_case here. Times are ISO 8601 UTC by the store's clock.

    None means unknown. `fencing_token` is text because Lua numbers lose digits. `durability`: what replicas
    acknowledged of the write before this one; None while nobody asks. `held_off`: why it does not start yet. `fields`
    is what the feed and plugins add (`perseus_status_fields`). These two are left out of the JSON while they are empty.
    """

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore", allow_inf_nan=False
    )

    fencing_token: str = Field(pattern=r"^[0-9]{1,16}$")
    exchange_id: int
    exchange_name: str
    instance_id: str
    connection_state: State
    hostname: str
    ip_address: str | None = None
    pid: int
    version: str
    admin_email: str | None = None
    admin_display_name: str | None = None
    symbol_count: int = Field(ge=0)
    registered_at: Iso
    connected_at: Iso | None = None
    last_heartbeat: Iso
    last_state_change: Iso
    last_message_at: Iso | None = None
    last_error: str | None = None
    last_error_at: Iso | None = None
    heartbeat_seconds: float = Field(gt=0, le=86_400)
    ttl_seconds: float = Field(gt=0, le=86_400)
    clock_skew_ms: int | None = None
    store_rtt_ms: float | None = None
    durability: Durability | None = None
    held_off: HoldOff | None = None
    fields: dict[str, str | int | float | None] = Field(default_factory=dict)

    def to_json(self) -> str:
        """The text that stands in Redis."""
        empty = {name for name in ("held_off", "fields") if not getattr(self, name)}
        return self.model_dump_json(by_alias=True, exclude=empty)


def parse(text: str) -> InstanceStatus | None:
    """Read a payload; None when it is not one (junk, another schema): the caller shows it as corrupt."""
    try:
        return _validated(text) if len(text) <= KEPT_LENGTH else _validated.__wrapped__(text)
    except ValidationError:
        return None


#: Instances of our own stay below; another writer's payloads of megabytes would be kept by the thousand.
KEPT_LENGTH = 64_000


# The page reads a payload several times before its next heartbeat. Junk raises, and so is never kept. Fewer than there
# are exchanges would be none: they are read in turn.
@lru_cache(maxsize=4096)
def _validated(text: str) -> InstanceStatus:
    return InstanceStatus.model_validate_json(text)


#: The field that says who has commanded this run; it is missing where nobody has.
COMMANDED_BY = "commandedBy"


#: The field that says why it takes in those symbols; a feed that chooses by itself says nothing.
SYMBOLS_FROM = "symbolsFrom"


class SymbolsFrom(StrEnum):
    """The setting of its process, what is watched, or all that is traded there."""

    SETTING = "PERSEUS_SYMBOLS"
    WATCHED = "what is watched"
    ALL = "all that is traded"


#: The field that says what its feed is, and what that ends with where the exchange is a simulated one.
FEED, SIMULATED = "feed", ", simulated, not real"


def is_simulated(status: InstanceStatus) -> bool:
    """Does it take in a simulated exchange, and knows that?"""
    feed = status.fields.get(FEED)
    return isinstance(feed, str) and feed.endswith(SIMULATED)


def commanded_by(status: InstanceStatus) -> str | None:
    """Who has commanded that it serves, for people; None where nobody has: a standby goes on by itself."""
    by = status.fields.get(COMMANDED_BY)
    return by if isinstance(by, str) and by else None


def admin(status: InstanceStatus) -> str | None:
    """Who answers for it, `Ada Byron (ada@example.net)`; None where it does not say."""
    email, name = status.admin_email, status.admin_display_name
    return f"{name} ({email})" if name and email else name or email
