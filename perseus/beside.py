"""Work on a thread of its own for as long as a block lasts. Imports next to nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def beside(name: str, work: Callable[[threading.Event], object]) -> Iterator[None]:
    """While the code inside runs, `work(ended)` does too, on a daemon thread called `name`.

    It returns once `ended` is set, and the block ends when it has.
    """
    ended = threading.Event()
    thread = threading.Thread(target=work, args=(ended,), name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
