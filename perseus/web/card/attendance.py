"""What ingest processes add to an exchange: who stands by for it, and what its own is at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from perseus.control import reserves
from perseus.control.hosts import Report
from perseus.network.payload import COMMANDED_BY, InstanceStatus
from perseus.network.states import State
from perseus.web import moments, words

TARGET, PAUSED_AT, PAUSED_BY = "target", "pausedAt", "pausedBy"
#: Fields of a payload that a card says in its own words.
SAID = frozenset((TARGET, PAUSED_AT, PAUSED_BY, COMMANDED_BY))
BEGINNING = (State.IDLE, State.STARTING, State.WARMING)
LIMIT = 200


class Standby(NamedTuple):
    """One process that waits for the exchange. `warm`: None where it does not say; `target`: its name.

    `takes_commands` False: it can be stopped on its host alone.
    """

    host: str
    warm: bool | None
    target: str = ""
    takes_commands: bool = True

    @property
    def said(self) -> str:
        """`ingest-2, warm`."""
        how = "" if self.warm is None else ", warm" if self.warm else ", not warm yet"
        deaf = "" if self.takes_commands else ", takes no commands"
        return f"{words.plain(self.host, words.NAME_LIMIT)}{how}{deaf}"

    @property
    def named(self) -> str:
        """`ingest-2 (ingest-2-4711-0a1b2c3d)`."""
        return f"{words.plain(self.host, words.NAME_LIMIT)} ({words.plain(self.target, LIMIT)})"


class Attendance(NamedTuple):
    """Of one exchange, without times: equal ones give equal cards. `doing`: by instance id, what it is at.

    `taking`: which process waits to take it over, '' for none; `claiming`: one that is about to serve it and has no
    lease yet, `claimer` its target. `idle`: how many processes wait for a start, of whatever exchange.
    """

    standbys: tuple[Standby, ...] = ()
    doing: tuple[tuple[str, str], ...] = ()
    taking: str = ""
    claiming: str = ""
    claimer: str = ""
    idle: int = 0

    @property
    def follow(self) -> str:
        """Who goes on once nobody holds it, as a sentence; '' where nobody stands by."""
        return reserves.follow([one.named for one in self.standbys])

    @property
    def deaf(self) -> str:
        """Which of those take no commands, as a sentence; '' where all do."""
        return reserves.deaf([one.named for one in self.standbys if not one.takes_commands])

    def without(self, target: str) -> Attendance:
        """The same as if that process did not stand by."""
        return self._replace(standbys=tuple(one for one in self.standbys if one.target != target))

    def of_beginning(self, told: InstanceStatus | None) -> str | None:
        """Who is about to take it over, else what an instance is at that is not active yet; None for any other.

        `told`: of the instance that lives.
        """
        if self.taking or (told is None and self.claiming):
            return words.plain(self.taking or self.claiming, LIMIT)
        if told is None or told.connection_state not in BEGINNING:
            return None
        said = dict(self.doing).get(told.instance_id)
        return words.plain(said, LIMIT) if said else None


class Pause(NamedTuple):
    """By whom, and since when in Unix milliseconds; None where that cannot be read."""

    by: str
    since_ms: int | None


NOBODY = Attendance()


def by_exchange(reports: Iterable[Report]) -> Mapping[int, Attendance]:
    """What they come to for each exchange that one of them serves or stands by for."""
    found: dict[int, Attendance] = {}
    for one in reports:
        if one.exchange_id is None:
            continue
        known = found.get(one.exchange_id, NOBODY)
        if one.role == "standby":
            known = known._replace(standbys=(*known.standbys, _standby(one)))
        elif one.role == "waiting":
            taking = f"{one.hostname} is {one.doing or 'waiting to take it over'}"
            known = known._replace(taking=taking, claimer=one.target)
        elif one.role == "serving" and one.instance_id is None:
            known = known._replace(claiming=f"{one.hostname} is {one.doing or 'about to serve it'}", claimer=one.target)
        elif one.role == "serving" and one.instance_id and one.doing:
            known = known._replace(doing=(*known.doing, (one.instance_id, one.doing)))
        found[one.exchange_id] = known
    return found


def _standby(one: Report) -> Standby:
    return Standby(one.hostname, one.warm, one.target, one.takes_commands)


def idle(reports: Iterable[Report]) -> int:
    """How many wait for a start."""
    return sum(one.role == "idle" for one in reports)


def pause(told: InstanceStatus | None) -> Pause | None:
    """Who has paused it; None while it is not."""
    at = told.fields.get(PAUSED_AT) if told else None
    if told is None or not isinstance(at, str) or not at:
        return None
    by = told.fields.get(PAUSED_BY)
    return Pause(words.plain(str(by), words.NAME_LIMIT) if by else "somebody", moments.read(at))


def run_id(told: InstanceStatus) -> str:
    """The name of this run as a page may bear it: whoever wrote the payload may have put anything there."""
    return words.plain(told.instance_id, LIMIT)


def target(told: InstanceStatus | None) -> str | None:
    """The name under which an instance takes commands; None for one that takes none."""
    named = told.fields.get(TARGET) if told else None
    return named if isinstance(named, str) and named else None
