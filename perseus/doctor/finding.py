"""What an examination found: findings with a stable name each, what is not there, and what could not be asked."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self

from perseus.clock import iso, parse_iso
from perseus.doctor.catalogue import CATALOGUE
from perseus.doctor.entry import BY_HAND, Entry
from perseus.store import rediscli

REDIS_CLI = f"{rediscli.PROGRAM} "
#: Stands in a command for the address of its server.
PLACE = "HOST:PORT"
#: A command with the path of a file.
SQLITE = "sqlite3 "
CHMOD = "chmod "
COPY, PUT = "scp ", "install "
#: Addresses in what a server says: an IPv6 address, host:port, or an IPv4 address alone.
ADDRESS = re.compile(
    r"\[[0-9a-f:.]+(%\w+)?\](:\d+)?|(?<![\w:])([0-9a-f]{0,4}:){2,8}[0-9a-f.]*(%\w+)?|"
    r"[\w.-]*\w:\d{2,5}\b|\b\d{1,3}(\.\d{1,3}){3}\b",
    re.IGNORECASE,
)
#: A command of Redis in what the catalogue says of looking by hand.
LOOKS = re.compile(r"`redis-cli ([A-Z][^`]*)`")
#: The same of a sentinel, in what was seen: it has the name of the service.
SENTINEL_LOOKS = re.compile(r"^SENTINEL [A-Z]+ [A-Za-z0-9._-]+(?= may not be asked)")
#: What was seen of these is what a driver says, in words of its own: it may name a host in any of them.
QUOTED = frozenset(
    (
        "store-silent",
        "node-silent",
        "database-silent",
        "database-refused",
        "database-schema",
        "sentinels",
        "sentinel-refusal",
    )
)
FOR_ADMINS = "What it says is for admins: it may name addresses."
FINE, BREAKS, UNASKED = 0, 1, 2


class Severity(StrEnum):
    """How much a finding matters.

    It breaks what Perseus promises; it weakens it; it may not be asked here, so nothing is known of it.
    """

    GRAVE = "grave"
    WARNING = "warning"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. `name` is a row of the catalogue; `seen`: in a sentence.

    `commands` mend it where any do; one that begins with `redis-cli` is for each server of `where` (host:port), which
    it reaches with the options `reach`.
    """

    name: str
    severity: Severity
    seen: str
    commands: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    reach: tuple[str, ...] = ()

    @property
    def entry(self) -> Entry:
        """What the catalogue says of it: title, harm, and what mends it in words."""
        return CATALOGUE[self.name]

    @property
    def title(self) -> str:
        """As a sentence without its full stop."""
        told = self.entry.title
        return f"Not known whether {told[:1].lower()}{told[1:]}" if self.severity is Severity.UNKNOWN else told

    @property
    def mend(self) -> str:
        """What to do; for what is not known, how to find out."""
        return f"{self.entry.check} {BY_HAND}" if self.severity is Severity.UNKNOWN else self.entry.mend

    def addressed(self, over_tls: str = rediscli.PROGRAM) -> Iterator[str]:
        """The commands as they can be copied, with the address of each server.

        `over_tls`: what to type for a redis-cli that speaks TLS.
        """
        for command in self.commands:
            if not command.startswith(REDIS_CLI):
                yield command
                continue
            for place in self.where:
                yield self._typed(place, command.removeprefix(REDIS_CLI).replace(PLACE, place), over_tls)

    def looking(self, over_tls: str = rediscli.PROGRAM) -> Iterator[str]:
        """Of what is not known: how an administrator looks at the first of its servers, for our user may not."""
        if self.severity is Severity.UNKNOWN and self.where:
            for command in SENTINEL_LOOKS.findall(self.seen) or LOOKS.findall(self.entry.check):
                yield self._typed(self.where[0], command, over_tls)

    def _typed(self, place: str, command: str, over_tls: str) -> str:
        host, _, port = place.rpartition(":")
        options = (*rediscli.at((host.removeprefix("[").removesuffix("]"), int(port))), *self.reach)
        program = over_tls if rediscli.TLS in self.reach else rediscli.PROGRAM
        return f"{program} {shlex.join(options)} {command}"

    def hidden(self) -> Self:
        """The same without an address of the inside, and without the name of the store's user."""
        seen = FOR_ADMINS if self.name in QUOTED else ADDRESS.sub("(address)", self.seen)
        commands = tuple(
            one for one in self.commands if not one.startswith((f"{REDIS_CLI}ACL ", SQLITE, CHMOD, COPY, PUT))
        )
        return replace(self, seen=seen, commands=commands, where=(), reach=())

    def as_json(self, *, with_places: bool = True, over_tls: str = rediscli.PROGRAM) -> dict[str, Any]:
        """For programs. Without places it names no address of the inside. `over_tls`: as of `addressed`."""
        told = self if with_places else self.hidden()
        return {
            "name": self.name,
            "severity": str(self.severity),
            "title": self.title,
            "seen": told.seen,
            "breaks": self.entry.breaks,
            "mend": self.mend,
            "commands": list(told.addressed(over_tls) if with_places else told.commands),
            "administrator": list(told.looking(over_tls)),
            "where": list(told.where),
        }


@dataclass(frozen=True, slots=True)
class Report:
    """One examination, `at_ms` by the clock of `host`. `fine`: names of what was looked for and not found.

    `unasked`: `store` or `database`, where one did not answer. Findings are sorted, the gravest first.
    """

    at_ms: int
    host: str
    findings: tuple[Finding, ...]
    fine: tuple[str, ...] = ()
    unasked: tuple[str, ...] = ()

    def of(self, severity: Severity) -> tuple[Finding, ...]:
        """Those that matter as much."""
        return tuple(one for one in self.findings if one.severity is severity)

    @property
    def exit_code(self) -> int:
        """0: nothing breaks; 1: something does; 2: store or database could not be asked."""
        if self.unasked:
            return UNASKED
        return BREAKS if self.of(Severity.GRAVE) else FINE

    def as_json(self, *, with_places: bool = True, over_tls: str = rediscli.PROGRAM) -> dict[str, Any]:
        """For programs, and for other workers."""
        return {
            "at": iso(self.at_ms),
            "host": self.host if with_places else None,
            "unasked": list(self.unasked),
            "findings": [one.as_json(with_places=with_places, over_tls=over_tls) for one in self.findings],
            "fine": list(self.fine),
        }

    def dumped(self) -> str:
        """As text that `loaded` reads."""
        rows = [[one.name, one.severity, one.seen, one.commands, one.where, one.reach] for one in self.findings]
        told = {"at": iso(self.at_ms), "host": self.host, "findings": rows, "fine": self.fine, "unasked": self.unasked}
        return json.dumps(told)

    @classmethod
    def loaded(cls, text: str | None) -> Self | None:
        """What `dumped` wrote; None for nothing, or what this version cannot read."""
        try:
            told = json.loads(text or "")
            findings = tuple(
                Finding(str(name), Severity(severity), str(seen), *map(_texts, lists))
                for name, severity, seen, *lists in told["findings"]
                if name in CATALOGUE
            )
            fine = tuple(name for name in _texts(told["fine"]) if name in CATALOGUE)
            return cls(parse_iso(told["at"]), str(told["host"]), findings, fine, _texts(told["unasked"]))
        except (ValueError, TypeError, KeyError):
            return None


def merged(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those that say the same of several servers as one, the gravest first, else in the order of the catalogue."""
    found: dict[tuple[object, ...], Finding] = {}
    for one in findings:
        key = one.name, one.severity, one.seen, one.commands, one.reach
        same = found.get(key)
        found[key] = replace(one, where=(*same.where, *one.where)) if same else one
    names, severities = list(CATALOGUE), list(Severity)
    return tuple(sorted(found.values(), key=lambda one: (severities.index(one.severity), names.index(one.name))))


def _texts(listed: Any) -> tuple[str, ...]:
    return tuple(str(one) for one in listed)
