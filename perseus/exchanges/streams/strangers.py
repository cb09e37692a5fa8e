"""Messages of kinds that nobody here knows: named once an hour, with how many came."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection

from perseus.exchanges.events import Subject, brief
from perseus.exchanges.symbols import named

HOUR = 3600.0
TOLD_AFTER = 5.0
"""Seconds: what comes together is told together."""
KINDS_MAX = 20
"""Kinds that are told apart within an hour; any more are taken together."""
OTHERS = "others"
SHOWN = 40


class Strangers:
    """Of all connections to one exchange. `say` is told what a person should know."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._new: Counter[str] = Counter()
        self._told: dict[str, float] = {}
        self._named: dict[tuple[str, Subject], float] = {}
        self._is_waiting = False

    def came(self, kind: str, subjects: Collection[Subject]) -> list[Subject]:
        """One came that names these. Returns those that none of its kind has named within the last hour."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        kind = self._known_as(kind)
        self._new[kind] += 1
        if not self._is_waiting and now - self._told.get(kind, -HOUR) >= HOUR:
            self._is_waiting = True
            loop.call_later(TOLD_AFTER, self._tell)
        fresh = [one for one in subjects if now - self._named.get((kind, one), -HOUR) >= HOUR]
        self._named.update(((kind, one), now) for one in fresh)
        return fresh

    def _known_as(self, kind: str) -> str:
        known = self._new.keys() | self._told.keys()
        return kind if kind in known or len(known) < KINDS_MAX else OTHERS

    def _tell(self) -> None:
        self._is_waiting = False
        now = asyncio.get_running_loop().time()
        due = [kind for kind in self._new if now - self._told.get(kind, -HOUR) >= HOUR]
        shown = named(f"{self._new.pop(kind)} of {_shown(kind)}" for kind in due)
        self._told = {kind: at for kind, at in self._told.items() if now - at < HOUR} | dict.fromkeys(due, now)
        self._named = {about: at for about, at in self._named.items() if now - at < HOUR}
        self._say(
            f"The exchange sends messages of a kind that is not known here ({shown}): they are left out. "
            "Where it has changed its streams, Perseus has to be updated."
        )


def _shown(kind: str) -> str:
    return brief(kind.encode("unicode_escape"), SHOWN)
