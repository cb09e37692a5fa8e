"""What can be wrong with the database, as facts."""

from __future__ import annotations

from perseus.errors import EXIT_CONFIG, PerseusError


class DatabaseUnavailable(PerseusError):
    """Raised when the database does not answer, or lets nobody in with the user and password of its URL."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(
            f"The database at {where} cannot be used: {reason}. Check that it runs, and PERSEUS_DATABASE_URL."
        )
        self.where = where
        self.reason = reason


class DatabaseMismatch(PerseusError):
    """Raised when the database answers but does not hold what this version needs."""

    exit_code = EXIT_CONFIG

    def __init__(self, where: str, problem: str, mend: str) -> None:
        super().__init__(f"The database at {where} does not fit: {problem}. {mend}")
        self.where = where
        self.problem = problem
        self.mend = mend


class DatabaseMissing(DatabaseMismatch):
    """Raised when the SQLite file is not there."""

    def __init__(self, where: str, mend: str) -> None:
        PerseusError.__init__(self, f"The database at {where} is not there yet. {mend}")
        self.where = where
        self.problem = "it is not there yet"
        self.mend = mend
