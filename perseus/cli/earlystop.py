"""A stop that is asked for before a command has begun, or while it waits: it holds nothing to give back.

Imported before all else by the command line, so it imports next to nothing.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from threading import Event

TICK_SECONDS: Final = 0.1
NUMBERS: Final = (signal.SIGTERM, signal.SIGINT)
#: They run until they are told to end, so an end is what was asked for.
LASTING: Final = frozenset(("ingest", "web", "dispatch", "up", "receive", "simulate"))
#: They write nothing that must be put in order.
ENDED_AT_ONCE: Final = "doctor"
#: They give back what they took, as after Ctrl-C.
UNWOUND: Final = frozenset(("init", "drill"))
#: What the program `perseus` and `python -m perseus` have for a name.
PROGRAMS: Final = ("perseus", os.path.join("perseus", "__main__.py"))


class Stopped(KeyboardInterrupt):
    """Raised in the main thread by a signal that asks for the end. `number`: which."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.number = number


def begin(argv: Sequence[str]) -> None:
    """From the first import on: a signal ends the program `argv` without a traceback. No other program is touched.

    Nor is garbage looked for before `perseus.cli.loaded`: all that imports make stays, and the search takes a third.
    """
    if os.path.basename(argv[0]) == PROGRAMS[0] or argv[0].endswith(PROGRAMS[1]):
        gc.disable()
        words = [word for word in argv[1:] if not word.startswith("-")]
        _handle(_leave if words and words[0] in LASTING else _give_up)


def install() -> None:
    """From now on SIGTERM and SIGINT end this process with 0, until it has handlers of its own. In the main thread.

    A start may wait long for a store or a database that hangs.
    """
    _handle(_leave)


def hand_over(command: str) -> None:
    """The command begins, and is no start that waits: from now on a signal does to it what it can bear."""
    if command in UNWOUND:
        _handle(_unwind)
    elif command != ENDED_AT_ONCE and signal.getsignal(signal.SIGINT) in (_leave, _give_up):
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def code(error: KeyboardInterrupt) -> int:
    """The exit code of a command that was stopped before it had done what it was asked for; says so on stderr."""
    number = error.number if isinstance(error, Stopped) else signal.SIGINT
    _say(number)
    return 128 + number


@contextmanager
def while_blocked(numbers: Collection[signal.Signals]) -> Iterator[None]:
    """As `install` inside, for signals that all threads block because somebody will wait for them afterwards."""
    from perseus.beside import beside  # threading, not before it is needed

    def look(ended: Event) -> None:
        while not ended.is_set():
            came = signal.sigtimedwait(numbers, TICK_SECONDS)
            if came is not None:
                _leave(came.si_signo)

    with beside("early stop", look):
        yield


def _handle(handler: Callable[[int, FrameType | None], None]) -> None:
    for number in NUMBERS:
        # Who started us in the background has SIGINT ignored.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _leave(number: int, _: FrameType | None = None) -> None:
    # The interrupted thread may be in the middle of writing a line, or of importing this.
    with suppress(RuntimeError, AttributeError, KeyError):
        log = sys.modules["logging"].getLogger(__name__)
        log.info("stopped as asked while it started: %s", signal.Signals(number).name)
    os._exit(0)


def _give_up(number: int, _: FrameType | None = None) -> None:
    _say(number)
    os._exit(128 + number)


def _unwind(number: int, _: FrameType | None = None) -> None:
    raise Stopped(number)


def _say(number: int) -> None:
    # Not by way of a stream: the interrupted thread may be writing to it.
    said = f"perseus: stopped by {signal.Signals(number).name} before it was done.\n"
    with suppress(OSError):
        os.write(2, said.encode())
