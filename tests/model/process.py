"""One ingest process of the model: the real Claimant, Heartbeat, Warden and Lease on virtual time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from perseus.errors import LeasePending, LeaseRefused, StoreUnavailable
from perseus.network.exchange import Exchange
from perseus.network.identity import Identity
from perseus.network.joining import Claimant
from perseus.network.leasing.heartbeat import Heartbeat
from perseus.network.leasing.lease import Lease
from perseus.network.leasing.warden import Warden
from tests.model.client import VirtualClient
from tests.model.world import EPOCH_MS, Threads

if TYPE_CHECKING:
    from tests.model.schedule import Schedule

EXCHANGE = Exchange(4, "kraken", "Kraken")
TICK = 0.5


class Host:
    """A machine: its clock since boot, and the file by which a restart proves itself."""

    def __init__(self, boot: float) -> None:
        self.boot = boot
        self.nonce: str | None = None
        self.locked_by: Process | None = None


class Process:
    """From start to end; `left(seconds)` is called with the wait before the next one on this place."""

    def __init__(
        self, schedule: Schedule, host: Host, name: str, left: Callable[[float], None], target: str = ""
    ) -> None:
        self.schedule = schedule
        self.world = schedule.world
        self.name, self.target = name, target
        self.threads = Threads(schedule.world)
        self.lease: Lease | None = None
        self.busy_until = 0.0
        self._host = host
        self._left = left
        self._heartbeat: VirtualHeartbeat | None = None
        self._warden: Warden | None = None
        self._owns_proof = host.locked_by is None
        if self._owns_proof:
            host.locked_by = self
        self.previous = host.nonce if self._owns_proof or schedule.rules.believes_hosts else None
        self._slept = 0.0
        self.threads.start(self._live)

    # What the real code asks of its clock, its restart proof and its observer.

    def elapsed(self) -> float:
        return self._host.boot + self.world.now - self._slept

    def wall_ms(self) -> int:
        return EPOCH_MS + round(self.world.now * 1000)

    def keep(self, nonce: str) -> None:
        if self._owns_proof:
            self._host.nonce = nonce

    def refused(self, exchange: Exchange, holder: object) -> None:
        """LeaseRefused follows."""

    # Its life.

    def _live(self) -> None:
        random = self.world.random
        client = VirtualClient(self.schedule, self.threads)
        try:
            settings, identity = self.schedule.settings, Identity(self.name)
            claimant = Claimant(EXCHANGE, settings, client, identity, self, self.target)  # type: ignore[arg-type]
            lease, _ = claimant.claim(self, self, self._pause)  # type: ignore[arg-type]
        except LeaseRefused as error:
            left = max(0.0, error.holder.seconds_left)
            return self._leave(left + random.random() if random.random() < 0.4 else 3 + random.random() * 25)
        except LeasePending as error:
            return self._leave(error.wait_ms / 1000 + random.random() * 0.1)
        except StoreUnavailable:
            return self._leave(1 + random.random() * 5)
        self.lease = lease
        self.world.at(self._moment(lease.valid_from), lambda: None)
        self._heartbeat = VirtualHeartbeat(self, lease, client, claimant)
        self._warden = Warden(lease, self, lambda *_: None, lambda: self.busy_until > self.world.now, self._hard_exit)
        self.world.at(self.world.now + random.random() * 10, self._work)
        self._heartbeat._run()
        if lease.end_reason is not None and not self._heartbeat.is_asked_to_stop:
            self._look_at(self.world.now + lease.timing.stop)
            if lease.revoked_by is not None:
                self.schedule.count("revoked holders")
                self.stop()
                return None
            self.world.at(self.world.now + 3 + random.random() * 8, lambda: self.end(1 + random.random() * 5))
        return None

    def _pause(self, seconds: float) -> None:
        self.threads.wait(self.world.now + seconds)

    def _leave(self, wait: float) -> None:
        self.world.at(self.world.now, lambda: self.end(wait))

    def _moment(self, elapsed: float) -> float:
        """The world's time of one of this host's."""
        return elapsed - self._host.boot

    def _work(self) -> None:
        """One piece of work: begun while valid, not interrupted by itself, ended by the warden if it takes too long."""
        if not self.threads.is_alive or self.lease is None:
            return
        random = self.world.random
        is_awake = self.threads.paused_until <= self.world.now and self.busy_until <= self.world.now
        is_stopping = self._heartbeat is not None and self._heartbeat.is_asked_to_stop
        if is_awake and not is_stopping and self.lease.valid(self.elapsed()):
            self.busy_until = self.world.now + random.random() * random.choice((1, 4, 30))
            self._look_at(self._moment(self.lease.deadline) + self.lease.timing.stop)
        self.world.at(self.world.now + 2 + random.random() * 20, self._work)

    def _look_at(self, moment: float) -> None:
        """Have the warden look at `moment`, late by up to its tick, and again as long as there is work."""
        self.world.at(moment + self.world.random.random() * TICK, lambda: self.threads.resume(self._look))

    def _look(self) -> None:
        assert self._warden is not None
        assert self.lease is not None
        self._warden.look()
        if self.threads.is_alive and self.busy_until > self.world.now:
            self._look_at(max(self.world.now + TICK, self._moment(self.lease.deadline) + self.lease.timing.stop))

    def _hard_exit(self) -> None:
        self.schedule.count("hard exits")
        self.end(1 + self.world.random.random() * 10)

    # What befalls it.

    def end(self, wait: float) -> None:
        """It is gone without another word; the next one starts after `wait` seconds."""
        if not self.threads.is_alive:
            return
        self.threads.end()
        if self._owns_proof:
            self._host.locked_by = None
        self._left(wait)

    def pause(self, seconds: float) -> None:
        """GC, SIGSTOP or suspend: nothing of it runs, its host's clock goes on. Work under way is spoilt by it."""
        self.threads.paused_until = max(self.threads.paused_until, self.world.now + seconds)
        if self.schedule.rules.forgets_sleep:
            self._slept += seconds
        self.busy_until = min(self.busy_until, self.world.now)

    def cut_off(self, seconds: float) -> None:
        """It runs and does not reach the store."""
        self.schedule.network.cut(self.threads, seconds)

    def stop(self, successor: str = "") -> None:
        """Ask it to stop in order, and to name who shall be next."""
        if self._heartbeat is not None and self.lease is not None and not self._heartbeat.is_asked_to_stop:
            self._heartbeat.is_asked_to_stop = True
            self.threads.start(partial(self._release, successor))

    def _release(self, successor: str) -> None:
        """The end of `Instance.stop`, step by step; `test_sequence.py` holds it to that."""
        assert self.lease is not None
        lease = self.lease
        self.threads.wait(self.busy_until)
        self.threads.wait(self.world.now + self.world.random.random())
        if lease.may_be_released(self.elapsed()):
            self.schedule.rules.before_release(lease, self.elapsed())
            claims = VirtualClient(self.schedule, self.threads)
            for _ in range(2):
                try:
                    claims.release(lease.nonce, lease.instance_id, lease.token, "stopped", "", successor)
                    break
                except StoreUnavailable:
                    continue
        lease.end("the instance has stopped", self.elapsed())
        self._leave(self.world.random.random() * 10)


class VirtualHeartbeat(Heartbeat):
    """The real one, waiting in virtual time."""

    def __init__(self, process: Process, lease: Lease, client: VirtualClient, claimant: Claimant) -> None:
        super().__init__(lease, client, claimant.facts, lambda _: None, process, claimant.store_clock)
        self._process = process
        self.is_asked_to_stop = False

    def _wait(self, due: float) -> bool:
        process = self._process
        moment = due - process._host.boot
        if self._answered and process.world.random.random() < 0.1:  # a state changed: the payload is written at once
            moment = process.world.now + process.world.random.random() * max(0.0, moment - process.world.now)
        process.threads.wait(moment)
        return not self.is_asked_to_stop
