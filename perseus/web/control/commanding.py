"""How pages command ingest processes: who takes commands, what is sent to one, and what came of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, Self

from flask import request

from perseus import keys
from perseus.control import channel, hosts, key, unasked
from perseus.control.command import ID, TARGET, Command, Kind
from perseus.control.hosts import Report
from perseus.control.key import KeyUnusable, NoKey
from perseus.control.outcomes import Outcome
from perseus.doctor import commanding as examined
from perseus.doctor.catalogue import CATALOGUE
from perseus.errors import PerseusError, StoreRefusesWrites, StoreUnavailable
from perseus.network.exchange import Exchange
from perseus.network.view.directory import ExchangeStatus
from perseus.settings import Settings
from perseus.store import Client, answers, now_ms
from perseus.store.batch import Batch
from perseus.web import words
from perseus.web.people.auditing import began
from perseus.web.people.guard import person

log = logging.getLogger(__name__)

#: One answer to a page may wait this long for an outcome, and looks for it this often.
WAIT_SECONDS, LOOK_SECONDS = 8.0, 0.2
OFF = "Commands are off: this site has no key that signs them. An admin finds in docs/control.md how to give it one."
UNUSABLE = "Commands are off: the key that signs them cannot be used. The log of the web process says why."
NO_HOST = "No ingest process takes commands now. Start one where the exchange can be reached: `perseus ingest --idle`."
NO_KEY = "{who} takes no commands: it has no key that signs them, or one that cannot be used. {mend}"
OTHER_KEY = "Another key of commands than these pages have {who}: what these pages sign is refused there. {mend}"


class AnotherKey(PerseusError):
    """Raised when a process would refuse a command, for it has another key, or none. Nothing was sent."""


class PerhapsSent(StoreUnavailable):
    """Raised when the data store was silent over a command that was sent: its target may have it."""

    def __init__(self, command: str, error: StoreUnavailable) -> None:
        super().__init__(error.where, error.reason)
        self.command = command


class Sent(NamedTuple):
    """A command, by its id. `is_sure` False: the data store was silent over it."""

    command: str
    is_sure: bool


@dataclass(frozen=True, slots=True)
class Host:
    """One process that can be asked, as a choice. `said`: host and what it is at; `named`: the process alone."""

    target: str
    said: str
    named: str


@dataclass(frozen=True, slots=True)
class Commanding:
    """One site's. `read_key`: that of commands, None where there is none; raises KeyUnusable."""

    client: Client
    read_key: Callable[[], bytes | None]
    pause: Callable[[float], object] = time.sleep

    @classmethod
    def of(cls, settings: Settings, client: Client) -> Self:
        """That of this site. The key is read when it is needed: it may be made while the site runs."""
        return cls(client, partial(key.of, settings))

    def why_off(self) -> str:
        """Why nothing can be commanded, a sentence; '' where it can."""
        try:
            return "" if self.read_key() is not None else OFF
        except KeyUnusable as error:
            log.warning("%s", error)
            return UNUSABLE

    def now_ms(self, near: str = keys.HOSTS) -> int:
        """Unix milliseconds of the store, by the server that has the key `near`. Errors as `reports`."""
        with answers(self.client):
            return now_ms(self.client, near)

    def reports(self) -> list[Report]:
        """What each process says of itself. Raises StoreUnavailable, StoreRefused."""
        return hosts.read(self.client)

    def refusing(self, reports: Iterable[Report]) -> list[Report]:
        """Which of these have another key of commands, and so refuse what is signed here."""
        try:
            ours = self.read_key()
        except KeyUnusable:
            return []
        return [one for one in reports if ours is not None and hosts.has_another_key(one, key.fingerprint(ours))]

    def other_keys(self, reports: Iterable[Report]) -> str:
        """Which of these those are, and what mends it, as sentences; '' where there is none."""
        return _refusing(OTHER_KEY, self.refusing(reports))

    def nobody(self) -> str:
        """Why no report was read, a sentence. Raises StoreUnavailable, StoreRefused."""
        return self.unread() or NO_HOST

    def unread(self) -> str:
        """Why reports cannot be read at all, and what to do, as sentences; '' where they can. Errors as `reports`."""
        batch = Batch(self.client)
        hosts.add(batch)
        return unasked.UNREAD if isinstance(batch.run()[0], Exception) else ""

    def hosts(self, exchange: Exchange | None = None) -> tuple[Host, ...]:
        """Those that take commands, first the one that serves `exchange`, then the idle, last those with another key.

        Raises StoreUnavailable.
        """
        asked = [one for one in self.reports() if one.takes_commands]
        refusing = self.refusing(asked)
        reports = sorted(asked, key=lambda one: (one in refusing, *_order(one, exchange)))
        return tuple(Host(one.target, _said(one, refuses=one in refusing), _named(one)) for one in reports)

    def send(
        self,
        target: str,
        kind: Kind,
        exchange: Exchange,
        arguments: Mapping[str, Any] | None = None,
        instance_id: str | None = None,
    ) -> str:
        """Command it in the name of who asks; gives the id.

        Raises NoKey, AnotherKey, BadTarget, BadCommand, PerhapsSent; where it was not sent, StoreUnavailable,
        StoreRefused, StoreCorrupt.
        """
        signing = self.read_key()
        if signing is None:
            raise NoKey
        meant = [one for one in self.reports() if one.target == target]
        deaf = [one for one in meant if not one.takes_commands]
        if refuses := _refusing(NO_KEY, deaf) or self.other_keys(meant):
            raise AnotherKey(refuses)
        who = person()
        command = Command(
            target,
            kind,
            by=who.email,
            by_name=who.name,
            ip=request.remote_addr or "",
            exchange_id=exchange.id,
            exchange_name=exchange.name,
            instance_id=instance_id,
            arguments=arguments or {},
        )
        try:
            channel.send(self.client, signing, command)
        except StoreRefusesWrites:
            raise
        except StoreUnavailable as error:
            began(command)
            raise PerhapsSent(command.id, error) from error
        began(command)
        return command.id

    def sent(
        self,
        target: str,
        kind: Kind,
        exchange: Exchange,
        arguments: Mapping[str, Any] | None = None,
        instance_id: str | None = None,
    ) -> Sent:
        """The same, for who follows it: also one that may have been sent. Errors as `send`, without PerhapsSent."""
        try:
            return Sent(self.send(target, kind, exchange, arguments, instance_id), True)
        except PerhapsSent as error:
            return Sent(error.command, False)

    def outcome(self, target: str, command: str) -> Outcome | None:
        """What came of it so far. Errors as `perseus.control.channel.outcome`."""
        return channel.outcome(self.client, target, command)

    def known_outcome(self, target: str, command: str) -> Outcome | None:
        """The same; None for texts that can be no command, as anybody may type them into an address."""
        return self.outcome(target, command) if TARGET.fullmatch(target) and ID.fullmatch(command) else None

    def awaited(self, target: str, command: str, seconds: float = WAIT_SECONDS) -> Outcome | None:
        """The final one, if it comes in that time, else what there is of it."""
        told = self.outcome(target, command)
        for _ in range(round(seconds / LOOK_SECONDS)):
            if told is not None and told.is_final:
                break
            self.pause(LOOK_SECONDS)
            told = self.outcome(target, command)
        return told


def target_of(status: ExchangeStatus | None) -> str | None:
    """The target of the instance that serves an exchange now; None where nobody does, or it takes no commands."""
    if status is None or not status.live or status.status is None:
        return None
    named = status.status.fields.get("target")
    return named if isinstance(named, str) else None


def _refusing(text: str, found: list[Report]) -> str:
    """That sentence of these, with what mends it; '' where there is none."""
    return text.format(who=words.plain(examined.named(found), 400), mend=CATALOGUE["control-key"].mend) if found else ""


def _order(one: Report, exchange: Exchange | None) -> tuple[bool, bool, str, int]:
    serves = exchange is not None and one.role == "serving" and one.exchange_id == exchange.id
    return not serves, one.role != "idle", one.hostname, one.pid


def _said(one: Report, *, refuses: bool) -> str:
    what = {"idle": "idle", "serving": "serves", "waiting": "waits to take over", "standby": "stands by for"}[one.role]
    of = f" {one.exchange_name}" if one.role != "idle" and one.exchange_name else ""
    key = f"; {unasked.OTHER_KEY}" if refuses else ""
    return words.plain(f"{one.hostname}, process {one.pid}: {what}{of}", 120) + key


def _named(one: Report) -> str:
    return words.plain(f"{one.hostname} (process {one.pid})", 120)
