"""SIGTERM and SIGINT before, during and after the claim; a stop that takes too long."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import cast

import pytest

from perseus.errors import StopRequested
from perseus.ingest.signals import SIGNALS, StopSignals
from perseus.network.instance import Instance


class Asked:
    """The side of an instance that hears of a stop."""

    def __init__(self) -> None:
        self.reasons: list[str] = []
        self.stopped: list[str] = []
        self.heard = threading.Event()

    def request_stop(self, reason: str) -> None:
        self.reasons.append(reason)
        self.heard.set()

    def stop(self, reason: str) -> None:
        self.stopped.append(reason)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_a_pause_before_the_claim(number: signal.Signals) -> None:
    with StopSignals("kraken", 600) as signals:
        os.kill(os.getpid(), number)
        began = time.monotonic()
        with pytest.raises(StopRequested, match=f"kraken was asked to stop: {number.name}"):
            signals.pause(30)
    assert time.monotonic() - began < 5


def test_a_signal_reaches_the_instance_whether_it_comes_before_or_after_the_claim() -> None:
    for is_before in (True, False):
        asked = Asked()
        with StopSignals("kraken", 600) as signals:
            if is_before:
                os.kill(os.getpid(), signal.SIGTERM)
                with pytest.raises(StopRequested):
                    signals.pause(30)
            signals.pass_to(cast("Instance", asked))
            if not is_before:
                os.kill(os.getpid(), signal.SIGTERM)
            assert asked.heard.wait(5)
        assert asked.reasons == ["SIGTERM"]


def test_a_pause_without_a_signal_just_passes() -> None:
    with StopSignals("kraken", 600) as signals:
        signals.pause(0.001)


def test_earlier_handlers_are_put_back() -> None:
    earlier = [signal.getsignal(number) for number in SIGNALS]
    with StopSignals("kraken", 600):
        assert [signal.getsignal(number) for number in SIGNALS] != earlier
    assert [signal.getsignal(number) for number in SIGNALS] == earlier


def test_a_stop_that_takes_too_long_is_cut_short(caplog: pytest.LogCaptureFixture) -> None:
    ended = threading.Event()
    with StopSignals("kraken", 0.05, ended.set):
        os.kill(os.getpid(), signal.SIGTERM)
        assert ended.wait(5)
    assert caplog.messages == ["kraken has not stopped within 0.05 s and is ended."]


def test_a_stop_that_takes_too_long_releases_the_lease_and_says_why(caplog: pytest.LogCaptureFixture) -> None:
    asked, ended = Asked(), threading.Event()
    with StopSignals("kraken", 0.5, ended.set) as signals:
        signals.pass_to(cast("Instance", asked))
        began = time.monotonic()
        signals.ask("SIGTERM")
        assert time.monotonic() - began < 0.5
    assert ended.is_set()
    (reason,) = asked.stopped
    assert reason == "SIGTERM: its feed or a plugin hangs, the work has not ended within 0.4 s"
    assert reason in caplog.text


def test_a_release_that_hangs_too_does_not_keep_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, ended, release = Asked(), threading.Event(), threading.Event()
    monkeypatch.setattr(asked, "stop", lambda _: release.wait(30))
    with StopSignals("kraken", 0.1, ended.set) as signals:
        signals.pass_to(cast("Instance", asked))
        signals.ask("SIGTERM")
    release.set()
    assert ended.is_set()


def test_a_stop_in_time_is_not() -> None:
    ended = threading.Event()
    signals = StopSignals("kraken", 600, ended.set)
    with signals:
        asker = threading.Thread(target=signals.ask, args=("SIGTERM",))
        asker.start()
    asker.join(5)
    assert not asker.is_alive()
    assert not ended.is_set()


def test_in_another_thread_signals_are_left_to_the_main_one() -> None:
    seen = []

    def enter() -> None:
        with StopSignals("kraken", 600):
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGTERM)]
