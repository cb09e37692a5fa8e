"""Where foreign code ends: what it raises to end a process costs its own call only."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from perseus.errors import in_short


class Breakout(Exception):
    """Stands for what foreign code raised to end a process or its task: SystemExit, CancelledError and their like."""

    def __init__(self, raised: BaseException) -> None:
        super().__init__(in_short(raised))
        self.raised = raised


@contextmanager
def contained() -> Iterator[None]:
    """Any exception out of the code inside is an Exception. Only GeneratorExit passes as it is."""
    try:
        yield
    except (Exception, GeneratorExit):
        raise
    except BaseException as error:
        raise Breakout(error) from error


def is_interrupt(error: BaseException) -> bool:
    """Is it the Ctrl-C of a person, which Python raises in the main thread alone?"""
    return isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread()


def said(error: BaseException) -> str:
    """One line with the kind of what was raised, the inner one of a Breakout."""
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg}"  # its text adds file and line, which are told in our own way
    return in_short(error.raised if isinstance(error, Breakout) else error)
