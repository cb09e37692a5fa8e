"""One round of a drill: two contenders, one fault, and what they wrote down about it."""

from __future__ import annotations

import random
import time
from contextlib import ExitStack

from perseus.drill import faults, spans
from perseus.drill.cable import Cable
from perseus.drill.failover import CannotFailOver, Failover
from perseus.drill.faults import Cut, Fault, Kill, Pause
from perseus.drill.outcome import Outcome, ms
from perseus.drill.runner import GONE, Runner, Told
from perseus.drill.stage import CLOCK, Lookout, Stage

AFTERWARDS = 5.0


def lost(stage: Stage, name: str) -> Outcome:
    """The holder is paused, killed or cut off; the other contender must take over, alone. Raises DrillFailed."""
    with ExitStack() as held:
        cable = held.enter_context(Cable()) if name == faults.CUT else None
        fault = _fault(name, cable)
        first, second, lookout = _opened(stage, held, cable)
        struck_at = CLOCK.elapsed()
        fault.strike(first)
        if second.until_true(lambda: _valid_at(second, struck_at) is not None, stage.patience):
            second.until("claimed", AFTERWARDS)
            second.until_true(lambda: lookout.gone(_instance(first), struck_at) is not None, AFTERWARDS)
        mended_at = CLOCK.elapsed()
        fault.mend(first)
        noticed = first.wait(("halted", "ended"), AFTERWARDS, struck_at) if fault.survives else None
        took_at = _valid_at(second, struck_at)
        return Outcome(
            name,
            _since(struck_at, lookout.gone(_instance(first), struck_at)),
            _since(struck_at, took_at),
            *_together(first, second, took_at, _stopped(fault, struck_at, mended_at)),
            note=_note(fault, first, struck_at, mended_at, noticed),
            wrong=_two(first, second)
            or _none(stage, took_at)
            or _unnoticed(fault.survives, noticed)
            or _token(first, second),
        )


def failed_over(stage: Stage, failover: Failover) -> Outcome:
    """A replica of the store becomes its primary; whoever holds the exchange then must be alone. Raises DrillFailed."""
    with ExitStack() as held:
        first, second, lookout = _opened(stage, held, None)
        try:
            struck_at = failover.strike()
        except CannotFailOver as error:
            return Outcome(faults.FAILOVER, skipped=str(error), owed=error.is_owed)
        is_done = first.until_true(failover.is_done, stage.patience)
        done_at = CLOCK.elapsed() if is_done else None
        second.until_true(lambda: lookout.served(done_at or struck_at) is not None, stage.patience)
        holder = lookout.served(done_at or struck_at)
        kept = holder is not None and holder.instance == _instance(first)
        if holder is not None and not kept:
            second.until_true(lambda: _valid_at(second, struck_at) is not None, stage.patience)
        # One lease longer: whoever was wrong about it by now finds out in this time, and is seen being wrong.
        time.sleep(stage.settings.ttl_seconds)
        replaced_at = _valid_at(second, struck_at)
        noticed = None if replaced_at is None else first.wait(("halted", "ended"), AFTERWARDS, struck_at)
        took_at = (holder.at - holder.age if holder and holder.age is not None else None) if kept else replaced_at
        return Outcome(
            faults.FAILOVER,
            _since(struck_at, done_at),
            _since(struck_at, took_at),
            *_together(first, second, replaced_at),
            note="the first instance kept it" if kept else "the second instance took over",
            wrong=_two(first, second)
            or _unchanged(stage, done_at)
            or _none(stage, took_at)
            or _replaced(first, second, replaced_at, noticed),
        )


def _fault(name: str, cable: Cable | None) -> Fault:
    if cable is not None:
        return Cut(cable)
    return Pause() if name == faults.PAUSE else Kill()


def _opened(stage: Stage, held: ExitStack, cable: Cable | None) -> tuple[Runner, Runner, Lookout]:
    """A holder that is active, one that waits for it, and a reader. At any point between two heartbeats."""
    first = held.enter_context(stage.contender("first", cable.port if cable else None))
    first.until("active", stage.patience)
    second = held.enter_context(stage.contender("second"))
    second.until("waiting", stage.patience)
    lookout = held.enter_context(Lookout(stage))
    time.sleep(random.uniform(0.2, 0.2 + stage.settings.heartbeat_seconds))
    return first, second, lookout


def _instance(runner: Runner) -> str:
    return str(runner.told["claimed"].more["instance"])


def _valid_at(runner: Runner, after: float) -> float | None:
    return spans.first_after(runner.spans()[0], after)


def _since(began: float, at: float | None) -> float | None:
    return None if at is None else max(0.0, at - began)


def _together(
    first: Runner,
    second: Runner,
    took_at: float | None,
    stopped: tuple[float, float] | None = None,
) -> tuple[float, float | None, float]:
    """Overlap, what none of them served in between, and the longest time in which one of them was not asked.

    `stopped`: from when to when the first was paused.
    """
    ends = _end_of(first), _end_of(second)
    (one, one_gap), (other, other_gap) = first.spans(), second.spans()
    last_at = spans.last_of(one)
    unserved = None if took_at is None or last_at is None else max(0.0, took_at - last_at)
    edges = spans.unasked(one, ends[0], stopped), spans.unasked(other, ends[1])
    return spans.overlap(one, other), unserved, max(one_gap, other_gap, *edges)


def _end_of(runner: Runner) -> float:
    """When it said that it ended, or was gone; else now."""
    ended = runner.told.get("ended", runner.told.get(GONE))
    return CLOCK.elapsed() if ended is None else ended.at


def _stopped(fault: Fault, struck_at: float, mended_at: float) -> tuple[float, float] | None:
    return (struck_at, mended_at) if fault.name == faults.PAUSE else None


def _two(first: Runner, second: Runner) -> str | None:
    seconds, _, _ = _together(first, second, None)
    return f"two instances were valid at once, for {seconds * 1000:.1f} ms" if seconds > 0 else None


def _none(stage: Stage, took_at: float | None) -> str | None:
    return f"no instance was valid again within {stage.patience:.0f} s" if took_at is None else None


def _unchanged(stage: Stage, done_at: float | None) -> str | None:
    return f"the store did not fail over within {stage.patience:.0f} s" if done_at is None else None


def _unnoticed(survives: bool, noticed: Told | None) -> str | None:
    is_missing = survives and noticed is None
    return (
        f"the first instance did not notice within {AFTERWARDS:.0f} s that it had lost the exchange"
        if is_missing
        else None
    )


def _replaced(first: Runner, second: Runner, replaced_at: float | None, noticed: Told | None) -> str | None:
    """What a first instance that lost the exchange in a failover, and the second, must show as after any other loss."""
    return None if replaced_at is None else _unnoticed(True, noticed) or _token(first, second)


def _token(first: Runner, second: Runner) -> str | None:
    tokens = [int(runner.told["claimed"].more["token"]) for runner in (first, second)]
    return None if tokens[0] < tokens[1] else "the fencing token of the second instance is not the larger one"


def _note(fault: Fault, first: Runner, struck_at: float, mended_at: float, noticed: Told | None) -> str:
    if noticed is None:
        return ""
    if fault.name == faults.PAUSE:
        how = "ended itself" if noticed.what == GONE else "halted"
        return f"woken beside the second, the first {how} after {ms(max(0.0, noticed.at - mended_at))}"
    ended = spans.last_of(first.spans()[0])
    return "" if ended is None else f"the first stopped by itself {max(0.0, ended - struck_at):.2f} s after the cut"
