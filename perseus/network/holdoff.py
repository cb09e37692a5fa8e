"""Why an instance that holds its lease does not start yet, as its payload says it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from perseus.clock import parse_iso


def _iso(value: Any) -> Any:
    if isinstance(value, str):
        parse_iso(value)
    return value


Iso = Annotated[str, BeforeValidator(_iso)]


class HoldOff(BaseModel):
    """`until`: ISO 8601 UTC by the store's clock. `reason`: as a clause. Source: `perseus.network.leasing.lease`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    until: Iso
    reason: str = Field(max_length=200)
