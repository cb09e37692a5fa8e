"""What one check says: a sign of something wrong, that all is in order, or that the question does not arise."""

from __future__ import annotations

import shlex
from typing import Final, Literal, NamedTuple

from perseus.doctor.finding import REDIS_CLI, Severity


class Sign(NamedTuple):
    """One finding without its name. `where`: servers, where they are others than the one that was judged."""

    severity: Severity
    seen: str
    commands: tuple[str, ...] = ()
    where: tuple[str, ...] = ()


#: The question does not arise here, such as one about replicas where there are none.
Absent = Literal["absent"]
ABSENT: Final[Absent] = "absent"

#: None: in order.
Said = Sign | Absent | None


def redis_cli(*words: object) -> str:
    """A command for each server of a finding, its words quoted for a shell."""
    return f"{REDIS_CLI}{shlex.join(str(word) for word in words)}"


def grave(seen: str, *commands: str) -> Sign:
    """It breaks what is promised."""
    return Sign(Severity.GRAVE, seen, commands)


def warning(seen: str, *commands: str) -> Sign:
    """It weakens what is promised."""
    return Sign(Severity.WARNING, seen, commands)


def unknown(what: str, right: str = "") -> Sign:
    """It may not be asked here. `right`: what the user lacks for it, where that is known."""
    return Sign(Severity.UNKNOWN, f"{what} may not be asked{f': the user lacks {right}' if right else ''}.")
