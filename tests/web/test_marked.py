"""Parts of the page bear a mark of what they say, so that a browser leaves alone what it has."""

from __future__ import annotations

import re

import pytest
from markupsafe import Markup

from perseus.web.network.marked import marked
from tests.web.reading import card, get
from tests.web.views import KRAKEN, NOW, FakeDirectory, app_of, live, view

LAST = "2026-11-21T14:03:19.000Z"
MARK = re.compile(r'data-drawn="([0-9a-f]{12})"')


def marks(page: str) -> list[str]:
    return [MARK.findall(card(page, number))[0] for number in (1, 4)]


def test_the_first_element_bears_the_mark_and_nothing_else_changes() -> None:
    html = Markup('\n<article class="card"><p>a &amp; b</p></article>')
    made = marked(html)
    assert made == marked(str(html))
    assert MARK.findall(made.html) == [made.mark]
    assert re.sub(' data-drawn="[^"]+"', "", made.html) == str(html)
    assert made.html.startswith('\n<article class="card" data-drawn=')


def test_the_shell_is_the_same_element_with_the_same_mark_and_nothing_in_it() -> None:
    made = marked('\n<article class="card" id="card-1"><p>a</p></article>\n\n')
    assert made.shell == f'\n<article class="card" id="card-1" data-drawn="{made.mark}"></article>\n\n'


def test_what_is_no_element_cannot_be_marked() -> None:
    with pytest.raises(ValueError, match="no element"):
        marked("text")


def test_half_a_character_does_not_break_it() -> None:
    assert MARK.search(marked("<p>\udcff</p>").html)


def test_a_card_keeps_its_mark_while_only_time_passes_and_gets_another_with_its_facts() -> None:
    directory = FakeDirectory(view([live(), live(KRAKEN)]))
    app = app_of(directory)
    before = marks(get(app, "/network").text)
    directory.shown = view([live(beat_ms=5_000, last_heartbeat=LAST), live(KRAKEN, symbol_count=7)], now=NOW + 2_000)
    after = marks(get(app, "/network").text)
    assert after[0] == before[0]
    assert after[1] != before[1]
