"""What can be wrong with the database, as facts."""

from __future__ import annotations

from collections.abc import Sequence

from perseus.errors import EXIT_CONFIG, PerseusError


class DatabaseUnavailable(PerseusError):
    """Raised when the database does not answer, or cannot do just now what it is asked."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(
            f"The database at {where} cannot be used: {reason}. Check that it runs, and PERSEUS_DATABASE_URL."
        )
        self.where = where
        self.reason = reason


class DatabaseReadOnly(DatabaseUnavailable):
    """Raised when the database answers and takes no changes: it was set to read-only, or is a replica."""

    mend = (
        "Name the primary in PERSEUS_DATABASE_URL; where default_transaction_read_only is set for it, its database or "
        "our role, RESET it: docs/database.md."
    )

    def __init__(self, where: str, reason: str = "it is a replica, or was set to read-only") -> None:
        problem = f"it can only be read: {reason}"
        PerseusError.__init__(self, f"The database at {where} takes no changes: {problem}. {self.mend}")
        self.where = where
        self.reason = reason


class DatabaseRefused(DatabaseUnavailable):
    """Raised when the database is there and a setting keeps Perseus out: user, certificate, no SSL."""

    exit_code = EXIT_CONFIG

    def __init__(self, where: str, reason: str, mend: str) -> None:
        PerseusError.__init__(self, f"The database at {where} cannot be used: {reason}. {mend}")
        self.where = where
        self.reason = reason
        self.mend = mend


class NotStorable(PerseusError):
    """Raised when the database takes no such value: a text too long for its column, or with a zero byte in it."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"The database at {where} cannot store that: {reason}. Nothing was saved.")
        self.where = where
        self.reason = reason


class DatabaseMismatch(PerseusError):
    """Raised when the database answers but does not hold what this version needs.

    `differences`: each that was found, where its tables were compared; `commands`: lines for a shell that add what is
    missing.
    """

    exit_code = EXIT_CONFIG

    def __init__(
        self, where: str, problem: str, mend: str, differences: Sequence[str] = (), commands: Sequence[str] = ()
    ) -> None:
        super().__init__(f"The database at {where} does not fit: {problem}. {mend}")
        self.commands = commands
        self.where = where
        self.problem = problem
        self.mend = mend
        self.differences = differences


class DatabaseMissing(DatabaseMismatch):
    """Raised when the SQLite file is not there."""

    def __init__(self, where: str, mend: str) -> None:
        PerseusError.__init__(self, f"The database at {where} is not there yet. {mend}")
        self.where = where
        self.problem = "it is not there yet"
        self.commands = ("perseus init",)
        self.mend = mend
        self.differences = ()


class StaleRevision(PerseusError):
    """Raised when somebody else has changed what is to be saved, since it was read. Nothing was saved.

    `revision`: what is stored now, None when it is gone; `by`: who stored it, where that is known.
    """

    def __init__(self, what: str, revision: int | None, by: str | None) -> None:
        who = by or "somebody else"
        change = f"{who} has deleted it" if revision is None else f"{who} has saved revision {revision}"
        super().__init__(f"{what} was not saved: {change} meanwhile. Load it again and repeat your change.")
        self.what = what
        self.revision = revision
        self.by = by


class NameTaken(PerseusError):
    """Raised when a new destination bears the id of one that is there."""

    def __init__(self, destination: str) -> None:
        super().__init__(f"There is a destination {destination!r} already. Choose another name, or change that one.")
        self.destination = destination


class NotThere(PerseusError):
    """Raised when what is to be changed or ended is not in the database."""

    def __init__(self, what: str) -> None:
        super().__init__(f"There is no {what} any more. Load the page again.")
        self.what = what


class EmailTaken(PerseusError):
    """Raised when somebody new bears the mail address of somebody who is there."""

    def __init__(self, email: str) -> None:
        super().__init__(f"There is a user {email} already. Change that one.")
        self.email = email


class TooManyTokens(PerseusError):
    """Raised when somebody has as many API tokens as one person may have."""

    def __init__(self, most: int) -> None:
        super().__init__(f"One person has at most {most} API tokens. Revoke one that is not used any more.")
        self.most = most


class LastAdmin(PerseusError):
    """Raised for a change after which no active admin would be left. Nothing was changed."""

    def __init__(self) -> None:
        super().__init__("Without this one there would be no active admin. Make somebody else admin first.")


class TooManySymbols(PerseusError):
    """Raised when more symbols of an exchange would be watched than may be. Nothing was changed."""

    def __init__(self, exchange: str, most: int) -> None:
        super().__init__(f"At most {most:,} symbols of {exchange} are watched. Take some out first. None was added.")
        self.exchange = exchange
        self.most = most


class AlreadySetUp(PerseusError):
    """Raised when somebody has a connection record of this exchange already."""

    def __init__(self, exchange: str) -> None:
        super().__init__(f"You have set up {exchange} already. Change that one.")
        self.exchange = exchange


class DefaultTaken(PerseusError):
    """Raised when another default of the same person was chosen at the same moment. Nothing was changed."""

    def __init__(self, exchange: str) -> None:
        super().__init__(f"Another default was chosen at this moment, so nothing of {exchange} was saved. Try again.")
        self.exchange = exchange


class NotActive(PerseusError):
    """Raised when a connection record that is switched off should become the default."""

    def __init__(self, exchange: str) -> None:
        super().__init__(f"{exchange} is switched off for you, so it cannot be your default. Switch it on first.")
        self.exchange = exchange
