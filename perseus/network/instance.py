"""One run of an ingest process on the network: its states, its lease, its heartbeat and its events, held together."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from perseus.clock import Clock, StoreClock
from perseus.errors import LeaseLost, StopRequested, in_short, told
from perseus.network import states
from perseus.network.announcer import Announcer
from perseus.network.exchange import Exchange
from perseus.network.facts import Facts
from perseus.network.leasing.claims import Claims, Granted
from perseus.network.leasing.heartbeat import Heartbeat
from perseus.network.leasing.lease import Lease, Standing
from perseus.network.leasing.proof import RestartProof
from perseus.network.leasing.warden import Warden
from perseus.network.leaving import Leaving
from perseus.network.log.activity import ActivityLog, Fenced
from perseus.network.log.journal import Journal
from perseus.network.log.outbox import await_written
from perseus.network.maintenance import Maintenance, Upkeep
from perseus.network.observer import Observer
from perseus.network.payload import InstanceStatus
from perseus.network.states import State
from perseus.network.statusfield import Value
from perseus.network.stopflag import StopFlag

log = logging.getLogger(__name__)


class Instance:
    """Made by `perseus.network.joining.join`; methods are safe from any thread.

    Only `transition`, `wait_valid`, `stop` and those of maintenance block. As a context manager it stops in order, or,
    when an exception passes before it was active, fails the start. Either way the lease is released, its threads ended.
    `ip_sought`: set once nobody looks for the public IP of its host any more.
    """

    def __init__(
        self,
        exchange: Exchange,
        lease: Lease,
        grant: Granted,
        facts: Facts,
        claims: Claims,
        activity: ActivityLog,
        upkeep: Upkeep,
        proof: RestartProof,
        observer: Observer,
        clock: Clock,
        store_clock: StoreClock,
        hard_exit: Callable[[], None],
    ) -> None:
        self.exchange = exchange
        self.instance_id, self.token = lease.instance_id, lease.token
        self.stop_requested, self.stop_reason = StopFlag(), "stop requested"
        self.ip_sought = threading.Event()
        self.status: Callable[[], InstanceStatus] = facts.status
        self._lease, self._facts, self._upkeep = lease, facts, upkeep
        self._claims, self._activity, self._proof = claims, activity, proof
        self._observer, self._clock, self._store_clock = observer, clock, store_clock
        self._downtime_ms = grant.now_ms - grant.death.offline_ms if grant.death else None
        self._moving, self._halted, self._stopped = threading.Lock(), True, False
        self._ended: list[Callable[[], object]] = []
        journaled = facts.status, lambda *error: observer.error_reported(facts.status(), *error), self._fenced
        self._journal = Journal(activity, *journaled, lease.timing.retry, clock, store_clock)
        self._leaving = Leaving(lease, claims, exchange.name, clock)
        self._heartbeat = Heartbeat(lease, claims, facts, self._put_back, clock, store_clock, self._revoked)
        self._announcer = Announcer(lease, facts.status, observer, clock, self.report_error)
        told, ended = self._announcer.tell, self._heartbeat.await_end
        self._warden = Warden(lease, clock, told, lambda: not self._halted, hard_exit, ended)
        if grant.death:
            self._journal.death(grant.death)

    def begin(self) -> None:
        """Start to beat, to watch and to log. `join` calls it, once."""
        self._heartbeat.start()
        self._warden.start()
        self._journal.start()
        self._observer.registered(self.status())

    @property
    def state(self) -> State:
        """The state it is in now."""
        return self._facts.state

    @property
    def revoked_by(self) -> str | None:
        """Who has revoked its lease for another process; None as long as it has not heard of that."""
        return self._lease.revoked_by

    def valid(self) -> bool:
        """May it act for its exchange at this moment? Costs one clock reading."""
        return self._lease.valid(self._clock.elapsed())

    @property
    def is_over(self) -> bool:
        """Can its lease not come back, as far as is known here?"""
        return self._lease.standing(self._clock.elapsed()) is Standing.OVER

    def guard(self) -> None:
        """Raise LeaseLost unless valid. Call before each effect, and give `token` to what you write."""
        now = self._clock.elapsed()
        if not self._lease.valid(now):
            raise LeaseLost(self.exchange.name, self._lease.why_invalid(now), self._lease.taken_by)

    def wait_valid(self, timeout: float | None = None) -> bool:
        """Wait, with all work halted by the caller, until valid. False after `timeout` seconds or when asked to stop.

        Raises LeaseLost once the lease cannot come back.
        """
        self._halted = True
        give_up = None if timeout is None else self._clock.elapsed() + timeout
        while not self.valid():
            if self.is_over:
                self.guard()
            if self.stop_requested.wait(0.05) or (give_up is not None and self._clock.elapsed() >= give_up):
                return False
        self._halted = self.state not in states.AT_WORK
        return True

    def transition(self, to_state: State, reason: str) -> None:
        """Go to another state: event first, then the state, then the payload.

        Raises InvalidTransition; for a state of work LeaseLost, StopRequested, StoreCorrupt (the log is not ours).
        """
        with self._moving:
            states.check(self.exchange.name, self.state, to_state)
            if to_state in states.AT_WORK:
                self._may_work()
            self._move(to_state, reason)

    def set_symbols(self, count: int) -> None:
        """How many symbols the feed carries; in the payload with the next heartbeat. ValueError for no count."""
        self._facts.set_symbols(count)

    def set_ip(self, ip_address: str | None) -> None:
        """The host's public IP, None where it cannot be found; in the payload at once. ValueError for what is none."""
        self._facts.set_ip(ip_address)
        self.ip_sought.set()
        self._heartbeat.ask()

    def set_fields(self, fields: Mapping[str, Value], at_once: bool = False) -> None:
        """Further facts for the card by camelCase name; in the payload with the next heartbeat, or `at_once`.

        A name or value that a card cannot show (`perseus.network.statusfield`) is left out, and logged.
        """
        self._facts.set_fields(fields)
        if at_once:
            self._heartbeat.ask()

    def heard(self, messages: int = 1) -> None:
        """The feed gave messages: stamps its life sign. No I/O, fit for every message; the first is told at once."""
        if messages > 0 and self._facts.heard():
            self._heartbeat.ask()

    def report_error(self, text: str) -> None:
        """Note an error: in the payload at once, in the log at once or with the repeats of its minute. Never raises.

        Text of more than 4,000 characters is cut, and says so.
        """
        text = told(text)
        self._facts.failed(text)
        self._journal.error(text)
        self._heartbeat.ask()

    def maintenance(self, minutes: float, reason: str) -> Maintenance:
        """For so many minutes, going offline and coming back is not told to people. Errors as `Upkeep.announce`."""
        return self._upkeep.announce(minutes, reason)

    def end_maintenance(self) -> bool:
        """End it now; False when there was none. Errors as `Upkeep.end`."""
        return self._upkeep.end()

    def request_stop(self, reason: str, successor: str = "") -> None:
        """Ask the work to end; safe in a signal handler. `successor`: the process that comes before all others then.

        Once a successor is named neither it nor the reason changes any more.
        """
        if not self._leaving.successor:
            self.stop_reason, self._leaving.successor = reason, successor
        self._leaving.asked()
        self.stop_requested.set()

    @property
    def unreleased(self) -> str:
        """Why its lease was not given back, a clause for people; '' where it was, or it has not stopped yet."""
        return self._leaving.unreleased

    def stop(self, reason: str | None = None) -> None:
        """Stop in order: stopping, stopped, lease released, threads ended. Repeating it does nothing."""
        self._finish(reason or self.stop_reason, (State.STOPPING, State.STOPPED))

    def when_ended(self, call: Callable[[], object]) -> None:
        """Have `call()` made by whoever stops it, afterwards; must not raise."""
        self._ended.append(call)

    def fail_start(self, error: BaseException) -> None:
        """Give up a start: error reported, back to idle, lease released, threads ended."""
        text = in_short(error)
        self.report_error(text)
        self._finish(f"start failed: {text}", (State.IDLE,))

    def _move(self, to_state: State, reason: str) -> None:
        from_state = self.state
        written = self._journal.transition(from_state, to_state, reason, self._downtime_ms)
        if to_state in states.AT_WORK:
            # A state of work is not entered before its event is in the log, so that a crash leaves a trace.
            await_written(written, self._may_work)
            self._downtime_ms = None
        else:
            self._leaving.await_log(written)
        self._facts.enter(to_state, self._store_clock.now_ms())
        self._halted = to_state not in (*states.AT_WORK, State.STOPPING)
        is_heard = self._heartbeat.written(self._heartbeat.ask(), self._leaving.with_lease)
        if to_state not in states.AT_WORK and self._leaving.heard(is_heard):
            self._journal.hurry()
        log.info("%s: %s -> %s (%s)", self.exchange.name, from_state, to_state, reason)
        self._observer.state_changed(self.status(), from_state, to_state, reason)

    def _may_work(self) -> None:
        """Raise StopRequested or LeaseLost unless a state of work may be entered."""
        if self.stop_requested.is_set():
            raise StopRequested(self.exchange.name, self.stop_reason)
        self.guard()

    def _finish(self, reason: str, path: tuple[State, ...]) -> None:
        # Before the lock: it ends a transition that waits in another thread for a store that does not answer.
        self.stop_requested.set()
        with self._moving:
            if self._stopped:
                return
            self._stopped = self._announcer.quiet = True
            self._leaving.begin()
            try:
                if self._lease.may_be_released(self._clock.elapsed()):
                    self._walk_and_release(reason, path)
                else:
                    self._leaving.over()
            finally:
                self.end_threads()
        for call in self._ended:
            call()

    def _walk_and_release(self, reason: str, path: tuple[State, ...]) -> None:
        self._journal.tell_repeats()
        for to_state in path:
            if to_state in states.TRANSITIONS[self.state]:
                self._move(to_state, reason)
        self._journal.stop(self._leaving.with_log)
        self._heartbeat.stop(self._leaving.with_lease)
        if self._leaving.is_in_vain:
            self._leaving.failed(self._heartbeat.trouble or "no heartbeat is answered.")
        elif self._leaving.release(reason, self.status().to_json()):
            self._observer.deregistered(self.status(), reason)

    def end_threads(self) -> None:
        """What a stop ends with. A start that was interrupted has nothing else to stop."""
        self._lease.end("the instance has stopped", self._clock.elapsed())
        self._halted = True
        self._journal.stop(self._leaving.with_log)
        self._heartbeat.stop(self._leaving.with_lease)
        self._warden.stop(self._leaving.with_lease)
        for connection in (self._proof, self._claims, self._activity):
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        is_asked = isinstance(error, KeyboardInterrupt) or self.stop_requested.is_set()
        is_end = isinstance(error, LeaseLost | StopRequested) or (is_asked and not isinstance(error, Exception))
        if error is None or is_end:
            self.stop()
        elif self.state in (State.STARTING, State.WARMING):
            self.fail_start(error)
        else:
            text = in_short(error)
            self.report_error(text)
            self.stop(f"failed: {text}")
        return isinstance(error, StopRequested)

    def _put_back(self, absent_ms: int) -> None:
        log.warning("%s: the lease had vanished from the data store and was put back.", self.exchange.name)
        self._journal.put_back(self.state, absent_ms)

    def _revoked(self, by: str) -> None:
        log.warning("%s: its lease was revoked by %s: work stops and the lease is given back.", self.exchange.name, by)
        self.request_stop(f"taken over by {by}")

    def _fenced(self, _: Fenced) -> None:
        self._lease.end("a later lease has written to its log", self._clock.elapsed())
