"""Waiting for the lease of an exchange that another holds: as a standby, or to take it over."""

from __future__ import annotations

import logging
import time
from contextlib import closing
from typing import TYPE_CHECKING

from perseus import keys
from perseus.access.audit import AuditLog
from perseus.control import audited, channel, hosts, key
from perseus.control.command import Command, Kind
from perseus.control.handling import Refused
from perseus.control.outcomes import OPEN, Outcome, Status
from perseus.errors import LeaseRefused, StoreUnavailable
from perseus.ingest.feed import FeedMaker
from perseus.ingest.opening import Opening
from perseus.ingest.service import Order, Service
from perseus.ingest.standby.handover import connected
from perseus.ingest.standby.standby import Standby
from perseus.network.exchange import Exchange
from perseus.network.instance import Instance
from perseus.network.leasing import takeover
from perseus.network.leasing.claims import RedisClaims
from perseus.network.leasing.takeover import Answer, Seen, Step, Takeover
from perseus.outage import Outage
from perseus.store import Client
from perseus.store.batch import Batch

if TYPE_CHECKING:
    from perseus.ingest.host import Host

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.25
FREE_LOOK_SECONDS = 0.02
STANDS_BY = "stands by"
ENDS_ANYWAY = (Status.DONE, Status.CANCELLED)
NO_KEY, OTHER_KEY = "takes no commands", "has another key of commands"


class Ordered(Takeover):
    """A takeover that a command has ordered."""

    def __init__(self, target: str, by: str, command: Command) -> None:
        super().__init__(target, by, str(command.arguments.get("from") or ""))
        self.command = command
        self.asked: tuple[str, str] | None = None
        self.refused: Refused | None = None
        self._question: Command | None = None

    def question(self, seen: Seen, exchange: Exchange, hostname: str) -> Command:
        """What the holder that was seen is asked: the same command each time, so that it does it once."""
        assert seen.holder is not None, "it was seen"
        run, given, last = seen.holder.instance_id, self.command, self._question
        if last is None or (last.target, last.instance_id) != (seen.target, run):
            arguments = {"to": self.target, "host": hostname, "instanceId": run}
            who = given.by, given.by_name, given.ip
            self._question = last = Command(
                seen.target, Kind.HAND_OVER, *who, exchange.id, exchange.name, run, arguments
            )
        return last

    def heard(self, outcome: Outcome | None) -> None:
        """How far the holder has come with what it was asked. One that is stopped meanwhile releases its lease anyway.

        That its process has ended follows from the list of processes alone, which may be wrong: its lease says so.
        """
        if outcome is None or outcome.status in ENDS_ANYWAY or self.answer in (Answer.REFUSED, Answer.FAILED):
            return
        if outcome.status in OPEN or outcome.text == channel.INTERRUPTED:
            self.answer = Answer.BEGUN
            return
        self.answer = Answer.REFUSED if outcome.status is Status.REFUSED else Answer.FAILED
        self.why = (outcome.text or "its holder will not").rstrip(".")


class Waiting:
    """A `Claim` of `host`: waits until the lease can be had, looking often, and claims it then.

    `is_standby`: it hears what the exchange says meanwhile, and waits on when others are faster.
    """

    def __init__(self, host: Host, *, is_standby: bool = False, ordered: Ordered | None = None) -> None:
        self._host = host
        self._is_standby = is_standby
        self._ordered = ordered

    def __call__(self, service: Service, opening: Opening) -> tuple[Instance, FeedMaker]:
        """Errors as `Membership.claim`; Refused when somebody else was first, or the holder will not."""
        service.takeover = self._ordered
        service.doing = STANDS_BY if self._is_standby else service.doing
        standby = Standby(self._host, service, opening) if self._is_standby else None
        try:
            with closing(connected(self._host, "waiting")) as client:
                instance = _Wait(self._host, service, opening, client, standby).instance()
            return instance, standby.maker() if standby is not None else opening.maker()
        except BaseException:
            if standby is not None:
                standby.close()
            raise


class _Wait:
    """One wait, on the main thread of its process."""

    def __init__(self, host: Host, service: Service, opening: Opening, client: Client, standby: Standby | None) -> None:
        settings = host.settings
        self._host, self._service, self._opening, self._client, self._standby = host, service, opening, client, standby
        self._settle_ms = round(settings.settle_seconds * 1000)
        self._claims = RedisClaims(client, opening.exchange.id, settings.ttl_seconds, settings.settle_seconds)
        self._outage = Outage(log, "The lease cannot be watched", "The lease is watched again.")
        self._last_host = ""
        self._put_back = settings.heartbeat_seconds + settings.retry_seconds + settings.store_timeout_seconds
        self._had_record = False
        self._forgotten_at: float | None = None

    def instance(self) -> Instance:
        """Wait, then claim."""
        service = self._service
        while True:
            if self._standby is not None:
                self._standby.keep()
            try:
                seen = takeover.look(self._client, self._opening.exchange.id, self._host.target, self._settle_ms)
                self._outage.done()
                self._last_host = seen.host if seen.is_held else self._last_host
                instance = self._step(seen)
            except StoreUnavailable as error:
                self._outage.failed(error)
                instance, seen = None, Seen(True, None, "", round(LOOK_SECONDS * 1000))
            if instance is not None:
                return instance
            service.signals.pause(max(FREE_LOOK_SECONDS, min(LOOK_SECONDS, seen.free_in_ms / 1000)))

    def _step(self, seen: Seen) -> Instance | None:
        ordered = self._service.takeover
        if not isinstance(ordered, Ordered):
            self._say(STANDS_BY if self._standby is not None else "waiting for its lease")
            is_kept = self._may_be_put_back(seen) or seen.is_held or seen.free_in_ms > 0
            return None if is_kept else self._claimed(seen)
        self._hear(ordered)
        deaf = self._deaf(seen) if ordered.asked_at is None else ""
        step, why = ordered.next(seen, time.monotonic(), deaf)
        self._say(why)
        if step is Step.CLAIM:
            return self._claimed(seen)
        if step is Step.ASK:
            self._ask(ordered, seen)
        elif step is Step.REVOKE:
            self._revoke(ordered, seen)
        elif step is Step.GIVE_UP:
            self._give_up(ordered, f"{self._opening.exchange.name} is not taken over: {why}.")
        return None

    def _may_be_put_back(self, seen: Seen) -> bool:
        """Has the store forgotten a holder, who renews its lease with its next heartbeat if it lives?"""
        if seen.token or not self._had_record:
            self._had_record, self._forgotten_at = bool(seen.token), None
            return False
        now = time.monotonic()
        self._forgotten_at = now if self._forgotten_at is None else self._forgotten_at
        return now < self._forgotten_at + self._put_back

    def _claimed(self, seen: Seen) -> Instance | None:
        """None where another was faster and this one waits on. Raises LeaseRefused where it does not."""
        service, ordered = self._service, self._service.takeover
        admin = service.order.admin
        if isinstance(ordered, Ordered):
            admin = ordered.command.by, ordered.command.by_name
        try:
            instance = self._host.membership.claim(self._opening.exchange, service.signals.pause, admin)
        except LeaseRefused as error:
            if self._standby is None:
                raise
            if isinstance(ordered, Ordered):
                self._give_up(ordered, str(error))
            return None
        service.start_reason = self._reason(seen)
        return instance

    def _reason(self, seen: Seen) -> str:
        """As it stands in the log."""
        ordered = self._service.takeover
        if ordered is not None:
            return f"taken over by {ordered.by}"
        if self._standby is None:
            return "start"
        if not seen.token:
            return "promoted: nobody held it"
        of = f" of {self._last_host}" if self._last_host else ""
        return f"promoted: the lease{of} {'was released' if seen.was_released else 'has run out'}"

    def _ask(self, ordered: Ordered, seen: Seen) -> None:
        """Also again, where the store did not say whether it has taken it."""
        assert self._host.secret is not None, "who was commanded has a key"
        command = ordered.question(seen, self._opening.exchange, self._host.hostname)
        ordered.asked = seen.target, channel.send(self._client, self._host.secret, command)
        audited.began(AuditLog(self._client), command, to=self._host.target)
        ordered.asked_at = time.monotonic()

    def _hear(self, ordered: Ordered) -> None:
        """What the holder's process has answered so far."""
        if ordered.asked is not None:
            ordered.heard(channel.outcome(self._client, *ordered.asked))

    def _revoke(self, ordered: Ordered, seen: Seen) -> None:
        revocation = self._claims.revoke(seen.token, ordered.by, self._host.target)
        ordered.is_revoked = ordered.is_revoked or revocation is not None
        if revocation is not None and not revocation.by:
            log.warning("%s: the lease of %s was revoked.", self._opening.exchange.name, seen.host)

    def _deaf(self, seen: Seen) -> str:
        """Why the holder would not obey, for sure; '' where it may.

        Its payload names its process. Of its report nothing is believed but the key, which a process never changes:
        the list may be lost, or written by somebody else, and a time in it says nothing of who renews its lease.
        """
        if not seen.target:
            return NO_KEY
        assert self._host.secret is not None, "who was commanded has a key"
        batch = Batch(self._client)
        batch.add("HGET", keys.HOSTS, seen.target)
        (answer,) = batch.run()
        report = hosts.parse(answer)
        if report is None or report.target != seen.target:
            return ""
        return OTHER_KEY if hosts.has_another_key(report, key.fingerprint(self._host.secret)) else ""

    def _give_up(self, ordered: Ordered, why: str) -> None:
        """A standby stands by again; who only came to take it over ends."""
        ordered.refused = Refused(why)
        self._service.takeover = None
        if self._standby is None:
            raise ordered.refused

    def _say(self, doing: str) -> None:
        if self._service.doing != doing:
            self._service.doing = doing
            self._host.changed()


def standing_by(host: Host, order: Order) -> Order:
    """The same as a standby."""
    return Order(
        order.exchange,
        order.open,
        order.who,
        order.admin,
        order.simulator,
        Waiting(host, is_standby=True),
        is_standby=True,
    )
