"""Repeated errors: the first is an event at once, its repeats are one event a minute with their count."""

from __future__ import annotations

from dataclasses import dataclass

WINDOW = 60.0
DISTINCT = 20
OVERFLOW = "further errors of other kinds"


@dataclass(slots=True)
class _Window:
    ends: float
    repeats: int = 0


class ErrorThrottle:
    """Pure; `now` in elapsed seconds. At most `DISTINCT` texts are told apart at a time, so a storm of texts that
    all differ is counted as one."""

    def __init__(self) -> None:
        self._windows: dict[str, _Window] = {}

    def report(self, text: str, now: float) -> str | None:
        """Count one error. Gives the text to log at once, or None when it waits for its minute."""
        if text not in self._windows and len(self._windows) >= DISTINCT:
            text = OVERFLOW
        window = self._windows.get(text)
        if window is None:
            self._windows[text] = _Window(now + WINDOW)
            return text
        window.repeats += 1
        return None

    def due(self, now: float, *, everything: bool = False) -> list[tuple[str, int]]:
        """Texts whose minute is over (or all of them) with the repeats to log; forgets those without any."""
        told = []
        for text, window in list(self._windows.items()):
            if now < window.ends and not everything:
                continue
            if window.repeats:
                told.append((text, window.repeats))
                self._windows[text] = _Window(now + WINDOW)
            else:
                del self._windows[text]
        return told

    def next_due(self) -> float | None:
        """When to ask `due` again."""
        return min((window.ends for window in self._windows.values()), default=None)
