"""The hooks for web workers, by a plugin as its author would write it. More: tests/web/test_extensions.py."""

from __future__ import annotations

import time
from collections.abc import Iterator
from importlib.metadata import EntryPoint

import pytest
from flask import Flask

from perseus.network.view.directory import Condition
from perseus.pluginhost.manager import UI, load
from perseus.web.extensions import Extensions
from tests.web.reading import card, get
from tests.web.views import BINANCE, COINBASE, FakeDirectory, app_of, gone, live, view

RUNBOOK = EntryPoint("runbook", "tests.plugins.examples.runbook", UI)
DIRECTORY = FakeDirectory(view([live(COINBASE), gone(Condition.OFFLINE, BINANCE)]))


@pytest.fixture
def app() -> Iterator[Flask]:
    extensions = Extensions(load(UI, entry_points=[RUNBOOK]))
    yield app_of(DIRECTORY, extensions=extensions)
    extensions.close(1)


def card_with(app: Flask, exchange_id: int, said: str) -> str:
    """The card, once it says that: a viewer does not wait for a plugin."""
    give_up = time.monotonic() + 10
    while True:
        found = card(get(app, "/network").text, exchange_id)
        if said in found or time.monotonic() > give_up:
            return found
        time.sleep(0.01)


def test_hook_perseus_register_blueprints_mounts_pages_below_the_plugins_name(app: Flask) -> None:
    assert "Call whoever serves kraken." in get(app, "/-/plugins/runbook/kraken").text


def test_hook_perseus_nav_links_adds_to_the_bar(app: Flask) -> None:
    assert '<a href="/-/plugins/runbook/">Runbook</a>' in get(app, "/network").text


def test_hook_perseus_card_fragments_adds_facts_to_the_cards_it_chooses(app: Flask) -> None:
    fragment = '<a class="tag tag-plain" href="/-/plugins/runbook/binance">see the runbook</a>'
    assert fragment in card_with(app, BINANCE.id, fragment)
    assert "see the runbook" not in card_with(app, COINBASE.id, 'class="button"')


def test_hook_perseus_card_actions_adds_buttons(app: Flask) -> None:
    button = '<a class="button" href="/-/plugins/runbook/coinbase">Runbook</a>'
    assert button in card_with(app, COINBASE.id, button)
