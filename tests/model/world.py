"""Virtual time: a queue of moments, processes whose threads are greenlets, and a network that loses and delays.

The real code of a process runs in greenlets. Whenever it would wait, for the store or for time, it switches back to
the queue, and everything that happens meanwhile to others happens first. Nothing sleeps.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from functools import partial
from random import Random
from typing import TypeVar

from greenlet import getcurrent, greenlet

from perseus.errors import StoreUnavailable

Answer = TypeVar("Answer")
TIME_OUT = 2.0
EPOCH_MS = 1_790_000_000_000


class World:
    """`now` in seconds since the start of the schedule. `looked` is called after each thing that happened."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.now = 0.0
        self.looked: Callable[[], None] = lambda: None
        self._queue: list[tuple[float, int, Callable[[], object]]] = []
        self._count = 0

    def at(self, moment: float, act: Callable[[], object]) -> None:
        """Have `act` happen at `moment`, never in the past."""
        self._count += 1
        heapq.heappush(self._queue, (max(moment, self.now), self._count, act))

    def run(self, span: float) -> None:
        """Let time pass."""
        queue = self._queue
        while queue and queue[0][0] <= span:
            self.now, _, act = heapq.heappop(queue)
            act()
            self.looked()

    @property
    def store_us(self) -> int:
        """The store's clock, Unix microseconds."""
        return EPOCH_MS * 1000 + int(self.now * 1_000_000)


class Threads:
    """What runs in one process. A paused one does nothing until it wakes; a dead one never again."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.is_alive = True
        self.paused_until = 0.0
        self._all: list[greenlet] = []
        self._hub = getcurrent()

    def start(self, run: Callable[[], object]) -> None:
        """Begin a thread now."""
        thread = greenlet(run, parent=self._hub)
        self._all.append(thread)
        self.world.at(self.world.now, partial(self.resume, thread.switch))

    def wait(self, until: float) -> None:
        """From within a thread: let the world go on until then, or until the process wakes."""
        self.world.at(until, partial(self.resume, getcurrent().switch))
        self._hub.switch()

    def resume(self, act: Callable[[], object]) -> None:
        """Go on with `act` now, or once the process wakes."""
        if not self.is_alive:
            return
        if self.paused_until > self.world.now:
            later = self.paused_until + self.world.random.random() * 0.001
            self.world.at(later, partial(self.resume, act))
            return
        act()

    def end(self) -> None:
        """The process is gone: SIGKILL, exit, or the warden's hard exit."""
        self.is_alive = False
        for thread in self._all:
            if thread and thread is not getcurrent():
                thread.throw()


class Network:
    """Between the processes and the store. What becomes of a request is drawn when it is sent."""

    def __init__(self, world: World, trouble: float) -> None:
        self._world = world
        self._trouble = trouble
        self.down_until = 0.0
        self.is_frozen = False
        self._cut_until: dict[Threads, float] = {}
        self.late = 0
        self.lost = 0

    def cut(self, threads: Threads, seconds: float) -> None:
        """This process alone does not reach the store."""
        self._cut_until[threads] = self._world.now + seconds

    def ask(self, threads: Threads, apply: Callable[[], Answer]) -> Answer:
        """Send a request, wait for its answer. StoreUnavailable after the time-out: it may be applied all the same."""
        world, random = self._world, self._world.random
        sent_at = world.now
        answer: list[Answer] = []
        applied_at, answered_at = self._fate(sent_at, self._cut_until.get(threads, 0.0))
        if applied_at is not None:
            world.at(applied_at, lambda: self._apply(apply, answer))
        threads.wait(min(answered_at, sent_at + TIME_OUT))
        in_time = answered_at <= sent_at + TIME_OUT
        # On waking after a pause a time-out and an answer may both be there: either may be seen first.
        if answer and answered_at <= world.now and (in_time or random.random() < 0.5):
            return answer[0]
        raise StoreUnavailable("model", "no answer in time")

    def _fate(self, sent_at: float, cut_until: float) -> tuple[float | None, float]:
        """(when it is applied or None for never, when its answer arrives)"""
        random = self._world.random
        never = float("inf")
        reach = random.random() * (1.9 if random.random() < 0.1 else 0.03)
        back = random.random() * (1.9 if random.random() < 0.1 else 0.03)
        if sent_at < cut_until:
            self.lost += 1
            return None, never
        if sent_at < self.down_until:
            self.lost += 1
            return (self.down_until + reach if self.is_frozen else None), never
        if random.random() >= self._trouble:
            return sent_at + reach, sent_at + reach + back
        kind = random.randrange(3)
        self.lost += 1
        if kind == 0:
            return None, never
        if kind == 1:
            return sent_at + reach, never
        self.late += 1
        late = sent_at + TIME_OUT + random.random() * random.choice((3, 30, 90))
        return late, late + back

    def _apply(self, apply: Callable[[], Answer], answer: list[Answer]) -> None:
        if self._world.now >= self.down_until:
            answer.append(apply())
        elif self.is_frozen:
            self._world.at(self.down_until, lambda: self._apply(apply, answer))
