"""A store that stalled has taken an event that it did not confirm: nothing is lost, and nothing is said to be."""

from __future__ import annotations

from uuid import uuid4

import pytest

from perseus import keys
from perseus.errors import StoreUnavailable
from perseus.network.leasing.lease import Timing
from perseus.network.log.activity import ERROR, ActivityLog, Entry, Written
from perseus.network.log.continuity import Continuity
from perseus.store import Client
from tests.conftest import KRAKEN, ManualClock
from tests.instances import events

TIMING = Timing(heartbeat=15.0, ttl=45.0, margin=10.0, stop=5.0, retry=2.5)
LOST = "has lost events that it had confirmed"


@pytest.fixture
def whole(client: Client, clock: ManualClock) -> Continuity:
    """A log whose first event was confirmed."""
    whole = Continuity(client, KRAKEN, 1_000, TIMING, clock)
    whole.append(entry("first"))
    return whole


def entry(text: str) -> Entry:
    return Entry(ERROR, uuid4().hex, "7", {"error": text})


def stall(monkeypatch: pytest.MonkeyPatch, *, is_taken: bool) -> None:
    """The answer to the next write is lost, or the write itself."""

    def write(self: ActivityLog, one: Entry, **more: object) -> Written:
        monkeypatch.undo()
        if is_taken:
            self.write(one, **more)  # type: ignore[arg-type]
        raise StoreUnavailable("here", "it did not answer in time")

    monkeypatch.setattr(ActivityLog, "write", write)


@pytest.mark.parametrize("is_taken", [True, False])
def test_an_event_that_was_not_confirmed_is_no_loss_of_those_that_were(
    whole: Continuity,
    client: Client,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    is_taken: bool,
) -> None:
    second = entry("second")
    stall(monkeypatch, is_taken=is_taken)
    with pytest.raises(StoreUnavailable):
        whole.append(second)
    clock.advance(TIMING.heartbeat)
    whole.look_after(clock.elapsed())
    whole.append(second)
    whole.append(entry("third"))
    assert [event["error"] for event in events(client)] == ["first", "second", "third"]
    assert LOST not in caplog.text


def test_what_is_lost_while_an_event_waits_is_written_again_and_said(
    whole: Continuity,
    client: Client,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    second = entry("second")
    stall(monkeypatch, is_taken=True)
    with pytest.raises(StoreUnavailable):
        whole.append(second)
    client.delete(keys.activity(KRAKEN.name), keys.activity_meta(KRAKEN.name))
    clock.advance(TIMING.heartbeat)
    whole.look_after(clock.elapsed())
    whole.append(second)
    assert [event["error"] for event in events(client)] == ["first", "second"]
    assert caplog.text.count(LOST) == 1
    assert "confirmed. The one that is remembered here is written again." in caplog.text


@pytest.mark.parametrize(
    ("more", "passed", "said"),
    [
        (0, 2 * TIMING.ttl + 1, "None of the last minutes is remembered here."),
        (1, 0.0, "2 that are remembered here are written again."),
    ],
)
def test_how_many_are_written_again_is_told_as_it_is(
    whole: Continuity,
    client: Client,
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
    more: int,
    passed: float,
    said: str,
) -> None:
    for _ in range(more):
        whole.append(entry("another"))
    clock.advance(passed)
    whole.look_after(clock.elapsed())
    client.delete(keys.activity(KRAKEN.name), keys.activity_meta(KRAKEN.name))
    whole.append(entry("last"))
    assert f"confirmed. {said}" in caplog.text
