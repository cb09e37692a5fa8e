"""One random schedule of misfortunes, drawn from a seed, and what must hold at every instant of it."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from copy import copy
from functools import partial
from itertools import count

from perseus.network.leasing.claims import Gone, Granted, Held, Pending, Renewed, Revocation, Revoked, Taken
from perseus.network.leasing.lease import Lease
from perseus.settings import Settings
from tests.model.process import Host, Process
from tests.model.rules import Rules
from tests.model.scripts import Record, Status
from tests.model.takeovers import Takeovers, target_of
from tests.model.world import Network, World

SPAN = 240.0
LAG = 40.0
SETTINGS = {settle: Settings(settle_seconds=settle) for settle in (0.0, 10.0)}


class Violation(AssertionError):
    """What may never be, with all that is needed to see it again."""


class Schedule:
    """`run` raises Violation. `with_loss`: the store may be emptied, or fail over and forget its last writes."""

    def __init__(
        self, seed: int, with_loss: bool, rules: Rules, counts: Counter[str], log: list[str] | None = None
    ) -> None:
        self.seed = seed
        self.with_loss = with_loss
        self.rules = rules
        self.world = World(seed)
        random = self.world.random
        self.settings = SETTINGS[random.choice((0.0, 0.0, 10.0))]
        self.store = rules.store(45_000, round(self.settings.settle_seconds * 1000))
        self.store.has_replicas = with_loss
        self.network = Network(self.world, random.choice((0.0, 0.0, 0.05, 0.2, 0.5)))
        self.processes: dict[int, Process] = {}
        self._counts = counts
        self._log = log
        self._names = count(1)
        self._takeovers = Takeovers(self, self._fail)
        self._largest_granted = 0
        self._largest_used = 0
        self.is_lost = False
        self._heard: deque[tuple[float, Status | None, Record | None]] = deque()
        self._places = random.choice((2, 2, 3))
        shared = Host(random.random() * 1e6)
        self._hosts = [shared, shared if random.random() < 0.2 else Host(random.random() * 1e6), Host(5.0)]
        self.world.looked = self._check

    def count(self, what: str) -> None:
        """Note that something happened, to show that the schedules do what they are for."""
        self._counts[what] += 1
        if self._log is not None:
            self._log.append(f"{self.world.now:9.3f}  {what}")

    def run(self) -> None:
        """Live through the whole schedule."""
        self._draw()
        self.world.run(SPAN)
        self.count("schedules")
        self._counts["lost requests and replies"] += self.network.lost
        self._counts["late requests"] += self.network.late
        self.end()

    def end(self) -> None:
        """Let go of every thread."""
        for process in self.processes.values():
            process.threads.end()

    def _draw(self) -> None:
        for place in range(self._places):
            self.world.at(self.world.random.random() * 5, partial(self._start, place))
        self._takeovers.draw(self._places)
        if not self.with_loss:
            self._draw_misfortunes()
        elif self.world.random.random() < 0.5:
            self._draw_misfortunes()
            self._draw_losses(1, 4, 45)
        else:
            self._draw_losses(2, 5, 25)

    def _draw_misfortunes(self) -> None:
        random, at = self.world.random, self._at
        for _ in range(random.randrange(7)):
            at("pauses", partial(Process.pause, seconds=random.random() * random.choice((5, 20, 60, 120))))
        for _ in range(random.randrange(4)):
            at("cuts", partial(Process.cut_off, seconds=random.random() * 60))
        for _ in range(random.randrange(4)):
            at("kills", partial(Process.end, wait=random.random() * random.choice((0.5, 30))))
        for _ in range(random.randrange(4)):
            at("stops", Process.stop)
        for _ in range(random.choice((0, 0, 1, 2))):
            self.world.at(random.random() * SPAN, partial(self._go_down, random.random() * random.choice((3, 20, 60))))
        if random.random() < 0.3:
            self.world.at(random.random() * SPAN, self._evict)

    def _at(self, what: str, act: Callable[[Process], object]) -> None:
        self.world.at(self.world.random.random() * SPAN, partial(self._befall, what, act))

    def _draw_losses(self, least: int, most: int, gap: float) -> None:
        """In bursts. The worst are those that a holder does not hear of until shortly before its deadline."""
        random = self.world.random
        at = random.random() * SPAN / 2
        for _ in range(random.randint(least, most)):
            self.world.at(at, self._lose if random.random() < 0.5 else partial(self._fail_over, random.random() * LAG))
            for _ in range(random.randrange(3)):
                seconds = random.choice((random.random() * 70, 15 + random.random() * 25))
                cut = partial(Process.cut_off, seconds=seconds)
                self.world.at(at - 3 + random.random() * 10, partial(self._befall, "cuts", cut))
            at += random.random() * gap

    # What befalls.

    def _start(self, place: int) -> None:
        if place in self.processes and self.processes[place].threads.is_alive:
            return
        name = f"p{next(self._names)}"
        self.count("starts")
        leave = partial(self._restart, place)
        self.processes[place] = Process(self, self._hosts[place], name, leave, target_of(place))

    def begin_soon(self, place: int) -> None:
        """Somebody wants this place to have the exchange."""
        if place not in self.processes or not self.processes[place].threads.is_alive:
            self._restart(place, self.world.random.random())

    def _restart(self, place: int, wait: float) -> None:
        self.world.at(self.world.now + wait, partial(self._start, place))

    def _befall(self, what: str, act: Callable[[Process], object]) -> None:
        """Mostly the holder: to the others little can happen."""
        random = self.world.random
        living = [process for process in self.processes.values() if process.threads.is_alive]
        holders = [process for process in living if process.lease is not None]
        if living:
            victim = random.choice(holders if holders and random.random() < 0.8 else living)
            self.count(what)
            self._note(f"befell {victim.name}")
            act(victim)

    def _go_down(self, seconds: float) -> None:
        self.count("outages")
        self.network.down_until = max(self.network.down_until, self.world.now + seconds)
        self.network.is_frozen = self.world.random.random() < 0.5

    def _evict(self) -> None:
        if self.store.status is not None:
            self.count("evictions")
            self.store.status = None

    def _lose(self) -> None:
        self.count("store losses")
        self.is_lost = True
        self.store.lose()
        self.store.has_replicas = True
        self._hurry()

    def _fail_over(self, lag: float) -> None:
        """To a replica that has heard what was written until `lag` seconds ago, and may be restarted at once."""
        self.count("failovers")
        self.is_lost = True
        while len(self._heard) > 1 and self._heard[1][0] <= self.world.now - lag:
            self._heard.popleft()
        status, last = self._heard[0][1:] if self._heard else (None, None)
        self._counts["claims forgotten"] += self.store.status is not None and (
            last is None or last.token != self.store.status.token
        )
        self.store.promote(copy(status), copy(last), f"after {self.world.now}")
        if last is not None and self.world.random.random() < 0.5:
            self.count("restarts of a promoted replica")
            self.store.restart(f"restarted {self.world.now}")
        self._heard.clear()
        self._hear()
        self._hurry()

    def _hear(self) -> None:
        """What a replica may know when it is promoted."""
        self._heard.append((self.world.now, copy(self.store.status), copy(self.store.last)))
        while self._heard[0][0] < self.world.now - 2 * LAG and len(self._heard) > 1:
            self._heard.popleft()

    def _hurry(self) -> None:
        """Who is down starts again just then."""
        for place, process in self.processes.items():
            if not process.threads.is_alive and self.world.random.random() < 0.7:
                self._restart(place, self.world.random.random() * 2)

    # What the store does when a request gets there.

    def applied_acquire(self, nonce: str, instance_id: str, previous: str, target: str) -> Granted | Held | Pending:
        before = copy(self.store.last)
        unclosed = before.token if before is not None and not before.is_closed else None
        answer = self.store.acquire(self.world.store_us, nonce, instance_id, previous, "", target)
        self._hear()
        self._note(f"acquire by {instance_id} -> {type(answer).__name__}")
        if isinstance(answer, Granted) and answer.token != unclosed:
            self._check_grant(answer, unclosed)
            self._takeovers.granted(before, answer, target)
        return answer

    def applied_renew(
        self, nonce: str, instance_id: str, token: str, until: int | None
    ) -> Renewed | Taken | Gone | Revoked:
        before = self.store.last
        is_released = before is not None and before.is_closed and before.token == token
        is_revoked = before is not None and before.is_revoked and before.token == token
        answer = self.store.renew(self.world.store_us // 1000, nonce, instance_id, token, "", until)
        self._hear()
        self._note(f"renew by {instance_id} -> {type(answer).__name__}")
        self._counts[type(answer).__name__] += 1
        if isinstance(answer, Renewed) and answer.put_back:
            self.count("put back")
        if isinstance(answer, Renewed) and is_released:
            self._fail("a released lease came back")
        if isinstance(answer, Renewed) and is_revoked:
            self._fail("a revoked lease was renewed")
        return answer

    def applied_revoke(self, token: str, by: str, successor: str) -> Revocation | None:
        answer = self.store.revoke(self.world.store_us // 1000, token, by, successor)
        self._hear()
        self._note(f"revoke for {successor} -> {answer}")
        return answer

    def applied_release(self, nonce: str, instance_id: str, token: str, reason: str, successor: str) -> bool:
        now_ms, was_closed = self.world.store_us // 1000, self.store.last is None or self.store.last.is_closed
        is_released = self.store.release(now_ms, nonce, instance_id, token, reason, "", successor)
        self._hear()
        if is_released and not was_closed and self.store.last is not None:
            self._takeovers.released(self.store.last.heir or "", now_ms)
        self._note(f"release by {instance_id} -> {is_released}")
        self._counts["releases"] += is_released
        return is_released

    # What must hold.

    def _check_grant(self, grant: Granted, unclosed: str | None) -> None:
        """Tokens grow, also across a loss; a lease that nobody released is told to the next claimant."""
        self.count("grants")
        if int(grant.token) <= self._largest_granted:
            self._fail(f"token {grant.token} after {self._largest_granted}")
        self._largest_granted = int(grant.token)
        if (grant.death.token if grant.death else None) != unclosed:
            self._fail(f"the lease {unclosed} was not released, and the next claimant was told {grant.death}")
        last = self.store.last
        if last is None or last.is_closed or last.token != grant.token:
            self._fail("a lease was granted and the last record does not show it")
        if unclosed is not None:
            self._counts["deaths told"] += 1

    def _check(self) -> None:
        """At every instant: nobody works beside a valid holder, whose token is the largest and backed by the store."""
        working = valid = None
        for process in self.processes.values():
            if process.lease is None or not process.threads.is_alive:
                continue
            if process.lease.valid(process.elapsed()):
                if valid is not None:
                    self._fail(f"{valid.name} and {process.name} are both valid")
                valid = process
            elif process.busy_until > self.world.now:
                working = process
        if valid is not None and valid.lease is not None:
            if working is not None:
                self._fail(f"{working.name} still works while {valid.name} is valid")
            self._check_holder(valid.name, valid.lease)

    def _check_holder(self, name: str, lease: Lease) -> None:
        if int(lease.token) < self._largest_used:
            self._fail(f"{name} acts with token {lease.token} after {self._largest_used}")
        self._largest_used = int(lease.token)
        last = self.store.last
        is_backed = last is not None and last.token == lease.token and not last.is_closed
        if not self.is_lost and not (is_backed and self.world.store_us // 1000 < last.until_ms):  # type: ignore[union-attr]
            self._fail(f"{name} acts and its lease has ended in the store")

    def _note(self, text: str) -> None:
        if self._log is not None:
            self._log.append(f"{self.world.now:9.3f}  {text}")

    def _fail(self, text: str) -> None:
        loss, option = ("with", " --with-loss") if self.with_loss else ("without", "")
        where = f"seed {self.seed} {loss} store loss, at {self.world.now:.3f} s"
        raise Violation(f"{where}: {text}. See it again: python -m tests.model {self.seed}{option}")
