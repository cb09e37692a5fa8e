"""Messages of kinds that nobody here knows: named once an hour, with how many came.

One that came in place of candles is named anew when it comes again after those had come again.
"""

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
AWAY_SECONDS = 60.0
"""A kind that stayed away for so long while candles came again was there in their place."""
OTHERS = "others"
SHOWN = 40


class Strangers:
    """Of all connections to one exchange. `say` is told what a person should know."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._new: Counter[str] = Counter()
        self._told: dict[str, float] = {}
        self._named: dict[tuple[str, Subject], float] = {}
        self._came: dict[str, float] = {}
        self._missed: set[Subject] = set()
        self._back: dict[Subject, float] = {}
        self._is_waiting = False

    def came(self, kind: str, subjects: Collection[Subject]) -> list[Subject]:
        """One came that names these. Returns those that none of its kind has named within the last hour."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        kind = self._known_as(kind)
        self._note(kind, subjects, now)
        self._new[kind] += 1
        if not self._is_waiting and now - self._told.get(kind, -HOUR) >= HOUR:
            self._is_waiting = True
            loop.call_later(TOLD_AFTER, self._tell)
        fresh = [one for one in subjects if now - self._named.get((kind, one), -HOUR) >= HOUR]
        self._named.update(((kind, one), now) for one in fresh)
        return fresh

    def missed(self, subjects: Collection[Subject]) -> None:
        """Nothing comes of these, although there is trade."""
        self._missed.update(subjects)

    def heard(self, subject: Subject) -> None:
        """Something came of it: to be called at least for the first time after it was missed."""
        if subject in self._missed:
            self._missed.discard(subject)
            self._back[subject] = asyncio.get_running_loop().time()

    def _note(self, kind: str, subjects: Collection[Subject], now: float) -> None:
        came = self._came.get(kind)
        self._came[kind] = now
        if came is None or now - came < AWAY_SECONDS:
            return
        if any(came <= self._back.get(one, -HOUR) for one in subjects or tuple(self._back)):
            self._told.pop(kind, None)
            self._named = {about: at for about, at in self._named.items() if about[0] != kind}

    def _known_as(self, kind: str) -> str:
        known = self._known()
        return kind if kind in known or len(known) < KINDS_MAX else OTHERS

    def _known(self) -> set[str]:
        return self._new.keys() | self._told.keys()

    def _tell(self) -> None:
        self._is_waiting = False
        now = asyncio.get_running_loop().time()
        due = [kind for kind in self._new if now - self._told.get(kind, -HOUR) >= HOUR]
        shown = named(f"{self._new.pop(kind)} of {_shown(kind)}" for kind in due)
        self._told = {kind: at for kind, at in self._told.items() if now - at < HOUR} | dict.fromkeys(due, now)
        self._named = {about: at for about, at in self._named.items() if now - at < HOUR}
        self._came = {kind: at for kind, at in self._came.items() if kind in self._known()}
        self._back = {subject: at for subject, at in self._back.items() if now - at < HOUR}
        self._say(
            f"The exchange sends messages of a kind that is not known here ({shown}): they are left out. "
            "Where it has changed its streams, Perseus has to be updated."
        )


def _shown(kind: str) -> str:
    return brief(kind.encode("unicode_escape"), SHOWN)
