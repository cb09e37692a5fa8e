"""Rounds of a drill with real processes: each fault is survived, and a fault in the lease itself would be seen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest

from perseus import keys
from perseus.drill import faults, rounds
from perseus.drill.outcome import Outcome
from perseus.drill.practice import PRACTICE_ID
from perseus.drill.runner import GONE, DrillFailed, Runner, Told
from perseus.drill.stage import Lookout, Stage
from perseus.store import Client
from tests.instances import events, eventually, moves

LEASE = 2.4


@pytest.mark.parametrize("fault", [faults.PAUSE, faults.KILL, faults.CUT])
def test_a_holder_that_is_lost_is_replaced_after_its_lease_and_never_works_beside_the_next(
    stage: Stage, client: Client, fault: str
) -> None:
    outcome = rounds.lost(stage, fault)
    assert outcome.wrong is None
    assert outcome.overlap == 0
    assert outcome.is_sharp
    assert measured(outcome)
    assert moves(client, stage.exchange)[:4] == [
        "idle>starting",
        "starting>warming",
        "warming>active",
        "active>offline",
    ]
    tokens = [int(event["fencingToken"]) for event in events(client, stage.exchange)]
    assert tokens == sorted(tokens)
    assert len(set(tokens)) == 2


def measured(outcome: Outcome) -> bool:
    """A lease was at most so old at the fault; and nobody sees its end before it ends."""
    assert outcome.detected is not None
    assert outcome.takeover is not None
    return LEASE - 0.9 < outcome.detected < LEASE + 2 and outcome.detected - 0.2 < outcome.takeover < LEASE + 4


def test_two_that_are_valid_at_once_are_seen(stage: Stage, client: Client) -> None:
    """Somebody deletes the keys of a lease whose holder cannot hear of it: what docs/lease.md says not to do."""
    status, last = keys.status(PRACTICE_ID), keys.last_record(PRACTICE_ID)

    def delete_once_silent() -> None:
        eventually(lambda: 0 < client.pttl(status) < 1_600, 20)
        client.delete(status, last)

    hand = threading.Thread(target=delete_once_silent)
    hand.start()
    outcome = rounds.lost(stage, faults.CUT)
    hand.join()
    assert outcome.overlap is not None
    assert outcome.overlap > 0
    assert outcome.wrong is not None
    assert outcome.wrong.startswith("two instances were valid at once")


def test_a_holder_that_cannot_be_replaced_is_told(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stage, "patience", 2.0)
    monkeypatch.setattr(faults.Kill, "strike", lambda *_: None)
    outcome = rounds.lost(stage, faults.KILL)
    assert outcome.wrong == "no instance was valid again within 2 s"
    assert outcome.takeover is None


def test_an_exchange_that_another_holds_ends_the_drill_with_who_it_is(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stage.contender("other") as other:
        other.until("active", stage.patience)
        monkeypatch.setattr(Stage, "patience", 1.5)
        with pytest.raises(DrillFailed, match="first instance was not active within 2 s. drill:practice is held by"):
            rounds.lost(stage, faults.KILL)


def test_no_process_outlives_its_block_whatever_was_done_to_it(stage: Stage) -> None:
    with stage.contender("first") as first:
        first.until("active", stage.patience)
        first.signal(signal.SIGSTOP)
        pid = first._process.pid
        assert is_alive(pid)
    assert not is_alive(pid)


def test_one_that_is_gone_is_so_from_its_end_on_and_not_from_when_somebody_looks(stage: Stage) -> None:
    with stage.contender("first") as first:
        first.until("ready", stage.patience)
        first.signal(signal.SIGKILL)
        eventually(lambda: GONE in first.told)
        seen_at = rounds.CLOCK.elapsed()
        told = first.wait(("ended",), 5)
        assert told is not None
        assert told.what == GONE
        assert rounds._end_of(first) == told.at <= seen_at


PARENT = """
import os, signal, sys
from perseus.drill.practice import practice
from perseus.drill.stage import Stage
from perseus.settings import Settings
from pathlib import Path
settings = Settings.from_environment()
stage = Stage(practice(), settings, sys.argv[1], None, Path(sys.argv[2]))
with stage.contender("first") as first:
    first.until("active", 20)
    first.signal(signal.SIGSTOP)
    print(first._process.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_paused_contender_ends_with_a_drill_that_is_killed(stage: Stage) -> None:
    names = ("heartbeat", "ttl", "margin", "stop", "retry", "store_timeout", "store_wait")
    times = {f"PERSEUS_{name}_SECONDS".upper(): str(getattr(stage.settings, f"{name}_seconds")) for name in names}
    command = [sys.executable, "-c", PARENT, stage.url, str(stage.folder)]
    with subprocess.Popen(command, env={**os.environ, **times}, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert parent.wait(10) == -signal.SIGKILL
    eventually(lambda: not is_alive(pid), 5)


def is_alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def test_a_contender_that_gets_no_turn_is_not_measured_closely_enough(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a busy machine would have it: a process that stands still, while the drill knows of no reason."""
    monkeypatch.setattr(rounds, "_stopped", lambda *_: None)
    outcome = rounds.lost(stage, faults.PAUSE)
    assert outcome.wrong is None
    assert outcome.unsure is not None
    assert not outcome.is_sound


class Moved:
    """A failover in which the first instance is paused for longer than its lease."""

    def __init__(self, first: list[Runner]) -> None:
        self._first = first

    def strike(self) -> float:
        began = rounds.CLOCK.elapsed()
        self._first[0].signal(signal.SIGSTOP)
        return began

    def is_done(self) -> bool:
        return True


def test_a_failover_after_which_the_first_goes_on_unaware_is_told(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Runner] = []
    real = Stage.contender

    def contender(self: Stage, name: str, cable: int | None = None) -> Runner:
        started.append(real(self, name, cable))
        return started[-1]

    monkeypatch.setattr(Stage, "contender", contender)
    monkeypatch.setattr(rounds, "AFTERWARDS", 0.5)
    outcome = rounds.failed_over(stage, Moved(started))
    assert outcome.wrong == "the first instance did not notice within 0 s that it had lost the exchange"
    first, second = started
    halted = Told(0.0, "halted", {})
    assert rounds._replaced(first, second, 1.0, halted) is None
    assert rounds._replaced(first, second, None, None) is None
    second.told["claimed"] = first.told["claimed"]
    wrong = "the fencing token of the second instance is not the larger one"
    assert rounds._replaced(first, second, 1.0, halted) == wrong


def test_a_reader_sees_who_serves_and_when_it_is_gone(stage: Stage) -> None:
    with stage.contender("first") as first, Lookout(stage) as lookout:
        first.until("active", stage.patience)
        instance = first.told["claimed"].more["instance"]
        eventually(lambda: lookout.seen and lookout.seen[-1].instance == instance)
        began = time.clock_gettime(time.CLOCK_BOOTTIME)
        assert lookout.gone(instance, began) is None
        served = eventually(lambda: lookout.served(began))
        assert served.instance == instance
