"""What browsers have already: a poll sends each card, and the page of events, once.

Each answer to a poll bears a name that is made of the marks of its parts. A browser that holds that answer says so with
its next poll, and gets of what is as it was only the shell. Workers name alike what is alike; one that does
not know a name sends everything.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable

HEADER = "Perseus-Holds"
NAMES_KEPT = 64
NONE: frozenset[str] = frozenset()


class Held:
    """The newest answers of one worker, by name. Safe from any thread."""

    def __init__(self, names_kept: int = NAMES_KEPT) -> None:
        self._lock = threading.Lock()
        self._names_kept = names_kept
        self._known: OrderedDict[str, frozenset[str]] = OrderedDict()

    def name(self, marks: Iterable[str]) -> str:
        """The name of an answer with these parts, known from now on."""
        held = frozenset(marks)
        name = hashlib.blake2b("".join(sorted(held)).encode(), digest_size=9).hexdigest()
        with self._lock:
            self._known[name] = held
            self._known.move_to_end(name)
            while len(self._known) > self._names_kept:
                self._known.popitem(last=False)
        return name

    def of(self, name: str | None) -> frozenset[str]:
        """Marks of the parts that whoever holds that answer has; none for a name that is not known."""
        return self._known.get(name, NONE) if name else NONE
