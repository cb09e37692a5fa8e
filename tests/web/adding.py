"""The polled part of the network page, with plugins of a shelf that add to its cards."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from perseus.network.view.directory import ExchangeStatus
from perseus.pluginhost.manager import UI, load
from perseus.web.extensions import Extensions
from tests.conftest import ManualClock
from tests.plugins.shelf import Shelf
from tests.web.reading import HTMX, card, card_words, get
from tests.web.views import COINBASE, FakeDirectory, app_of, live, view

ANSWERING = """
from perseus import CardAction, Fragment

answers = {}

@hookimpl
def perseus_card_fragments(status, slot):
    calls.put((status.exchange.name, slot))
    answer = answers.get(slot)
    return answer() if callable(answer) else answer

@hookimpl
def perseus_card_actions(status):
    calls.put((status.exchange.name, "actions"))
    return answers.get("actions")
"""


class Page:
    """The polled part, with the plugins of a shelf and a clock that a test moves."""

    def __init__(self, shelf: Shelf, clock: ManualClock) -> None:
        self.shelf = shelf
        self.clock = clock
        self.directory = FakeDirectory(view([live()]))
        self.extensions = Extensions(load(UI, shelf.entries), elapsed=clock.elapsed)
        self.app = app_of(self.directory, extensions=self.extensions)

    def show(self, *statuses: ExchangeStatus) -> None:
        """From now on the network is like this."""
        self.directory.shown = view(statuses)

    def card(self, exchange_id: int = COINBASE.id) -> str:
        return card(get(self.app, "/network/live", **HTMX).text, exchange_id)

    def words(self, exchange_id: int = COINBASE.id) -> str:
        return card_words(get(self.app, "/network/live", **HTMX).text, exchange_id)

    def settled(self) -> None:
        """Look, and let every plugin finish what it was asked."""
        self.words()
        for contributor in self.extensions._contributors:
            done = threading.Event()
            contributor._lane.put(done.set)
            assert done.wait(10)
        self.directory.shown = view(self.directory.shown.exchanges)


@pytest.fixture
def page(shelf: Shelf, clock: ManualClock) -> Iterator[Callable[[], Page]]:
    made: list[Page] = []

    def make() -> Page:
        made.append(Page(shelf, clock))
        return made[-1]

    yield make
    for one in made:
        one.extensions.close(0)


def asked(shelf: Shelf, name: str) -> list[tuple[str, str]]:
    calls = shelf.module(name).calls
    return [calls.get_nowait() for _ in range(calls.qsize())]


def answer(shelf: Shelf, name: str, **answers: object) -> None:
    shelf.module(name).answers.update(answers)
