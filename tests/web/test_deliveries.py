"""What became of an event hangs under its row in the feed, and the poll pays nothing for it."""

from __future__ import annotations

from typing import Any

import pytest

from perseus import keys
from perseus.clock import SystemClock
from perseus.network.log.activity import Event
from perseus.store import connect
from perseus.web.app import app
from perseus.web.feed.marks import DeliveryMarks, of_past
from perseus.web.site import Site
from tests.conftest import ManualClock
from tests.web.notified import Notified
from tests.web.reading import HTMX, get, rows
from tests.web.signedin import access_of, signing_in
from tests.web.views import FakeDirectory, event, known_of, live, view


def refreshed(notified: Notified) -> None:
    """As if the thread that follows the histories had had its turn."""
    get(notified.app, "/network/live", **HTMX)
    notified.outbound.marks.refresh()


def feed(notified: Notified) -> list[str]:
    return rows(get(notified.app, "/network/live", **HTMX).text)


def test_every_fate_is_said_in_a_word_with_its_destinations(notified: Notified) -> None:
    for name in ("a", "b", "c", "d", "e", "f"):
        notified.add(name)
    name = notified.happened()
    notified.tried("a", name)
    notified.decided("a", name)
    notified.tried("b", name)
    notified.decided("b", name, "merge", "grouped")
    notified.tried("c", name, outcome="poison")
    notified.decided("c", name)
    notified.decided("d", name, "suppress", "silence")
    notified.decided("e", name, "drop", "no_route")
    refreshed(notified)
    assert feed(notified)[0].endswith("Failed: c Waiting: f Sent: a Merged: b Suppressed: d")


def test_a_mark_follows_what_happens(notified: Notified) -> None:
    notified.add("ops")
    name = notified.happened()
    refreshed(notified)
    assert feed(notified)[0].endswith("Waiting: ops")
    notified.tried("ops", name, outcome="retry")
    refreshed(notified)
    assert feed(notified)[0].endswith("Waiting: ops")
    notified.tried("ops", name)
    notified.decided("ops", name)
    refreshed(notified)
    assert feed(notified)[0].endswith("Sent: ops")


def test_what_was_before_a_destination_began_says_nothing_of_it(notified: Notified) -> None:
    notified.add("ops")
    notified.began("ops", notified.now_ms() + 60_000)
    notified.add("new")
    notified.client.delete(keys.destination("new", "cursor"))
    notified.happened()
    refreshed(notified)
    assert "ops" not in feed(notified)[0]
    assert "new" not in feed(notified)[0]


def test_many_destinations_are_counted_and_not_listed(notified: Notified) -> None:
    for number in range(5):
        notified.add(f"d{number}")
    notified.happened()
    refreshed(notified)
    assert feed(notified)[0].endswith("Waiting: d0, d1, d2 and 2 more")


def test_older_pages_have_marks_too(notified: Notified) -> None:
    notified.add("ops")
    name = notified.happened()
    notified.tried("ops", name)
    notified.decided("ops", name)
    assert rows(get(notified.app, "/network/feed").text)[0].endswith("Sent: ops")


def test_a_row_leads_to_the_page_of_its_event(notified: Notified) -> None:
    name = notified.happened()
    assert f'href="/network/events/{name.replace(":", "%3A")}"' in get(notified.app, "/network").text


def test_a_poll_reads_no_history(notified: Notified, monkeypatch: pytest.MonkeyPatch) -> None:
    notified.add("ops")
    notified.happened()
    refreshed(notified)
    commands: list[Any] = []
    monkeypatch.setattr(
        notified.outbound.client, "pipeline", lambda *_, **__: commands.append(1) or pytest.fail("read")
    )
    marks = notified.outbound.marks.of(())
    assert marks is notified.outbound.marks.of(())
    assert commands == []


def test_unchanged_marks_are_the_same_object_so_that_bodies_are_shared(notified: Notified) -> None:
    notified.add("ops")
    name = notified.happened()
    refreshed(notified)
    marks = notified.outbound.marks
    events = (Event(notified.exchange, name.partition(":")[2], {}),)
    first = marks.of(events)
    marks.refresh()
    assert marks.of(events) is first
    assert name in first
    notified.decided("ops", name, "drop", "no_route")
    marks.refresh()
    assert name not in marks.of(events)


def test_a_shared_body_is_made_anew_when_a_mark_changes(notified: Notified) -> None:
    notified.add("ops")
    name = notified.happened()
    happened = Event(notified.exchange, name.partition(":")[2], event().fields)
    directory = FakeDirectory(view([live()], [happened]))
    shown = signing_in(
        app(Site(directory, directory, known_of(directory), outbound=notified.outbound, access=access_of()))
    )
    before = get(shown, "/network/live", **HTMX).text
    notified.tried("ops", name)
    notified.decided("ops", name)
    notified.outbound.marks.refresh()
    after = get(shown, "/network/live", **HTMX).text
    assert ("Sent" in before, "Sent" in after) == (False, True)


def test_a_history_that_grows_faster_than_one_reading_is_caught_up_with(notified: Notified) -> None:
    notified.add("ops")
    name = notified.happened()
    refreshed(notified)
    for number in range(1_200):
        notified.tried("ops", f"{notified.exchange.name}:1-{number}")
    notified.tried("ops", name)
    notified.settled("ops", name)
    refreshed(notified)
    assert feed(notified)[0].endswith("Sent: ops")


def test_nobody_reads_while_nobody_watches(real_store: str) -> None:
    clock, asked = ManualClock(), list[int]()
    with connect(real_store, timeout=2, name="test") as client:
        marks = DeliveryMarks(client, lambda: asked.append(1) or (), clock)
        assert not marks._follower.is_watched()
        marks.of(())
        assert marks._follower.is_watched()
        clock.advance(15)
        assert not marks._follower.is_watched()


def test_the_thread_reads_for_who_watches_and_ends_when_told(notified: Notified) -> None:
    notified.add("ops")
    name = notified.happened()
    marks = notified.outbound.marks
    marks.start()
    told = (Event(notified.exchange, name.partition(":")[2], {}),)
    give_up = SystemClock().elapsed() + 5
    while not marks.of(told) and SystemClock().elapsed() < give_up:
        marks._follower.stopped.wait(0.02)
    assert marks.of(told)
    marks.stop()
    assert not marks._follower._thread.is_alive()


def test_a_silent_store_leaves_the_marks_as_they_were(notified: Notified, caplog: pytest.LogCaptureFixture) -> None:
    with connect("redis://127.0.0.1:1/0", timeout=0.2, name="test") as client:
        marks = DeliveryMarks(client, lambda: ("ops",), SystemClock())
        marks._follower.read()
        marks._follower.read()
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_no_destination_and_no_event_ask_nothing(notified: Notified) -> None:
    assert of_past(notified.client, (), (event(),)) == {}
    assert of_past(notified.client, ("ops",), ()) == {}


def test_a_history_of_another_type_gives_no_mark(notified: Notified) -> None:
    notified.add("ops")
    notified.client.set(keys.destination("ops", "history"), "junk")
    notified.happened()
    refreshed(notified)
    assert feed(notified)[0].endswith("Waiting: ops")
