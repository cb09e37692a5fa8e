"""Who goes on when an exchange becomes free: the processes that stand by for it, and that in words for people. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from perseus.control.hosts import Report

STANDBY = "standby"


def reserves(reports: Iterable[Report], exchange_id: int | None, but: str = "") -> tuple[Report, ...]:
    """The standbys of that exchange, warm ones first, without the process `but`."""
    found = [one for one in reports if one.role == STANDBY and one.exchange_id == exchange_id and one.target != but]
    return tuple(sorted(found, key=lambda one: (not one.warm, one.hostname, one.pid)))


def taking_over(reports: Iterable[Report], exchange: str, but: str = "") -> Report | None:
    """The process that was told to take that exchange over and waits for its lease, other than the process `but`."""
    found = (one for one in reports if one.takes_over_for and one.exchange_name == exchange and one.target != but)
    return next(found, None)


def named(report: Report) -> str:
    """Host and name of a process, `ingest-2 (ingest-2-4711-0a1b2c3d)`."""
    return f"{report.hostname} ({report.target})"


def deaf(names: Sequence[str]) -> str:
    """That standbys of these names take no commands, as a sentence; '' where there is none."""
    if len(names) < 2:
        return "".join(f"{name} takes no commands: stop it on its host." for name in names)
    return f"{', '.join(names[:-1])} and {names[-1]} take no commands: stop them on their hosts."


def follow(names: Sequence[str]) -> str:
    """What standbys of these names will do, as a sentence; '' where there is none."""
    if len(names) < 2:
        return "".join(f"{name} stands by for it, and takes over as soon as nobody holds it." for name in names)
    listed = f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{listed} stand by for it, and one of them takes over as soon as nobody holds it."
