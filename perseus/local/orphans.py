"""Processes that a killed `perseus up` left behind: the next one ends them, by pid and start time."""

from __future__ import annotations

from pathlib import Path

from perseus.local import pids, runfile
from perseus.local.runfile import Run

CHILD_SECONDS = 5.0
STORE_SECONDS = 5.0


def end(home: Path) -> int:
    """End what the last run in this home left, the store last; returns how many there were.

    Only for the holder of the home's lock: nothing listed here belongs to a living `up` then.
    """
    run = Run.read(home)
    if run is None:
        return 0
    children = [mark for mark in run.children.values() if mark.lives()]
    stores = [run.store_process] if run.store_process is not None and run.store_process.lives() else []
    pids.end(children, CHILD_SECONDS)
    pids.end(stores, STORE_SECONDS)
    runfile.remove(home)
    return len(children) + len(stores)
