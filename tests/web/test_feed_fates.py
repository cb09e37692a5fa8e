"""What became of older events behind a filter: asked for every ten seconds at most, never at the cost of the page."""

from __future__ import annotations

from collections.abc import Sequence

from perseus.errors import StoreUnavailable
from perseus.network.log.activity import Event
from perseus.network.view.directory import ActivityPage
from perseus.notify.told.fate import Fate
from perseus.web.feed.fates import PAGES_KEPT, PastFates
from perseus.web.feed.filter import FeedFilter
from perseus.web.feed.form import form
from perseus.web.feed.marks import Fates
from perseus.web.feed.part import FeedPart
from tests.conftest import ManualClock
from tests.web.reading import rows
from tests.web.views import COINBASE, NOW, FakeDirectory, app_of, event, view

OLD, NEW = event(COINBASE, NOW - 99_000), event(COINBASE, NOW - 1_000)


class Store:
    """Knows the fate of every event."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.fate = Fate.WAITING
        self.is_away = False

    def __call__(self, events: Sequence[Event]) -> Fates:
        self.asked.append([one.name for one in events])
        if self.is_away:
            raise StoreUnavailable("127.0.0.1:6379", "gone")
        return {one.name: ((self.fate, ("ops",)),) for one in events}


def test_they_are_asked_for_again_after_ten_seconds(clock: ManualClock) -> None:
    store = Store()
    past = PastFates(store, clock)
    assert past.of([OLD])[OLD.name] == ((Fate.WAITING, ("ops",)),)
    store.fate = Fate.SENT
    assert past.of([OLD])[OLD.name][0][0] is Fate.WAITING
    clock.advance(10)
    assert past.of([OLD])[OLD.name][0][0] is Fate.SENT
    assert len(store.asked) == 2


def test_a_silent_store_leaves_what_is_known(clock: ManualClock) -> None:
    store = Store()
    past = PastFates(store, clock)
    known = past.of([OLD])
    store.is_away = True
    clock.advance(10)
    assert past.of([OLD]) == known
    assert past.of([NEW]) == {}


def test_only_so_many_pages_are_remembered(clock: ManualClock) -> None:
    store = Store()
    past = PastFates(store, clock)
    for number in range(PAGES_KEPT + 1):
        past.of([event(COINBASE, NOW - number)])
    past.of([event(COINBASE, NOW)])
    assert len(store.asked) == PAGES_KEPT + 2


def test_the_store_is_asked_only_for_what_the_newest_marks_do_not_know(clock: ManualClock) -> None:
    store, directory = Store(), FakeDirectory(view([], [NEW]))
    directory.pages = {None: ActivityPage((NEW, OLD), None)}
    part = FeedPart(app_of(directory).jinja_env, directory.search, store, clock)
    asked = FeedFilter.of({"exchange": "coinbase"}, ())
    marks: Fates = {NEW.name: ((Fate.SENT, ("mail",)),)}
    shown = rows(part.drawn(directory.shown, asked, form(asked, (COINBASE,), "/network"), marks).html.at(NOW))
    assert store.asked == [[OLD.name]]
    assert ["Sent : mail" in row or "Sent: mail" in row for row in shown] == [True, False]
    assert "Waiting" in shown[1]
