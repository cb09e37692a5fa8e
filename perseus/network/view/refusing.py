"""A server of the store that refuses writes, and what that costs."""

from __future__ import annotations

from dataclasses import dataclass

from perseus.store import refusal

#: Exchanges that a sentence lists.
NAMED = 6


@dataclass(frozen=True, slots=True)
class Refusing:
    """A server of the store that refuses writes, and the names of exchanges whose leases and whose logs it has.

    `where` is an address; `code` a key of `perseus.store.refusal.EXPLAINED`; `is_all`: no exchange is without it.
    `slot`: of a Cluster, where that one alone is refused. `lacks`: rights that are missing, as ACL SETUSER has them.
    """

    where: str
    code: str
    leases: tuple[str, ...] = ()
    logs: tuple[str, ...] = ()
    is_all: bool = True
    slot: int | None = None
    lacks: tuple[str, ...] = ()

    @property
    def why(self) -> str:
        """The code with what it means, for people; no address is in it."""
        return f"{self.code}: {refusal.why(self.code, self.slot)}"

    @property
    def cost(self) -> str:
        """What cannot be done, as a clause for people, in which no address is."""
        if self.lacks:
            return f"what needs {_any_of(self.lacks)} fails, and nothing that needs it can start"
        if self.is_all:
            return "no lease can be claimed or renewed and no event recorded"
        lost = [f"no lease of {_any_of(self.leases)} can be claimed or renewed"] if self.leases else []
        if self.logs:
            who = "it" if len(self.logs) == 1 else "they"
            lost.append(f"no event of {_any_of(self.logs)} can be recorded, nor can {who} start")
        return ", and ".join(lost) or "no exchange is kept there"


def _any_of(names: tuple[str, ...]) -> str:
    if len(names) > NAMED:
        names = (*names[:NAMED], f"{len(names) - NAMED} more")
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))
