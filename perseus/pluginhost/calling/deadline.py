"""A bound on calls that cannot be bounded from inside: foreign code, name look-ups."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from typing import TypeVar

from perseus.beside import beside
from perseus.pluginhost.calling.boundary import Breakout

Answer = TypeVar("Answer")


class TookTooLong(TimeoutError):
    """Raised for a call that has not come back in time; a TimeoutError of the call itself stays what it is."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no answer within {seconds:g} s")
        self.seconds = seconds


def begin(name: str, call: Callable[[], Answer]) -> Future[Answer]:
    """Run `call` on a daemon thread called `name`; the future gives its answer, or raises what it raised.

    A KeyboardInterrupt or SystemExit of the call is a Breakout, so that it is not taken for one of the caller's.
    """
    future: Future[Answer] = Future()

    def run() -> None:
        try:
            answer = call()
        except BaseException as error:  # noqa: BLE001 - handed to whoever asks the future
            future.set_exception(error if isinstance(error, Exception) else Breakout(error))
        else:
            future.set_result(answer)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future


def call_within(seconds: float, name: str, call: Callable[[], Answer]) -> Answer:
    """The answer of `call`, which runs on a thread called `name`; raises what it raised.

    Raises TookTooLong after `seconds`. The thread is then left behind: Python cannot end it, the process can.
    """
    return result_by(begin(name, call), seconds)


def result_by(future: Future[Answer], seconds: float) -> Answer:
    """What the future gives. Raises TookTooLong when that takes more than `seconds`."""
    if not wait([future], timeout=seconds).done:
        raise TookTooLong(seconds)
    return future.result()


@contextmanager
def told_while(seconds: float, tell: Callable[[float], object]) -> Iterator[None]:
    """While the code inside runs, call `tell(seconds since it began)` every `seconds`, on a thread of its own."""
    began = time.monotonic()

    def run(ended: threading.Event) -> None:
        while not ended.wait(seconds):
            tell(time.monotonic() - began)

    with beside("told-while", run):
        yield
