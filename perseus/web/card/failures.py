"""Ends that were no stop in order: an instance says so in how its reason begins (`perseus.network.instance`)."""

from __future__ import annotations

from typing import NamedTuple

OPENINGS = {"failed:": "Failed", "start failed:": "Start failed"}


class Failure(NamedTuple):
    """`what` failed in words, and `why`, which may be empty."""

    what: str
    why: str


def failure(reason: str | None) -> Failure | None:
    """The failure that a reason tells of; None for any other reason."""
    for opening, what in OPENINGS.items():
        if reason and reason.startswith(opening):
            return Failure(what, reason.removeprefix(opening).strip())
    return None
