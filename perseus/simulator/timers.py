"""What the simulated exchange does by itself: calls in the order of their times, and of their making within one."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

Call = Callable[[], None]


@dataclass
class Timer:
    """One call to come. `cancel` it when it is no longer wanted."""

    call: Call | None

    def cancel(self) -> None:
        self.call = None


@dataclass
class Timers:
    """`now_ms` is the time of the call that runs, and between calls the time that was last advanced to.

    `speed`: how many times as fast as real time it passes.
    """

    now_ms: int
    speed: Callable[[], float] = lambda: 1.0
    on_earlier: Call | None = None
    _deaf: tuple[int, int] = (0, 0)
    _deaf_ms: int = 0
    _heap: list[tuple[int, int, Timer]] = field(default_factory=list)
    _made: int = 0

    def at(self, due_ms: int, call: Call) -> Timer:
        """Have `call` made once time reaches `due_ms`; one in the past is made at the next advance."""
        timer = Timer(call)
        self._made += 1
        entry = (due_ms, self._made, timer)
        heapq.heappush(self._heap, entry)
        if self.on_earlier and self._heap[0] is entry:
            self.on_earlier()
        return timer

    def after(self, delay_ms: int, call: Call) -> Timer:
        return self.at(self.now_ms + delay_ms, call)

    def at_least(self, delay_ms: int, real_ms: int) -> int:
        """`delay_ms`; at a clock faster than real time what passes in `real_ms` of that, where it is longer."""
        speed = self.speed()
        return max(delay_ms, round(real_ms * speed)) if speed > 1 else delay_ms

    def by(self, delay_ms: int, call: Call) -> None:
        """As `after`, of what a client must have done by then: time in which it could not be heard does not count."""
        listened_ms = self._listened_ms()

        def look() -> None:
            left_ms = delay_ms - (self._listened_ms() - listened_ms)
            if left_ms > 0:
                self.after(left_ms, look)
            else:
                call()

        self.after(delay_ms, look)

    def stood_still(self, until_ms: int) -> None:
        """From the time that was last advanced to until then nobody was heard."""
        start_ms, end_ms = self._deaf
        self._deaf_ms += end_ms - start_ms
        self._deaf = (self.now_ms, max(self.now_ms, until_ms))

    @property
    def is_deaf(self) -> bool:
        """Does what happens now happen while nobody is heard?"""
        return self.now_ms < self._deaf[1]

    def _listened_ms(self) -> int:
        start_ms, end_ms = self._deaf
        return self.now_ms - self._deaf_ms - (min(self.now_ms, end_ms) - min(self.now_ms, start_ms))

    def next_ms(self) -> int | None:
        """When the next call is due; None when there is none."""
        while self._heap and self._heap[0][2].call is None:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def advance(self, to_ms: int) -> None:
        """Make every call that is due at `to_ms`, each at its own time."""
        while (due := self.next_ms()) is not None and due <= to_ms:
            _, _, timer = heapq.heappop(self._heap)
            call, timer.call = timer.call, None
            self.now_ms = max(self.now_ms, due)
            if call:
                call()
        self.now_ms = max(self.now_ms, to_ms)
