"""The flag that a signal handler may raise, whatever the interrupted thread was doing."""

from __future__ import annotations

import signal
import threading
from types import FrameType

from perseus.network.stopflag import StopFlag


def test_everybody_who_waits_is_woken() -> None:
    flag = StopFlag()
    woken: list[bool] = []
    waiting = [threading.Thread(target=lambda: woken.append(flag.wait(10))) for _ in range(4)]
    for thread in waiting:
        thread.start()
    flag.set()
    for thread in waiting:
        thread.join(10)
    assert woken == [True] * 4
    assert flag.is_set()
    assert flag.wait() is True


def test_waiting_gives_up_when_its_time_is_over() -> None:
    assert StopFlag().wait(0.01) is False


def test_a_signal_handler_may_set_it_while_the_same_thread_waits() -> None:
    flag = StopFlag()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        flag.set()

    earlier = signal.signal(signal.SIGALRM, on_signal)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        assert flag.wait(10) is True
    finally:
        signal.signal(signal.SIGALRM, earlier)
