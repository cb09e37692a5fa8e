"""An exchange as the network knows it: a row of the database reduced to what keys and cards need."""

from __future__ import annotations

import re
from dataclasses import dataclass

from perseus import keys

NAME = re.compile(r"[a-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One exchange. Raises ValueError for a name that is not `[a-z0-9_-]+` or an id below 1.

    The id names the status key, the name names the activity log.
    """

    id: int
    name: str
    display_name: str

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise ValueError(f"exchange name {self.name!r} must match [a-z0-9_-]+")
        if self.id < 1:
            raise ValueError(f"exchange id {self.id} must be 1 or more: 0 was a placeholder in an older system")

    @property
    def written(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """The keys that its holder writes: of its lease and of its log, in a Cluster perhaps on two nodes.

        Each two share a slot, and scripts have both.
        """
        lease = keys.status(self.id), keys.last_record(self.id)
        return lease, (keys.activity(self.name), keys.activity_meta(self.name))
