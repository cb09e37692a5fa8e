"""A bound on calls that cannot be bounded from inside: foreign code, name look-ups."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

Answer = TypeVar("Answer")


def begin(name: str, call: Callable[[], Answer]) -> Future[Answer]:
    """Run `call` on a daemon thread called `name`; the future gives its answer, or raises what it raised."""
    future: Future[Answer] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 - handed to whoever asks the future
            future.set_exception(error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future


def call_within(seconds: float, name: str, call: Callable[[], Answer]) -> Answer:
    """The answer of `call`, which runs on a thread called `name`; raises what it raised.

    Raises TimeoutError after `seconds`. The thread is then left behind: Python cannot end it, the process can.
    """
    return begin(name, call).result(timeout=seconds)
