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
        self._told: type[BaseException] | None = None

    def failed(self, error: BaseException) -> None:
        """It could not be done. Told where it could be before, or fails in another way now."""
        if self._told is not type(error):
            self._log.warning("%s: %s", self._begins, error)
        self._told = type(error)

    def done(self) -> None:
        """It was done. Told where it could not be before."""
        if self._told is not None:
            self._log.warning("%s", self._ends)
        self._told = None
