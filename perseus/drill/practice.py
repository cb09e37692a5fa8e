"""The exchange that a drill practises on: no row of a database can have its name or its id, so no key is shared."""

from __future__ import annotations

from dataclasses import dataclass

from perseus.network.exchange import NAME, Exchange

#: No row of a database can have it: PostgreSQL's integers end one below.
PRACTICE_ID = 2**31
#: No name of an exchange has a colon, so what expires with this prefix is never inherited by one.
PREFIX = "drill:"
PRACTICE = "practice"


@dataclass(frozen=True, slots=True)
class Practice(Exchange):
    """`name` is PREFIX and a name. Raises ValueError for any other."""

    def __post_init__(self) -> None:
        if not self.name.startswith(PREFIX) or not NAME.fullmatch(self.name.removeprefix(PREFIX)):
            raise ValueError(f"practice name {self.name!r} must match {PREFIX}[a-z0-9_-]+")


def practice(name: str = PRACTICE) -> Practice:
    """The practice exchange of this name. All have one lease, so that one drill takes place at a time."""
    full = PREFIX + name
    return Practice(PRACTICE_ID, full, full)


def exchange_of(id_: int, name: str) -> Exchange:
    """The one with this id and full name. Raises ValueError where they do not fit."""
    return Practice(id_, name, name) if id_ == PRACTICE_ID else Exchange(id_, name, name)
