"""The polled part as all viewers of this worker who ask alike get it: rendered once a reading of the network."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

BODIES_KEPT = 32
KEPT_BYTES = 16_000_000

Question = tuple[str, ...]
Parts = tuple[object, ...]


class Body(NamedTuple):
    """What is sent, and what a browser that has it `holds`."""

    content: bytes
    holds: str


class SharedBody:
    """Keeps the newest body of each question. A viewer costs a rendering only when what it is made from is another.

    Anybody may ask for what nobody else does, so it keeps few questions and few bytes: those asked last.
    """

    def __init__(self, kept_bytes: int = KEPT_BYTES) -> None:
        self._lock = threading.Lock()
        self._kept_bytes = kept_bytes
        self._bodies: OrderedDict[Question, tuple[Parts, Body]] = OrderedDict()

    def of(self, asked: Question, parts: Parts, render: Callable[[], Body]) -> Body:
        """The body of these very `parts` for what is `asked`; `render` makes it when nobody has yet.

        The same bytes for all: nobody encodes them again, and what compresses them knows them at a glance.
        """
        with self._lock:
            kept = self._bodies.pop(asked, None)
            if kept is None or not is_same(kept[0], parts):
                kept = parts, render()
            self._bodies[asked] = kept
            self._forget()
            return kept[1]

    def _forget(self) -> None:
        while len(self._bodies) > 1 and (len(self._bodies) > BODIES_KEPT or self._size() > self._kept_bytes):
            self._bodies.popitem(last=False)

    def _size(self) -> int:
        return sum(len(body.content) for _, body in self._bodies.values())


def is_same(these: Parts, those: Parts) -> bool:
    """Are they the very same objects?"""
    return len(these) == len(those) and all(a is b for a, b in zip(these, those, strict=True))
