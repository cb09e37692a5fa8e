"""An asyncio loop whose time jumps to the next timer when nothing is ready: days of waiting in milliseconds.

Nothing in it depends on how fast the machine is, so what runs on it with a seeded `random.Random` runs the same every
time. Sockets and threads have no place on it: while a thread works, time would run away.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from typing import Any, TypeVar

Result = TypeVar("Result")

BEGIN = 1_000.0
"""The loop's first `time()`: not 0, so that no test passes because a moment was taken for "never"."""


class Stuck(AssertionError):
    """Raised when nothing is ready and no timer is set, or when virtual time has reached its end."""


class _JumpingSelector(selectors.SelectSelector):
    """Waits for nothing: what would have been waited is added to `now`.

    It looks at files only where nothing else is due: no socket has a place here, and a look at each turn is dear.
    """

    def __init__(self, end: float) -> None:
        super().__init__()
        self.now = BEGIN
        self._end = end

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            if events := super().select(0):
                return events
            raise Stuck("Every task waits for another and no timer is set: nothing can happen any more.")
        self.now += timeout
        if self.now > self._end:
            raise Stuck(f"Still not done after {self._end - BEGIN:.0f} s of virtual time.")
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """`longest`: seconds of virtual time after which `Stuck` is raised."""

    def __init__(self, longest: float = 30 * 86_400.0) -> None:
        self._jumping = _JumpingSelector(BEGIN + longest)
        super().__init__(self._jumping)
        self._clock_resolution = 1e-6
        self.failures: list[BaseException] = []
        self.set_exception_handler(self._keep)

    def time(self) -> float:
        return self._jumping.now

    def run_in_executor(self, executor: Executor | None, func: Callable[..., Any], *args: Any) -> Any:
        raise AssertionError(f"{func} on a thread: virtual time does not wait for threads.")

    def stall(self, seconds: float) -> None:
        """Let time pass while nothing of the loop can run, as a long synchronous call does."""
        self._jumping.now += seconds

    def _keep(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.failures.append(context.get("exception") or AssertionError(context["message"]))


def run(main: Callable[[], Awaitable[Result]], longest: float = 30 * 86_400.0) -> Result:
    """What `main()` returns, run on a loop of its own. What a forgotten task raised is raised here."""

    async def whole() -> Result:
        return await main()

    loop = VirtualLoop(longest)
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        result = runner.run(whole())
    if loop.failures:
        raise loop.failures[0]
    return result
