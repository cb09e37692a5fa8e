"""Processes that a killed `perseus up` left behind: the next one ends them.

Known by run.json, and by a badge in their environment: an `up` killed while it started them wrote none of them down.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from perseus.local import pids, runfile
from perseus.local.homelock import HomeInUse
from perseus.local.pids import ProcessMark
from perseus.local.runfile import Run

CHILD_SECONDS = 5.0
STORE_SECONDS = 5.0
# Without the prefix PERSEUS_: it is no setting. PERSEUS_HOME would not do, people set it for processes of their own.
BADGE = "STARTED_BY_PERSEUS_UP"
WORN = re.compile(rb"(?:\A|\0)" + BADGE.encode("ascii") + rb"=(\d+):(\d+):([^\0]*)")


def badge(home: Path, up: ProcessMark) -> dict[str, str]:
    """What the processes that `up` starts in this home carry in their environment."""
    return {BADGE: f"{up.pid}:{up.started}:{home}"}


def end(home: Path) -> int:
    """End what killed runs in this home left, the store last; returns how many there were.

    For the holder of the home's lock. Raises HomeInUse when an `up` lives here all the same: its lock was removed.
    """
    run = Run.read(home)
    worn = dict(_badged(home))
    _refuse_living(home, run, set(worn.values()))
    stores = {run.store_process} if run is not None and run.store_process is not None else set()
    listed = set(run.children.values()) if run is not None else set()
    children = [mark for mark in (listed | worn.keys()) - stores if mark.lives()]
    left = [mark for mark in stores if mark.lives()]
    pids.end(children, CHILD_SECONDS)
    pids.end(left, STORE_SECONDS)
    runfile.remove(home)
    return len(children) + len(left)


def _refuse_living(home: Path, run: Run | None, wearing: set[ProcessMark]) -> None:
    listed = {run.up: run.web} if run is not None else {}
    for up in [*listed, *wearing]:
        if up.pid != os.getpid() and up.lives():
            raise HomeInUse(home, str(up.pid), listed.get(up))


def _badged(home: Path) -> Iterator[tuple[ProcessMark, ProcessMark]]:
    """Each process of our user that an `up` of this home started, with that `up`. Source: /proc/PID/environ."""
    for folder in Path("/proc").glob("[0-9]*"):
        found = WORN.search(_environ(folder))
        if found is not None and os.fsdecode(found[3]) == str(home) and folder.name != str(os.getpid()):
            mark = ProcessMark.of(int(folder.name))
            if mark is not None:
                yield mark, ProcessMark(int(found[1]), int(found[2]))


def _environ(folder: Path) -> bytes:
    """Nothing for a process of somebody else, or one that has ended meanwhile."""
    try:
        return (folder / "environ").read_bytes() if folder.stat().st_uid == os.getuid() else b""
    except OSError:
        return b""
