"""Whether replicas have a lease too: what WAIT told of its last write. No condition of the lease, only a warning."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

ASKED_MAX = 5


class Durability(BaseModel):
    """`asked` replicas should have the last write of the lease, `acknowledged` have it; None: nobody knows."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    asked: int = Field(ge=1, le=ASKED_MAX)
    acknowledged: int | None = Field(default=None, ge=0, le=1_000)

    @property
    def is_degraded(self) -> bool:
        """Fewer replicas than asked for have it, as far as is known: a failover now may lose the lease."""
        return self.acknowledged is None or self.acknowledged < self.asked

    def __str__(self) -> str:
        """For people, behind the name of what was written."""
        if self.acknowledged is None:
            return f"the data store does not say whether {_replicas(self.asked)} acknowledged it"
        return f"{self.acknowledged} of {_replicas(self.asked)} acknowledged it"


def _replicas(count: int) -> str:
    return f"{count} replica" if count == 1 else f"{count} replicas"
