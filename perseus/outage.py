"""Told once when something cannot be done, and once when it can again: else no log says that it is over."""

from __future__ import annotations

import logging


class Outage:
    """One thing that may fail for a while. `begins` is followed by why, `ends` is a sentence; both go to `log`.

    For one thread at a time.
    """

    def __init__(self, log: logging.Logger, begins: str, ends: str) -> None:
        self._log = log
        self._begins, self._ends = begins, ends
        self._told: tuple[type[BaseException], str | None] | None = None

    @property
    def is_on(self) -> bool:
        """Was it told that it cannot be done, and not yet that it can again?"""
        return self._told is not None

    def failed(self, error: BaseException) -> None:
        """It could not be done. Told where it could be before, or fails in another way now: by its kind and `code`."""
        kind = type(error), getattr(error, "code", None)
        if self._told != kind:
            self._log.warning("%s: %s", self._begins, error)
        self._told = kind

    def done(self, ends: str = "") -> None:
        """It was done. Told where it could not be before; `ends`: in other words this time."""
        if self._told is not None:
            self._log.warning("%s", ends or self._ends)
        self._told = None
