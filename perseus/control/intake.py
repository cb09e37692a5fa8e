"""What a target makes of an entry of its stream: a command that it may do, or why not. No I/O.

The stream is open to whoever can reach the store. Only a signature says that somebody commands.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from perseus.control import command as commands
from perseus.control import signing
from perseus.control.channel import Letter
from perseus.control.command import LONGEST_LIFE_MS, BadCommand, Command, Kind

EARLY_MS = 60_000
"""A store's clock may have gone back so far since a command was issued, as after a failover."""

CHOOSES = frozenset({Kind.START, Kind.CHECK, Kind.TAKEOVER})
"""These say which exchange; all else is about the one that is served."""

REMEMBERED = 1_000
"""Far more than a stream keeps, of which all is read again after a loss, however old it is by then."""


class Fault(StrEnum):
    """Why an entry is not done. Of FORGED nothing is believed, so nothing is answered; AGAIN has its answer already."""

    FORGED = "forged"
    AGAIN = "again"
    MISADDRESSED = "misaddressed"
    EXPIRED = "expired"
    OTHER_RUN = "other run"


@dataclass(frozen=True, slots=True)
class Rejected:
    """`command`: None where it is not signed, or is none. `text`: for people."""

    fault: Fault
    text: str
    command: Command | None = None


class Intake:
    """Judges entries for one target. It remembers each command for as long as that could be done or read again."""

    def __init__(self, key: bytes, target: str) -> None:
        self._key = key
        self._target = target
        self._seen: dict[str, tuple[int, str]] = {}

    def judge(
        self, letter: Letter, now_ms: int, instance_id: str | None, exchange: str | None = None
    ) -> Command | Rejected | None:
        """At the store's time, for who runs `instance_id` of `exchange` (None: serves none).

        None for an entry that was read before, as after a loss.
        """
        command = self._believed(letter)
        if isinstance(command, Rejected):
            return command
        seen = self._seen.get(command.id)
        if seen is not None:
            is_same = seen[1] == letter.stream_id
            return None if is_same else Rejected(Fault.AGAIN, "It has been done before, and is done once.", command)
        fault = self._fault(command, now_ms, instance_id) or _of_other_exchange(command, exchange)
        self._remember(command, letter, now_ms)
        return fault or command

    def _believed(self, letter: Letter) -> Command | Rejected:
        if not signing.is_signed(self._key, letter.body, letter.mac):
            return Rejected(Fault.FORGED, "it is not signed with the key of this site")
        try:
            return commands.parse(letter.body)
        except BadCommand as error:
            return Rejected(Fault.FORGED, f"it is signed, but by another version: {error.problem}")

    def _fault(self, command: Command, now_ms: int, instance_id: str | None) -> Rejected | None:
        if command.target != self._target:
            return Rejected(
                Fault.MISADDRESSED, f"It is meant for {command.target}, and came to {self._target}.", command
            )
        is_timely = command.issued_ms - EARLY_MS <= now_ms < command.expires_ms
        if not is_timely or command.expires_ms - command.issued_ms > LONGEST_LIFE_MS:
            return Rejected(Fault.EXPIRED, _untimely(command, now_ms), command)
        if command.instance_id is not None and command.instance_id != instance_id:
            now = f"runs {instance_id}" if instance_id else "serves no exchange"
            text = f"It is meant for the run {command.instance_id}, and this process now {now}. Look at the card again."
            return Rejected(Fault.OTHER_RUN, text, command)
        return None

    def _remember(self, command: Command, letter: Letter, now_ms: int) -> None:
        """Only what is signed is remembered, so that nobody else can fill this memory."""
        until_ms = now_ms + LONGEST_LIFE_MS + EARLY_MS
        self._seen[command.id] = until_ms, letter.stream_id
        over = max(0, len(self._seen) - REMEMBERED)
        for name in [name for name in islice(self._seen, over) if self._seen[name][0] <= now_ms]:
            del self._seen[name]


def _untimely(command: Command, now_ms: int) -> str:
    """What is wrong with its times, as sentences."""
    late_ms, life_ms = now_ms - command.expires_ms, command.expires_ms - command.issued_ms
    if life_ms > LONGEST_LIFE_MS:
        most = LONGEST_LIFE_MS // 1000
        return (
            f"It says that it may be taken for {life_ms // 1000} s; {most} s is the most. Send it with a shorter life."
        )
    if late_ms >= 0:
        return f"It came {max(round(late_ms / 1000), 1)} s too late. Send it again if it is wanted."
    ahead = round((command.issued_ms - now_ms) / 1000)
    return f"It is dated {ahead} s ahead of the data store's clock. Send it again if it is wanted."


def _of_other_exchange(command: Command, exchange: str | None) -> Rejected | None:
    """Whoever stops one exchange means that one, whatever the process serves by now."""
    if command.kind in CHOOSES or (command.exchange_name is not None and exchange in (None, command.exchange_name)):
        return None
    meant = f"is meant for {command.exchange_name}" if command.exchange_name else "names no exchange"
    now = f"serves {exchange}" if exchange else "serves none"
    return Rejected(Fault.MISADDRESSED, f"It {meant}, and this process {now}. Look at the card again.", command)
