"""Every error that Perseus raises on purpose: one root, facts as attributes, text made from them.

`exit_code` is what a `perseus` command ends with when the error reaches its top (sysexits.h numbers).
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

EXIT_HELD = 69
EXIT_MEMORY = 71
EXIT_LOST = 75
EXIT_CONFIG = 78
EXIT_FAILED = 1
TEXT_MAX = 4_000


class PerseusError(Exception):
    """Root of the tree. Its text tells a person what is wrong, where, and what to do next."""

    exit_code = EXIT_FAILED


def in_short(error: BaseException) -> str:
    """One line for people: an error of ours as it says itself, any other with its kind before its first line."""
    lines = whole(str(error)).strip().splitlines()
    if isinstance(error, PerseusError):
        return lines[0] if lines else type(error).__name__
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def whole(text: str) -> str:
    """`text` with `?` for halves of characters, which undecodable file names have and no log can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def told(error: object) -> str:
    """What somebody reported as an error, as text that any log can hold: whole characters, at most `TEXT_MAX`."""
    text = in_short(error) if isinstance(error, BaseException) else whole(str(error))
    over = len(text) - TEXT_MAX
    return text if over <= 0 else f"{text[:TEXT_MAX]} ... ({over} more characters)"


class SettingError(PerseusError):
    """Raised when a setting is unknown, malformed or contradicts another.

    Source: the environment, read once at start.
    """

    exit_code = EXIT_CONFIG

    def __init__(self, name: str, problem: str, mend: str) -> None:
        super().__init__(f"{name}: {problem}. {mend}")
        self.name = name
        self.problem = problem
        self.mend = mend


class UnknownExchange(PerseusError):
    """Raised when a name or id is not a row of the exchanges table. There is no default exchange."""

    exit_code = EXIT_CONFIG

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        none = "none that is active: `perseus init` seeds them, is_active in the table exchanges switches one on"
        listed = ", ".join(known) if known else none
        self.name = name
        self.known = known
        super().__init__(f"{self.brief} Known: {listed}.")

    @property
    def brief(self) -> str:
        """What to say where the list of all would be too long."""
        near = difflib.get_close_matches(self.name.lower(), self.known, n=1)
        return f"{self.name!r} is not a known exchange." + (f" Did you mean {near[0]}?" if near else "")


class ExchangeOff(PerseusError):
    """Raised when an exchange is in the database but switched off."""

    exit_code = EXIT_CONFIG

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} is switched off. To switch it on, set is_active to true in its row of the table exchanges."
        )
        self.name = name


class NotOnNetwork(PerseusError):
    """Raised when no loaded plugin puts this process on the network."""

    exit_code = EXIT_CONFIG


class StoreUnavailable(PerseusError):
    """Raised when the data store gave no usable answer: down, too slow, read-only, out of memory."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"The data store at {where} does not answer: {reason}.")
        self.where = where
        self.reason = reason


class StoreUntrusted(StoreUnavailable):
    """Raised when no TLS can be agreed upon with the data store: a wrong certificate, or no TLS where it is meant.

    Silence to who has a lease, for it may pass; to who starts, an end.
    """

    exit_code = EXIT_CONFIG

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(where, reason)
        self.args = (f"No TLS with the data store at {where}: {reason}.",)


class StoreRefusesWrites(StoreUnavailable):
    """Raised when the data store answers, and can be read, but takes no writes. `code`: as it says why, such as OOM.

    Silence to whoever must write: it may pass. `slot`: of a Cluster, where that one alone is refused.
    """

    def __init__(self, where: str, code: str, reason: str, slot: int | None = None) -> None:
        super().__init__(where, reason)
        self.args = (f"The data store at {where} refuses writes: {reason}. perseus doctor says what mends it.",)
        self.code = code
        self.slot = slot


class StoreRefused(PerseusError):
    """Raised when the data store answers but will not serve us: wrong password, missing right, not a Redis."""

    exit_code = EXIT_CONFIG

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(
            f"The data store at {where} refuses us: {reason}. "
            "Check the address, user and password in PERSEUS_REDIS_URL."
        )
        self.where = where
        self.reason = reason


class StoreRightsMissing(StoreRefused):
    """Raised when the data store knows our user and does not allow it a command, a key or a channel."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(where, reason)
        self.args = (
            f"The data store at {where} refuses us: {reason}. Rights are missing: perseus doctor names them, and "
            "docs/operate.md has the line that gives them.",
        )


class StoreUserRefused(StoreRefused):
    """Raised when a server of the data store does not know our user or its password. `where`: that server."""

    def __init__(self, where: str, reason: str, user: str | None = None) -> None:
        super().__init__(where, reason)
        if user is not None:
            self.args = (
                f"{self} Each server keeps its users by itself: where this one alone refuses, type the ACL SETUSER "
                "line of docs/operate.md there, then ACL SAVE, or CONFIG REWRITE where it has no aclfile.",
            )


class StoreCorrupt(PerseusError):
    """Raised when a key of ours holds something that is not ours."""

    def __init__(self, where: str, key: str) -> None:
        super().__init__(
            f"In the data store at {where}, {key} holds something that Perseus did not write. "
            "Look at it, then rename or delete it."
        )
        self.where = where
        self.key = key


@dataclass(frozen=True)
class Holder:
    """Who holds a lease, as its status key says. None where the key does not say it.

    `admin`: who answers for it; `commanded_by`: who has commanded that it serves.
    """

    hostname: str | None
    ip_address: str | None
    connected_at: str | None
    state: str | None
    seconds_left: float
    admin: str | None = None
    commanded_by: str | None = None

    def __str__(self) -> str:
        where = f"{self.hostname or 'an unnamed host'} (IP {self.ip_address or 'unknown'})"
        return f"{where}, since {self.connected_at or 'an unknown time'}, state {self.state or 'unknown'}"


class LeaseRefused(PerseusError):
    """Raised when another instance holds the exchange."""

    exit_code = EXIT_HELD

    def __init__(self, exchange: str, holder: Holder) -> None:
        if holder.seconds_left >= 0:
            end = f"Its lease runs out in {holder.seconds_left:.0f} s unless it is renewed."
        else:
            end = "Its entry has no end: no instance wrote it so. Look at its status key before you delete it."
        super().__init__(f"{exchange} is held by {holder}. {end} Stop that process first, or choose another exchange.")
        self.exchange = exchange
        self.holder = holder


class LeasePending(PerseusError):
    """Raised when an exchange is not free yet: its last lease ended without a release, or was cut short."""

    exit_code = EXIT_HELD

    def __init__(self, exchange: str, wait_ms: int, kept_for: str = "") -> None:
        why = f"is kept for {kept_for}, which takes it over," if kept_for else "was not released by its last holder"
        super().__init__(f"{exchange} {why} and is free in {wait_ms / 1000:.0f} s. Try again then.")
        self.exchange = exchange
        self.wait_ms = wait_ms
        self.kept_for = kept_for


class LeaseLost(PerseusError):
    """Raised by guards and by the ingest process once this instance may no longer act for its exchange."""

    exit_code = EXIT_LOST

    def __init__(self, exchange: str, reason: str, holder: Holder | None = None) -> None:
        by = f" It is now held by {holder}." if holder else ""
        super().__init__(f"The lease on {exchange} is lost: {reason}.{by} Work has stopped.")
        self.exchange = exchange
        self.reason = reason
        self.holder = holder


class StopRequested(PerseusError):
    """Raised when a state of work is to be entered although the instance has been asked to stop."""

    exit_code = 0

    def __init__(self, exchange: str, reason: str) -> None:
        super().__init__(f"{exchange} was asked to stop: {reason}.")
        self.exchange = exchange
        self.reason = reason


class InvalidTransition(PerseusError):
    """Raised when a state may not follow another. Nothing was changed."""

    def __init__(self, exchange: str, from_state: str, to_state: str, allowed: tuple[str, ...]) -> None:
        super().__init__(
            f"{exchange} cannot go from {from_state} to {to_state}. From there it may go to: {', '.join(allowed)}."
        )
        self.exchange = exchange
        self.from_state = from_state
        self.to_state = to_state
        self.allowed = allowed
