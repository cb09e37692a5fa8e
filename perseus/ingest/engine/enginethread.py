"""One life of the engine, on a thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress

CLOSE_SECONDS = 0.9


class EngineThread:
    """Runs `main(self)` until it ends or is closed. `ended`: set then; `error`: why, None after a close."""

    def __init__(self, main: Callable[[EngineThread], Awaitable[None]], name: str) -> None:
        self._main = main
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_closed = False
        self._changed = threading.Condition()
        self.stage = 0
        self.error: BaseException | None = None
        self.ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def reach(self, stage: int) -> None:
        """From within: so far it has come."""
        with self._changed:
            self.stage = stage
            self._changed.notify_all()

    def wake(self) -> None:
        """From within: whoever waits should look again."""
        with self._changed:
            self._changed.notify_all()

    def wait_for(self, is_so: Callable[[], bool], timeout: float | None = None) -> bool:
        """Wait until `is_so()`, the end, or `timeout` seconds. Raises what ended it, unless it was closed."""
        with self._changed:
            self._changed.wait_for(lambda: is_so() or self.ended.is_set(), timeout)
        if self.ended.is_set() and self.error is not None:
            raise self.error
        return is_so()

    def soon(self, act: Callable[[], None]) -> bool:
        """Have `act` called on the loop, from any thread; False when that has ended."""
        loop = self._loop
        if loop is None or self._is_closed or self.ended.is_set():
            return False
        with suppress(RuntimeError):  # the loop has just ended by itself
            loop.call_soon_threadsafe(act)
            return True
        return False

    def close(self) -> None:
        """End it, from any thread, within a second."""
        self._is_closed = True
        loop, task = self._loop, self._task
        if loop is not None and task is not None:
            with suppress(RuntimeError):  # the loop has just ended by itself
                loop.call_soon_threadsafe(task.cancel)
        self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        try:
            with asyncio.Runner() as runner:
                runner.run(self._live())
        except asyncio.CancelledError:
            pass
        except BaseException as error:  # noqa: BLE001  # told to whoever waits for it
            self.error = None if self._is_closed else _only(error)
        finally:
            self.ended.set()
            self.wake()

    async def _live(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        if not self._is_closed:
            await self._main(self)


def _only(error: BaseException) -> BaseException:
    """What a group of tasks failed of, where that is one thing."""
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    return error
