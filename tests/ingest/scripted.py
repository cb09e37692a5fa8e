"""A feed that does what a test says, and tells what was asked of it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any

from perseus.network.instance import Instance
from perseus.warmup.stats import Stats

Step = int | BaseException | Callable[[], int]


class ScriptedFeed:
    """`receive` gives what the test puts into `messages`: a number, an exception to raise, or something to call.

    `asked` holds the calls in order, each with the state that the instance was in.
    """

    name = "scripted"

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.symbols: list[str] = ["A", "B"]
        self.messages: queue.Queue[Step] = queue.Queue()
        self.asked: queue.Queue[tuple[str, str]] = queue.Queue()
        self.failing: dict[str, BaseException] = {}
        self.blocking: set[str] = set()
        self.closed = threading.Event()
        self.warmup_stats: Stats | None = None

    def connect(self) -> None:
        self.closed.clear()
        self._asked("connect")

    def warm(self) -> None:
        self._asked("warm")

    def receive(self, timeout: float) -> int:
        try:
            step = self.messages.get(timeout=min(timeout, 0.02))
        except queue.Empty:
            return 0
        self._asked("receive")
        if isinstance(step, BaseException):
            raise step
        return step if isinstance(step, int) else step()

    def close(self) -> None:
        self.closed.set()

    def block(self) -> int:
        """As a call that only `close` ends."""
        self.closed.wait(30)
        raise ConnectionAbortedError("closed while reading")

    def _asked(self, what: str) -> None:
        self.asked.put((what, self.instance.state.value))
        if what in self.blocking:
            self.block()
        if what in self.failing:
            raise self.failing.pop(what)

    def next(self, timeout: float = 10) -> tuple[str, str]:
        try:
            return self.asked.get(timeout=timeout)
        except queue.Empty:
            raise AssertionError(f"the feed was asked for nothing within {timeout} s") from None


class Running:
    """Some work on a thread of its own; `ended` gives what it raised, None when it returned."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001 - the test asks for it
            self._error = error

    def ended(self, timeout: float = 10) -> BaseException | None:
        self._thread.join(timeout)
        assert not self._thread.is_alive(), "the work has not ended"
        return self._error
